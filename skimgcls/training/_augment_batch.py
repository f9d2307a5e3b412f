"""Augmentation of one training batch, labels and weights included."""

import torch
from torch.nn import functional as F

from skimgcls.utils._random import make_generator


def augment_batch(augmentation, images, codes, weights, *, n_classes, generator):
    """Augment images and, where it mixes them, their labels.

    Parameters
    ----------
    augmentation : Augmentation
    images : tensor (b, c, h, w)
    codes : tensor (b,) of int64
    weights : tensor (b,) or None
    n_classes : int
    generator : torch.Generator
        On the device of the images.

    Returns
    -------
    images : tensor (b, c, h, w)
    targets : tensor (b,) of int64, or (b, n_classes) of probabilities where labels were mixed
    weights : tensor (b,) or None
        Of a mixture: the mixture of the weights.
    """
    if not augmentation.mixes_targets:
        return augmentation(images, generator=generator), codes, weights
    targets = F.one_hot(codes, n_classes).float()
    if weights is None:
        return *augmentation(images, targets, generator=generator), None
    # A loss is linear in its target. Mixing weighted targets weighs each part of a mixture by its own image's weight.
    images, targets = augmentation(images, targets * weights[:, None], generator=generator)
    weights = targets.sum(1)
    return images, targets / weights[:, None], weights


def try_augmentation(augmentation, dataset, *, n_classes, seed):
    """Augment the first two images, so that what the augmentation refuses costs nothing.

    Raises
    ------
    ValueError
        If the augmentation is out of its range, or does not give images of the same shape.
    """
    if augmentation is None:
        return
    images, codes, weights = dataset.slice(0, min(2, len(dataset)))
    generator = make_generator(seed, "augment", device=images.device)
    augmented, *_ = augment_batch(augmentation, images, codes, weights, n_classes=n_classes, generator=generator)
    if augmented.shape != images.shape or not (augmented.is_floating_point() or augmented.dtype == torch.uint8):
        raise ValueError(
            f"augment gave {augmented.dtype} {tuple(augmented.shape)} for images {tuple(images.shape)}. It must keep "
            "their shape and give bytes or floats."
        )


def check_views(augmentation, n_views):
    """Refuse test-time augmentation where there is nothing to augment with."""
    if n_views > 1 and not (augmentation is not None and augmentation.in_views):
        raise ValueError(
            f"tta={n_views} averages predictions of augmented views, but augment={augmentation!r} has none to give. "
            "Fit with augment='light' or 'standard', or set tta=1."
        )
