"""The parameters of the estimators that say how images are read."""

import os
from numbers import Integral

from sklearn.utils._param_validation import Interval, StrOptions

READING_CONSTRAINTS = {
    "image_shape": ["array-like", None],
    "channels": [StrOptions({"auto", "first", "last"})],
    "image_size": [Interval(Integral, 1, None, closed="left"), "array-like", None],
    "color_mode": [StrOptions({"auto", "gray", "rgb"})],
    "cache": [str, os.PathLike, None],
}

SHAPING_PARAMS = ("image_shape", "channels", "image_size", "color_mode")  # which a trained network depends on


def file_settings(estimator):
    """Return what an estimator says about image files.

    An estimator that resizes images itself names in ``_file_size`` what files are decoded to, or None, and its
    ``image_size`` is then nothing that arrays must have.

    Parameters
    ----------
    estimator : estimator
        One without these parameters has their defaults.

    Returns
    -------
    image_size : int, (int, int) or None
    color_mode : {"auto", "gray", "rgb"}
    cache : "auto", str, path-like or None
    checks_arrays : bool
        Whether images that are given as numbers must have that size.
    """
    resizes = hasattr(estimator, "_file_size")
    image_size = estimator._file_size if resizes else getattr(estimator, "image_size", None)
    if not isinstance(image_size, (Integral, type(None))):
        image_size = tuple(image_size)
    return image_size, getattr(estimator, "color_mode", "auto"), getattr(estimator, "cache", "auto"), not resizes
