"""The images behind some rows of X, and what they are called."""

import math
import os
import re

import numpy as np
from sklearn.utils import check_consistent_length

from skimgcls.images import decode_images, read_images
from skimgcls.metrics._unwrap_estimator import unwrap_estimator

DECODED_SHAPE = 128, 128  # pixels, of files of any size

_SHOWN_SIZE = 128  # pixels; of files, where no estimator says what they decode to


def read_shown(X, rows, *, estimator=None, image_shape=None, channels="auto"):
    """Read some images in any supported form.

    Parameters
    ----------
    X : array-like, DataFrame or tensor
        Images, or paths: the first steps of a pipeline decode them, or else they are decoded here, to the shape that is
        known or to squares of 128 pixels.
    rows : list of int
        Which.
    estimator : estimator or None, default=None
        Fitted on such images; it says how rows are images.
    image_shape : tuple of int or None, default=None
        (h, w) or (h, w, c) of flat rows; goes before what the estimator says.
    channels : {"auto", "first", "last"}, default="auto"
        Where the channel axis stands, if no estimator says so.

    Returns
    -------
    images : ndarray (n, c, h, w)
        Values as they are.
    """
    images = _decode_in_pipeline(estimator, take(X, rows))
    fitted = None if image_shape is not None else unwrap_estimator(estimator, "image_shape_")
    if holds_paths(images):
        images = _decode(images, image_shape or getattr(fitted, "image_shape_", None))
        image_shape, channels = None, "last"
    reading = {"image_shape": image_shape, "channels": channels}
    if fitted is not None and _fits(images, fitted.image_shape_):  # else a step in between changes the shape
        reading |= {"image_shape": fitted.image_shape_, "fitted_layout": getattr(fitted, "_layout", None)}
    elif holds_paths(images):
        reading["image_size"] = _SHOWN_SIZE  # files may have several sizes, a picture has one
    pixels, layout = read_images(images, estimator="the display", **reading)
    return layout.as_images(pixels)


def take(X, rows):
    """Return some rows of an array, a tensor, a DataFrame, a Series or a list."""
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    return [X[row] for row in rows] if isinstance(X, (list, tuple)) else X[rows]


def names_of(X, names=None):
    """Return the names of images: those handed in, else the paths that X holds, else None.

    Parameters
    ----------
    X : array-like (n, ...)
        Images or paths.
    names : array-like (n,) or None, default=None
        Their names.

    Returns
    -------
    names : ndarray of object (n,) or None
    """
    if names is None and holds_paths(X):
        names = X
    if names is None:
        return None
    check_consistent_length(X, names)
    return np.array([os.fsdecode(name) if _is_path(name) else name for name in names], dtype=object)


def short_names(names, rows):
    """Return how images are called in a picture: by the last part of their path, or by their position.

    Parameters
    ----------
    names : array-like (n,) or None
        Paths or other names of all images.
    rows : list of int
        Positions of those that are shown.
    """
    if names is None:
        return [f"#{row}" for row in rows]
    return [re.split(r"[/\\]", str(names[row]).rstrip("/\\"))[-1] for row in rows]


def model_name(estimator):
    """Return the class name of the estimator that does the work inside pipelines and searches."""
    steps, inner = getattr(estimator, "steps", None), getattr(estimator, "best_estimator_", None)
    if steps:
        inner = steps[-1][1]
    return type(estimator).__name__ if inner is None else model_name(inner)


def holds_paths(X):
    """Tell whether X is one-dimensional and holds paths where images could be."""
    if getattr(X, "ndim", 1) != 1 or len(X) == 0:
        return False
    return _is_path(X.iloc[0] if hasattr(X, "iloc") else X[0])


def _is_path(value):
    return isinstance(value, (str, bytes)) or hasattr(value, "__fspath__")


def _decode_in_pipeline(estimator, X):
    """Let the steps of a pipeline work until they have made something other than paths."""
    pipeline = unwrap_estimator(estimator, "steps")
    for _, step in pipeline.steps[:-1] if pipeline is not None else ():
        if not holds_paths(X):
            break
        X = X if step is None or step == "passthrough" else step.transform(X)
    return X


def _decode(paths, image_shape):
    """Decode files to the size that is known, else to one that is good to look at: (n, h, w, c)."""
    height, width, *channels = DECODED_SHAPE if image_shape is None else image_shape
    color_mode = {(1,): "gray", (3,): "rgb"}.get(tuple(channels), "auto")
    return decode_images(list(paths), (height, width), color_mode)


def _fits(images, image_shape):
    return holds_paths(images) or not hasattr(images, "shape") or math.prod(images.shape[1:]) == math.prod(image_shape)
