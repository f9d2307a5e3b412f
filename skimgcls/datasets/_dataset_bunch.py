"""The form in which every loader returns its images."""

import numpy as np
from sklearn.utils import Bunch

_SUBSETS = ("train", "test", "all")


def dataset_bunch(data, codes, class_labels, *, descr, filenames=None, return_X_y=False, **more):
    """Gather a data set, or its images and labels alone.

    Parameters
    ----------
    data : ndarray of shape (n, height, width) or (n, height, width, channels), uint8
    codes : array-like of shape (n,), int
        Position of each image's class in `class_labels`.
    class_labels : sequence of str or int
        What the labels of the classes are.
    descr : str
        Source, licence and citation.
    filenames : ndarray of shape (n,) or None
    return_X_y : bool
    **more
        Further entries of the Bunch.

    Returns
    -------
    data : Bunch or tuple (ndarray, ndarray)
    """
    class_labels = np.asarray(class_labels)
    target = class_labels[np.asarray(codes)]
    if return_X_y:
        return data, target
    names = class_labels.astype(str)
    return Bunch(data=data, target=target, target_names=names, filenames=filenames, DESCR=descr, **more)


def parts_of_subset(subset):
    """Return the parts of a data set, ("train",), ("test",) or both, that a subset consists of."""
    if subset not in _SUBSETS:
        raise ValueError(f"The 'subset' parameter must be one of {_SUBSETS}. Got {subset!r} instead.")
    return ("train", "test") if subset == "all" else (subset,)
