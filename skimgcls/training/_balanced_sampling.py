"""An epoch in which classes are equally frequent, whatever they are in the data."""

import numpy as np
import torch

SAMPLINGS = ("balanced", "oversample", "undersample")


class BalancedSampling:
    """Draw the images of an epoch class by class, as positions: no image is copied.

    A class that has more images than are wanted of it gives others in each epoch; one that has fewer gives each equally
    often, give or take one, so that no image is left out by chance.

    Parameters
    ----------
    codes : tensor (n,) of int64
        Class of each image.
    sampling : {"balanced", "oversample", "undersample"}
        How many images are drawn, see `n_drawn`.
    """

    def __init__(self, codes, sampling):
        codes = codes.cpu()
        counts = torch.bincount(codes)
        wanted = n_drawn(counts.numpy(), sampling).tolist()
        positions = codes.argsort(stable=True).split(counts.tolist())
        self._classes = [each for each in zip(positions, wanted, strict=True) if each[1]]

    def __len__(self):
        return sum(wanted for _, wanted in self._classes)

    def draw(self, generator):
        """Draw the positions (len(self),) of one epoch, in random order."""
        drawn = []
        for positions, wanted in self._classes:
            n_times, rest = divmod(wanted, len(positions))
            drawn += [positions] * n_times
            drawn.append(positions[torch.randperm(len(positions), generator=generator)[:rest]])
        drawn = torch.cat(drawn)
        return drawn[torch.randperm(len(drawn), generator=generator)]


def n_drawn(counts, sampling):
    """Return how many images of each class an epoch draws.

    Parameters
    ----------
    counts : ndarray (k,) of int
        Images of each class.
    sampling : {"balanced", "oversample", "undersample"} or None
        "oversample" draws as many of each class as the largest has, "undersample" as many as the smallest, "balanced"
        the same share of as many as there are in all. None draws all once.

    Returns
    -------
    ndarray (k,) of int
        0 for a class without images.
    """
    if sampling is None:
        return counts
    present = counts > 0
    if sampling == "balanced":
        share, rest = divmod(int(counts.sum()), int(present.sum()))
        return np.where(present, share + (present.cumsum() <= rest), 0)
    of_each = counts.max() if sampling == "oversample" else counts[present].min()
    return np.where(present, of_each, 0)
