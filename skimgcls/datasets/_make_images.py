"""Synthetic images that a network learns in seconds and a linear model does not."""

import numbers

import numpy as np
from sklearn.utils import check_random_state

from skimgcls.datasets._dataset_bunch import dataset_bunch

_DESCR = """Synthetic gratings

{n_samples} images of {shape} pixels (height, width and, if given, channels; uint8): waves whose direction is the
class. {n_classes} classes 0 to {last}, class k turned by k * 180 / {n_classes} degrees; phase and contrast are random.
Source: skimgcls.datasets.make_images.
"""
_MIN_SIDE = 4  # a wave has a direction only where there is room for one


def make_images(n_samples=300, *, image_shape=(16, 16, 1), n_classes=3, noise=0.1, random_state=None, return_X_y=False):
    """Make images of gratings whose direction is the class.

    Every image is a wave that runs in the direction of its class, with random phase and contrast. As the phase is
    random, each pixel has the same mean in every class: a linear model stays at chance level, while a small network
    gets nearly all images right. So this shows within seconds, and without data, whether a network learns.

    Parameters
    ----------
    n_samples : int, default=300
        Number of images, divided over the classes as equally as possible and shuffled.
    image_shape : (int, int) or (int, int, int), default=(16, 16, 1)
        Height and width in pixels, at least 4 each, and, if given, the number of channels. Channels differ in
        contrast, by random, and tell nothing of the class.
    n_classes : int, default=3
        Number of directions, spread equally over 180 degrees.
    noise : float, default=0.1
        Standard deviation of the Gaussian noise on each pixel, as a share of the full range of 255.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same images at every call.
    return_X_y : bool, default=False
        Return the images and the labels alone.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        data : ndarray of shape (n_samples, height, width[, channels]), uint8
            Images.
        target : ndarray of shape (n_samples,), int64
            Labels 0 to ``n_classes - 1``.
        target_names : ndarray of shape (n_classes,), str
            The labels as text.
        filenames : None
            There are no files.
        DESCR : str
            What was made.
    (data, target) : tuple of ndarray
        If `return_X_y` is True.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    Examples
    --------
    >>> from skimgcls.datasets import make_images
    >>> X, y = make_images(6, image_shape=(16, 24, 3), random_state=0, return_X_y=True)
    >>> X.shape, X.dtype, sorted(y.tolist())
    ((6, 16, 24, 3), dtype('uint8'), [0, 0, 1, 1, 2, 2])
    """
    shape = _check_parameters(n_samples, image_shape, n_classes, noise)
    try:
        random = check_random_state(random_state)
    except ValueError as error:
        raise ValueError(
            f"The 'random_state' parameter must be an int from 0 to 2**32 - 1, a RandomState or None. "
            f"Got {random_state!r} instead."
        ) from error
    codes = random.permutation(np.arange(n_samples) % n_classes)
    waves = _waves(np.pi * codes / n_classes, shape, random)  # (n, h, w), -1 to 1
    contrasts = random.uniform(0.5, 1.0, size=(n_samples, 1, 1, shape[2]))
    images = 0.5 + 0.4 * contrasts * waves[..., np.newaxis]  # (n, h, w, c), 0.1 to 0.9 before the noise
    images += noise * random.standard_normal(images.shape)
    images = np.rint(255 * images.clip(0, 1)).astype(np.uint8)
    if len(image_shape) == 2:
        images = images[..., 0]  # (n, h, w, 1) -> (n, h, w)
    descr = _DESCR.format(n_samples=n_samples, shape=images.shape[1:], n_classes=n_classes, last=n_classes - 1)
    return dataset_bunch(images, codes, np.arange(n_classes), descr=descr, return_X_y=return_X_y)


def _check_parameters(n_samples, image_shape, n_classes, noise):
    """Return the image shape as (height, width, channels), or raise naming the parameter that does not fit."""
    if not isinstance(n_classes, numbers.Integral) or n_classes < 2:
        raise ValueError(f"The 'n_classes' parameter must be an int of at least 2. Got {n_classes!r} instead.")
    if not isinstance(n_samples, numbers.Integral) or n_samples < n_classes:
        raise ValueError(
            f"The 'n_samples' parameter must be an int of at least n_classes={n_classes}. Got {n_samples!r} instead."
        )
    if not isinstance(noise, numbers.Real) or not 0 <= noise < np.inf:
        raise ValueError(f"The 'noise' parameter must be a finite number of at least 0. Got {noise!r} instead.")
    shape = tuple(np.atleast_1d(np.asarray(image_shape, dtype=object)))
    is_int = all(isinstance(length, numbers.Integral) for length in shape)
    if len(shape) not in (2, 3) or not is_int or min(shape[:2]) < _MIN_SIDE or shape[-1] < 1:
        raise ValueError(
            "The 'image_shape' parameter must be (height, width) or (height, width, channels), with sides of at least "
            f"{_MIN_SIDE} pixels. Got {image_shape!r} instead."
        )
    return shape if len(shape) == 3 else (*shape, 1)


def _waves(angles, shape, random):
    """Cosines of two periods over the shorter side, running in the given directions."""
    height, width = shape[:2]
    period = max(min(height, width) / 2, 3)
    y, x = np.mgrid[:height, :width] - np.array([height - 1, width - 1]).reshape(2, 1, 1) / 2
    angles = angles.reshape(-1, 1, 1)
    phases = random.uniform(0, 2 * np.pi, size=angles.shape)
    return np.cos(2 * np.pi / period * (np.cos(angles) * x + np.sin(angles) * y) + phases)  # (n, h, w)
