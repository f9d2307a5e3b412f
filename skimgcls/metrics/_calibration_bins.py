"""Accuracy and confidence, bin by bin."""

from numbers import Integral

import numpy as np

from skimgcls.metrics._check_probabilities import check_probabilities


def calibration_bins(y_true, y_proba, *, classes=None, n_bins=15):
    """Count and average images by the probability of their predicted label.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels. One that is not in `classes` counts as a mistake.
    y_proba : array-like of shape (n, n_classes) or (n,)
        Probabilities. The prediction is the label of the largest, the first of several.
    classes : array-like of shape (n_classes,), default=None
        Labels of the columns of `y_proba`. None means the sorted labels of `y_true`.
    n_bins : int, default=15
        Bins of equal width between 0 and 1, each without its lower edge and with its upper one.

    Returns
    -------
    bins : dict of ndarray (n_bins,)
        ``low`` and ``high`` (edges), ``n_images``, ``confidence`` (its mean) and ``accuracy``, which are NaN in empty
        bins.

    Raises
    ------
    ValueError
        If labels and probabilities do not fit together, or `n_bins` is not a positive integer.
    """
    if not isinstance(n_bins, Integral) or isinstance(n_bins, bool) or n_bins < 1:
        raise ValueError(f"n_bins must be an integer of 1 or more, got {n_bins!r}.")
    codes, y_proba, _ = check_probabilities(y_true, y_proba, classes)
    edges = np.linspace(0, 1, n_bins + 1)
    confidence = y_proba.max(axis=1)
    index = np.searchsorted(edges[1:-1], confidence, side="left")  # a value on an edge belongs below it
    n_images = np.bincount(index, minlength=n_bins)
    with np.errstate(invalid="ignore"):  # empty bins: 0 / 0
        mean_confidence = np.bincount(index, confidence, n_bins) / n_images
        accuracy = np.bincount(index, y_proba.argmax(axis=1) == codes, n_bins) / n_images
    return {
        "low": edges[:-1],
        "high": edges[1:],
        "n_images": n_images,
        "confidence": mean_confidence,
        "accuracy": accuracy,
    }
