"""Batches by permutation and lookup."""

import itertools

import torch

from skimgcls.training._augment_batch import augment_batch
from skimgcls.training._balanced_sampling import BalancedSampling
from skimgcls.training._streamed_rows import read_ahead


class Batch(tuple):
    """One batch: the pair (images, codes) that skorch expects, with what the loss needs beside it.

    Attributes
    ----------
    weights : tensor (b,) or None
        Sample weights.
    targets : tensor (b, n_classes) or None
        Probabilities where labels were mixed; the codes are then the largest of them.
    """

    weights = targets = None

    @classmethod
    def of(cls, images, codes, weights):
        """Make a batch of images (b, c, h, w), weights (b,) or None, and codes (b,), probabilities (b, k) or None."""
        targets = codes if codes is not None and codes.ndim > 1 else None
        if codes is None:
            codes = torch.zeros(len(images), device=images.device)
        batch = cls((images, codes if targets is None else targets.argmax(1)))
        batch.weights, batch.targets = weights, targets
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
    augmentation : Augmentation or None
        Applied to each batch on ``device``.
    n_classes : int or None
        Columns of the targets of an augmentation that mixes labels.
    sampling : str or None
        Which images a shuffled pass draws, see `BalancedSampling`. None draws all.

    Attributes
    ----------
    generator, augment_generator : torch.Generator or None
        Of the order and of the augmentation; set for each epoch, so that it depends on nothing but its number.
    """

    def __init__(self, dataset, batch_size, device, shuffle=False, augmentation=None, n_classes=None, sampling=None):
        self.dataset = dataset
        self.sampling = sampling if shuffle else None
        self._sampler = BalancedSampling(dataset.codes, sampling) if self.sampling else None
        self.n_images = len(dataset if self._sampler is None else self._sampler)
        self.batch_size = self.n_images if batch_size == -1 else min(batch_size, self.n_images)
        self.device = torch.device(device)
        self.shuffle = shuffle
        self.augmentation = augmentation
        self.n_classes = n_classes
        self.generator = None
        self.augment_generator = None

    def __len__(self):
        return len(self._bounds())

    def __iter__(self):
        order = None
        if self.shuffle:
            order = self._draw().to(self.dataset.rows.device)
        for batch in self._look_up(order):
            if batch[0].device != self.device:
                batch = [None if part is None else self._send(part) for part in batch]
            if self.augmentation is not None:
                batch = augment_batch(
                    self.augmentation, *batch, n_classes=self.n_classes, generator=self.augment_generator
                )
            yield Batch.of(*batch)

    def _draw(self):
        if self._sampler is None:
            return torch.randperm(self.n_images, generator=self.generator)
        return self._sampler.draw(self.generator)

    def _look_up(self, order):
        if order is None:
            look_up, which = self.dataset.slice, self._bounds()
        else:
            look_up, which = self.dataset.gather, ((order[start:stop],) for start, stop in self._bounds())
        return read_ahead(look_up, which) if self.dataset.is_streamed else itertools.starmap(look_up, which)

    def _send(self, part):
        # from pinned memory the copy runs beside the computation of the batch before
        part = part.pin_memory() if self.device.type == "cuda" and part.device.type == "cpu" else part
        return part.to(self.device, non_blocking=True)

    def _bounds(self):
        n, size = self.n_images, self.batch_size
        bounds = [(start, min(start + size, n)) for start in range(0, n, size)]
        if self.shuffle and len(bounds) > 1 and size > 1 and n % size == 1:
            bounds[-2:] = [(bounds[-2][0], n)]
        return bounds
