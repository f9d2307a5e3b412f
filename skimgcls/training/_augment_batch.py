"""Augmentation of one training batch, labels and weights included."""

from numbers import Integral

import torch
from torch.nn import functional as F

from skimgcls.utils._random import make_generator

_MOST = 50.0  # times brighter or darker: more is another scale


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
        return _check_shape(augmentation(images, generator=generator), images), codes, weights
    targets = F.one_hot(codes, n_classes).float()
    if weights is not None:
        # A loss is linear in its target: weighted targets weigh each part of a mixture by its own image's weight.
        targets = targets * weights[:, None]
    augmented, targets = augmentation(images, targets, generator=generator)
    if weights is not None:
        weights = targets.sum(1)
        targets = targets / weights.clamp_min(torch.finfo(weights.dtype).tiny)[:, None]
    return _check_shape(augmented, images), targets, weights


def _check_shape(augmented, images):
    if augmented.shape != images.shape or not (augmented.is_floating_point() or augmented.dtype == torch.uint8):
        raise ValueError(
            f"augment gave {augmented.dtype} {tuple(augmented.shape)} for images {tuple(images.shape)}. It must keep "
            "their shape and give bytes or floats."
        )
    return augmented


def try_augmentation(augmentation, dataset, *, batch_size, n_classes, seed):
    """Augment the first images, so that what the augmentation refuses costs nothing.

    Raises
    ------
    ValueError
        If the augmentation is out of its range, or does not give images of the same shape and scale.
    """
    if augmentation is None:
        return
    images, codes, weights = dataset.slice(0, min(batch_size, len(dataset)))
    generator = make_generator(seed, "augment", device=images.device)
    augmented, *_ = augment_batch(augmentation, images, codes, weights, n_classes=n_classes, generator=generator)
    largest, after = float(images.max()), float(augmented.max())
    if min(largest, after) > 0 and not 1 / _MOST < after / largest < _MOST:
        raise ValueError(
            f"augment turned images that reach to {largest:g} into images that reach to {after:g}. It must keep their "
            "scale, which the network learns from images that are not augmented: leave out what divides by 255."
        )


def check_views(augmentation, n_views):
    """Refuse test-time augmentation where there is nothing to augment with."""
    if not isinstance(n_views, Integral) or isinstance(n_views, bool) or n_views < 1:
        raise ValueError(f"tta must be a positive integer, got {n_views!r}. 1 means the images alone.")
    if n_views > 1 and not (augmentation is not None and augmentation.in_views):
        raise ValueError(
            f"tta={n_views} averages predictions of augmented views, but what the model is fitted with, "
            f"augment={augmentation!r}, has none to give. Fit with augment='light' or 'standard', or set tta=1."
        )
