"""Images as one tensor of rows, indexed and never copied."""

import itertools
import math
import threading

import numpy as np
import torch
from skorch.dataset import Dataset
from torch.utils.data import Subset

from skimgcls.training._streamed_rows import StreamedRows, read_ahead

_CHUNK_BYTES = 2**18
_BLOCK_BYTES = 2**22  # of streamed images read together
_SHARE_OF_FREE_MEMORY = 0.5  # the rest is for weights, activations and whoever else is on the device
_SENDING = threading.Lock()  # or two threads would send the same rows


class ImageDataset(Dataset):
    """Images, class codes and weights as whole tensors, read through an optional index.

    A batch is a lookup of rows (`gather`), not a collation of items. As a ``skorch.dataset.Dataset`` it serves every
    skorch callback too.

    Parameters
    ----------
    rows : tensor (n, h * w * c) or StreamedRows
        Bytes or floats, as the layout says; in memory, or mapped from a file. Never written to.
    layout : ImageLayout
        How a row is an image.
    codes : tensor (m,) of int64, or None
        Class of each image as a number from 0.
    weights : tensor (m,) or None
        Weight of each image, mean 1; None weighs all the same.
    index : tensor (m,) of int64, or None
        The rows that belong to this dataset, so that a split copies no image. None is all of them, m = n.
    """

    def __init__(self, rows, layout, codes=None, weights=None, index=None):
        self.rows = rows
        self.layout = layout
        self.codes = codes
        self.weights = weights
        self.index = index
        self._copies = {}  # of the rows, by device
        self._known = {}  # about the images, whatever their labels

    @classmethod
    def from_arrays(cls, rows, layout, codes=None, weights=None):
        """Build a dataset on the memory of numpy arrays."""
        return cls(
            tensor_view(rows),
            layout,
            None if codes is None else torch.from_numpy(codes),
            None if weights is None else torch.from_numpy(weights),
        )

    def __len__(self):
        return len(self.rows if self.index is None else self.index)

    def __getitem__(self, i):
        images, codes, _ = self.gather(torch.as_tensor([i], device=self.rows.device))
        return images[0], 0 if codes is None else codes[0]

    @property
    def is_streamed(self):
        """Whether rows are read when they are looked up, so that it is better done ahead."""
        return isinstance(self.rows, StreamedRows)

    @property
    def X(self):
        """Images (n, c, h, w), for skorch callbacks that score without a cache."""
        return self.gather(torch.arange(len(self), device=self.rows.device))[0]

    @property
    def y(self):
        """Class codes (n,)."""
        return self.gather(torch.arange(len(self), device=self.rows.device))[1]

    def to(self, device):
        """Put everything on a device, if it fits; else it stays, and an iterator sends batch after batch.

        The rows go there once, also for what shares them (`subset`, `labelled`).
        """
        device = torch.device(device)
        if device == self.rows.device or self.is_streamed:
            return self
        with _SENDING:
            if device not in self._copies:
                if device.type == "cuda":
                    free, _ = torch.cuda.mem_get_info(device)
                    if self.rows.nbytes > free * _SHARE_OF_FREE_MEMORY:
                        return self
                self._copies[device] = self.rows.to(device)
        labels = (None if t is None else t.to(device) for t in (self.codes, self.weights, self.index))
        return ImageDataset(self._copies[device], self.layout, *labels)

    def subset(self, positions):
        """View some of the images; weights are brought to mean 1 over them."""
        positions = torch.as_tensor(positions, device=self.rows.device)
        index, codes, weights = (
            None if labels is None else labels.index_select(0, positions)
            for labels in (self.index, self.codes, self.weights)
        )
        if weights is not None:
            weights /= weights.mean()
        subset = ImageDataset(self.rows, self.layout, codes, weights, positions if index is None else index)
        subset._copies = self._copies
        return subset

    def labelled(self, codes, weights=None):
        """View the same images with labels; what was found out about them is shared."""
        codes, weights = (
            None if values is None else torch.as_tensor(values, device=self.rows.device) for values in (codes, weights)
        )
        dataset = ImageDataset(self.rows, self.layout, codes, weights, self.index)
        dataset._copies, dataset._known = self._copies, self._known
        return dataset

    def __getstate__(self):
        return vars(self) | {"_copies": {}}

    def gather(self, positions):
        """Look up one batch: images (b, c, h, w), codes (b,) and weights (b,), the last two None where there are
        none."""
        rows = positions if self.index is None else self.index.index_select(0, positions)
        images = self.layout.as_images(self.rows.index_select(0, rows))  # (b, h*w*c) -> (b, c, h, w)
        codes = None if self.codes is None else self.codes.index_select(0, positions)
        weights = None if self.weights is None else self.weights.index_select(0, positions)
        return images, codes, weights

    def slice(self, start, stop):
        """Look up a batch as `gather` does, of images that stand side by side; without an index it is a view."""
        rows = self.rows[start:stop] if self.index is None else self.rows.index_select(0, self.index[start:stop])
        codes = None if self.codes is None else self.codes[start:stop]
        weights = None if self.weights is None else self.weights[start:stop]
        return self.layout.as_images(rows), codes, weights

    @property
    def maximum(self):
        """Largest value of all images."""
        if "maximum" not in self._known:
            in_chunks = self.index is not None or self.is_streamed
            parts = (images for images, _, _ in self._chunks(_CHUNK_BYTES)) if in_chunks else [self.rows]
            maximum = -math.inf
            for part in parts:
                maximum = max(maximum, float(part.max()))
                if maximum == 255 and self.rows.dtype == torch.uint8:
                    break  # there is no larger byte
            self._known["maximum"] = maximum
        return self._known["maximum"]

    def moments(self, chunk_bytes=_CHUNK_BYTES):
        """Weighted mean and standard deviation of each channel.

        Parameters
        ----------
        chunk_bytes : int
            Of float64 images looked at together; more than the processor's cache holds is up to ten times slower.

        Returns
        -------
        mean, std : tensor (c,) of float64 on the CPU
            A channel without spread gets a standard deviation of 1.
        """
        if self.weights is not None:
            return self._weighted_moments(chunk_bytes)
        key = "moments", chunk_bytes
        if key not in self._known:
            of_bytes = self.rows.dtype == torch.uint8 and self.layout.channels == 1
            self._known[key] = (self._moments_of_bytes if of_bytes else self._weighted_moments)(chunk_bytes)
        return self._known[key]

    def _chunks(self, chunk_bytes):
        chunk = max(1, chunk_bytes // (8 * self.layout.n_features))
        if not self.is_streamed:
            for start in range(0, len(self), chunk):
                yield self.slice(start, min(start + chunk, len(self)))
            return
        block = chunk * max(1, _BLOCK_BYTES // (chunk * self.layout.n_features))
        bounds = ((start, min(start + block, len(self))) for start in range(0, len(self), block))
        for parts in read_ahead(self.slice, bounds):
            pieces = [itertools.repeat(None) if part is None else part.split(chunk) for part in parts]
            yield from zip(*pieces, strict=False)

    def _weighted_moments(self, chunk_bytes):
        total = torch.zeros(2, self.layout.channels, dtype=torch.float64)
        weight_sum = 0.0
        pivot = None  # near the mean, so that squares of large numbers do not cancel
        for images, _, weights in self._chunks(chunk_bytes):
            images = images.to(torch.float64 if images.device.type != "mps" else torch.float32)
            if pivot is None:
                pivot = images.mean((0, 2, 3), keepdim=True)
            images = images - pivot
            sums = torch.stack([images.mean((2, 3)), images.square_().mean((2, 3))])  # (2, b, c)
            if weights is not None:
                sums = sums * weights[:, None]
            total += sums.sum(1).cpu().double()
            weight_sum += len(images) if weights is None else float(weights.sum())
        offset, square = total / weight_sum
        variance = square - offset.square()
        mean = offset + pivot.flatten().cpu()
        if not (mean.isfinite().all() and variance.isfinite().all()):
            raise ValueError(
                f"X is too large to be scaled: its channels have mean {mean.tolist()}, variance {variance.tolist()}. "
                "Divide X by a constant."
            )
        float64 = torch.finfo(torch.float64)
        constant = variance <= (64 * float64.eps * mean).square() + float64.tiny  # what is left is rounding
        return mean, torch.where(constant, 1.0, variance.clamp_min(0).sqrt())

    def _moments_of_bytes(self, chunk_bytes):
        """Moments of a single channel of bytes from how often each value occurs, in half the time."""
        counts = torch.zeros(256, dtype=torch.int64, device=self.rows.device)
        for images, _, _ in self._chunks(chunk_bytes):
            counts += torch.bincount(images.flatten(), minlength=256)
        shares = counts.cpu().double() / counts.sum().cpu()
        values = torch.arange(256, dtype=torch.float64)
        mean = values @ shares
        variance = (values - mean).square() @ shares
        return mean[None], torch.where(variance > 0, variance, 1.0).sqrt()[None]


def without_subsets(dataset):
    """Turn a ``torch.utils.data.Subset`` of an `ImageDataset`, as skorch's splits make, into one with an index."""
    if not isinstance(dataset, Subset):
        return dataset
    whole = without_subsets(dataset.dataset)
    return whole.subset(dataset.indices) if isinstance(whole, ImageDataset) else dataset


def tensor_view(array):
    """View an array as a tensor, read-only memory (joblib's memory maps) included; we never write to it."""
    if not array.flags.writeable:
        array = np.asarray(_Writable(array))
    return torch.from_numpy(array)


class _Writable:
    """Lends an array's memory under a writable flag: torch warns of read-only memory through a global filter."""

    def __init__(self, array):
        interface = dict(array.__array_interface__)
        interface["data"] = (interface["data"][0], False)
        self.__array_interface__ = interface
        self.array = array
