"""Telling paths of image files from images."""

import os

import numpy as np


def image_paths(X, *, input_name="X"):
    """Return X as a list of paths if it holds paths, or None if it may hold images.

    Parameters
    ----------
    X : array-like
        Anything that an estimator is given.
    input_name : str, default="X"
        What errors call it.

    Returns
    -------
    paths : list of str, or None
        For one-dimensional arrays, lists, columns and frames of one column that begin with a str, bytes or path-like
        object.

    Raises
    ------
    ValueError
        If X is a single path, or holds something else between its paths, such as a missing value.
    """
    if isinstance(X, (str, bytes, os.PathLike)):
        raise ValueError(
            f"{input_name} is a single path, {os.fsdecode(X)!r}, and several were expected. Pass [path] for one image."
        )
    column = _only_column(X)
    if column is None or len(column) == 0 or not _is_path(column[0]):
        return None
    wrong = [(row, value) for row, value in enumerate(column) if not _is_path(value)]
    if wrong:
        row, value = wrong[0]
        raise ValueError(
            f"{input_name} holds paths, but {len(wrong)} of its {len(column)} values are none; the first is "
            f"{value if np.ndim(value) == 0 else type(value).__name__!r} in row {row}. Leave those rows out."
        )
    return [os.fsdecode(path) for path in column]


def _only_column(X):
    """Return a sequence if X has one axis, or one column, of something that could be paths."""
    if isinstance(X, (list, tuple)):
        return X
    if type(X) is np.ndarray or hasattr(X, "dtype"):  # also a Series
        if getattr(X.dtype, "kind", "O") not in "OSUT":  # of pandas' own types, texts are objects
            return None
    elif not hasattr(X, "iloc"):
        return None
    shape = X.shape
    if len(shape) == 2 and shape[1] == 1:
        return (X.iloc[:, 0] if hasattr(X, "iloc") else X[:, 0]).tolist()
    return X.tolist() if len(shape) == 1 else None


def _is_path(value):
    return isinstance(value, (str, bytes, os.PathLike))
