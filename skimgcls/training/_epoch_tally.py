"""Loss and accuracy of an epoch, kept where the batches are."""

import torch


class EpochTally:
    """Losses and hits of an epoch's batches, which stay on the device until read."""

    def __init__(self):
        self._losses, self._hits, self._sizes = [], [], []

    def add(self, step, batch):
        """Count one batch: ``step`` holds its mean ``loss`` and its logits ``y_pred``, ``batch`` images and codes."""
        # no .item() here: it would stall the device once per batch
        logits = step["y_pred"].detach()
        codes = batch[1].to(logits.device)
        self._losses.append(step["loss"].detach())
        self._hits.append((logits.argmax(1) == codes).sum())
        self._sizes.append(len(codes))

    def read(self):
        """Mean loss (nats) and share of hits; the one read from the device in an epoch."""
        n = sum(self._sizes)
        exact = torch.float32 if self._losses[0].device.type == "mps" else torch.float64
        losses, hits = torch.stack([torch.stack(values).to(exact) for values in (self._losses, self._hits)]).tolist()
        return sum(loss * size for loss, size in zip(losses, self._sizes, strict=True)) / n, sum(hits) / n
