"""The pairs of classes that a classifier confuses most, as a table."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_scalar, column_or_1d

from skimgcls.inspection._rank_predictions import predict_all, rank_predictions


def most_confused_pairs(estimator, X, y, *, n_pairs=10):
    """List the pairs of classes that a classifier confuses most often.

    Parameters
    ----------
    estimator : classifier
        Fitted, with ``predict_proba``. A pipeline or search is welcome.
    X : array-like
        Images in any form that it accepts.
    y : array-like of shape (n,)
        True labels. One that the classifier does not know is a class like others, which is never predicted; images
        without a label (None or NaN) make no pair.
    n_pairs : int, default=10
        Most pairs listed.

    Returns
    -------
    pairs : DataFrame, one row per pair that was confused
        The most frequent first, of equal ones the largest share. ``true`` and ``predicted`` (labels), ``n_images`` of
        the one that were taken for the other, their ``share`` of all images of the true class (0 to 1), their mean
        ``confidence`` (probability of the predicted label), and ``n_reverse``, the images of the other direction.

    Raises
    ------
    ValueError
        If the classifier gives no probabilities, `y` has none of its labels or another length than `X`, or `n_pairs` is
        below 1.

    See Also
    --------
    ConfusedPairsDisplay : Shows images of each pair.
    sklearn.metrics.confusion_matrix : The counts of all pairs.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skimgcls.inspection import most_confused_pairs
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = LogisticRegression(max_iter=200).fit(X[:500] / 16, y[:500])
    >>> pairs = most_confused_pairs(clf, X[500:] / 16, y[500:], n_pairs=3)
    >>> pairs[["true", "predicted", "n_images", "n_reverse"]]
       true  predicted  n_images  n_reverse
    0     1          8        15          9
    1     5          9        10          2
    2     8          1         9         15
    """
    check_scalar(n_pairs, "n_pairs", Integral, min_val=1)
    y_pred, y_proba = predict_all(estimator, X)
    return count_pairs(rank_predictions(y, y_pred, y_proba, estimator.classes_), y).head(n_pairs)


def count_pairs(mistakes, y_true):
    """Count what was taken for what.

    Parameters
    ----------
    mistakes : DataFrame
        One row per misclassified image, see `rank_predictions`.
    y_true : array-like (n,)
        True labels of all images.

    Returns
    -------
    pairs : DataFrame
        See `most_confused_pairs`; all pairs.
    """
    import pandas as pd

    pairs = mistakes.groupby(["true", "predicted"])["confidence"].agg(n_images="size", confidence="mean").reset_index()
    n_true = pd.Series(column_or_1d(y_true)).value_counts().to_dict()  # without labels that are missing
    directions = list(zip(pairs["true"], pairs["predicted"], strict=True))
    counted = dict(zip(directions, pairs["n_images"], strict=True))
    pairs.insert(3, "share", pairs["n_images"] / pairs["true"].map(n_true).astype(float))
    pairs["n_reverse"] = np.array([counted.get(pair[::-1], 0) for pair in directions], dtype=np.int64)
    order = pairs.sort_values(["n_images", "share", "confidence"], ascending=False, kind="stable")
    return order.reset_index(drop=True)[["true", "predicted", "n_images", "share", "confidence", "n_reverse"]]
