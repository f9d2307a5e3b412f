"""Batches by permutation and lookup."""

import torch


class Batch(tuple):
    """One batch: the pair (images, codes) that skorch expects, with the sample weights beside it."""

    weights = None

    @classmethod
    def of(cls, images, codes, weights):
        """Make a batch of images (b, c, h, w), codes (b,) and weights (b,) or None."""
        batch = cls((images, torch.zeros(len(images), device=images.device) if codes is None else codes))
        batch.weights = weights
        return batch


class BatchIterator:
    """Iterate over an `ImageDataset` in batches; takes the place of a ``DataLoader``.

    Parameters
    ----------
    dataset : ImageDataset
    batch_size : int
        Images in a batch; -1 or more than there are means all of them.
    device : torch.device
        Where batches go when the dataset does not lie there already.
    shuffle : bool
        Whether to permute the images anew in each pass. A last batch of a single image then joins the one before it:
        batch normalization has no spread to learn from one image.
    """

    def __init__(self, dataset, batch_size, device, shuffle=False):
        self.dataset = dataset
        self.batch_size = len(dataset) if batch_size == -1 else min(batch_size, len(dataset))
        self.device = torch.device(device)
        self.shuffle = shuffle
        self.generator = None  # set for each epoch, so that an epoch's order depends on nothing but its number

    def __len__(self):
        return len(self._bounds())

    def __iter__(self):
        where = self.dataset.rows.device
        if self.shuffle:
            order = torch.randperm(len(self.dataset), generator=self.generator).to(where)
        else:
            order = torch.arange(len(self.dataset), device=where)
        for start, stop in self._bounds():
            batch = self.dataset.gather(order[start:stop])
            if where != self.device:
                batch = [None if part is None else part.to(self.device, non_blocking=True) for part in batch]
            yield Batch.of(*batch)

    def _bounds(self):
        n, size = len(self.dataset), self.batch_size
        bounds = [(start, min(start + size, n)) for start in range(0, n, size)]
        if self.shuffle and len(bounds) > 1 and size > 1 and n % size == 1:
            bounds[-2:] = [(bounds[-2][0], n)]
        return bounds
