"""Loss and accuracy of an epoch, summed where the batches are."""

import torch


class EpochTally:
    """Sums of loss and hits that stay on the device until read.

    Parameters
    ----------
    device : str or torch.device
    """

    def __init__(self, device):
        exact = torch.float32 if torch.device(device).type == "mps" else torch.float64
        self.loss_sum = torch.zeros((), dtype=exact, device=device)
        self.n_correct = torch.zeros((), dtype=torch.int64, device=device)
        self.n_images = 0

    def add(self, step, batch):
        """Count one batch: ``step`` holds its mean ``loss`` and its logits ``y_pred``, ``batch`` images and codes."""
        # no .item() here: it would stall the device once per batch
        codes = batch[1].to(self.n_correct.device)
        self.loss_sum += step["loss"].detach().to(self.loss_sum.dtype) * len(codes)
        if codes.ndim > 1:
            codes = codes.argmax(1)
        self.n_correct += (step["y_pred"].detach().argmax(1) == codes).sum()
        self.n_images += len(codes)

    def read(self):
        """Mean loss (nats) and share of hits; the one read from the device in an epoch."""
        loss_sum, n_correct = torch.stack([self.loss_sum, self.n_correct.to(self.loss_sum.dtype)]).tolist()
        return loss_sum / self.n_images, n_correct / self.n_images
