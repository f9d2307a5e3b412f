"""Labels that are probably wrong, by confident learning."""

import warnings

import numpy as np
from sklearn.model_selection import check_cv, cross_val_predict
from sklearn.utils import check_consistent_length, column_or_1d

from skimgcls.inspection._rank_predictions import check_option, check_probabilities_of

METHODS = ("self_confidence", "normalized_margin")


def suspicious_labels(estimator, X, y, cv=5, *, n_jobs=None, method="self_confidence"):
    """List images by how little their labels fit what models say that were trained without them.

    Confident learning [1]_: each image gets probabilities from a model of a fold that it was not in. They are compared
    with how confident the models are in each class as a whole, so that a class that is hard for them raises no alarm.

    Parameters
    ----------
    estimator : classifier
        With ``predict_proba``; cloned and fitted once for each fold. A pipeline or search is welcome.
    X : array-like
        Images in any form that it accepts.
    y : array-like of shape (n,)
        Labels to check: strings, integers or booleans.
    cv : int, splitter or iterable, default=5
        Folds, as for :func:`~sklearn.model_selection.cross_val_predict`: an integer means stratified folds in the
        order of the images.
    n_jobs : int, default=None
        Folds at a time, as for :func:`~sklearn.model_selection.cross_val_predict`.
    method : {"self_confidence", "normalized_margin"}, default="self_confidence"
        What the score is, with p the probabilities of an image. "self_confidence" is 1 - p[given]; "normalized_margin"
        is (1 - p[given] + largest p of another class) / 2. Of 3 % flipped labels of Fashion-MNIST the first ranks
        more before the images that are merely hard (`benchmarks/bench_suspicious_labels.py`).

    Returns
    -------
    suspects : DataFrame, one row per image
        The most suspicious first. ``index`` (position in `X`), ``given`` (its label), ``suggested`` (the class that
        the models are confident of, the most probable one where they are of none), ``given_probability`` and
        ``suggested_probability``, ``score`` (0 to 1, large is suspicious) and ``is_error``: whether the image is off
        the diagonal of the confident joint, that is whether its probability of another class reaches the mean of that
        probability over the images with that label, and no class reaches it with a larger probability.

    Raises
    ------
    ValueError
        If the estimator gives no probabilities, `y` has a single label, missing ones or another length than `X`, the
        folds do not hold each image once, or `method` is unknown.

    Warns
    -----
    UserWarning
        If the only images of a class are in one fold: no model has learnt the class, so that their labels cannot be
        judged. They come last, with a score of NaN.

    See Also
    --------
    ImageGridDisplay : Shows the suspects.
    misclassified_images : Mistakes of one model on images that it has not seen.

    Notes
    -----
    The threshold of class k is the mean of p[k] over the images labelled k. An image is counted as belonging to the
    class of its largest probability among those that reach their thresholds, or to none [1]_. A better model finds
    more errors and accuses fewer images in the wrong; where two classes look alike, ``is_error`` is worth a look and
    no more.

    References
    ----------
    .. [1] Northcutt, Jiang, Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", Journal of
       Artificial Intelligence Research 70, 2021. The confident joint and its thresholds are equations 1 and 2.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skimgcls.inspection import suspicious_labels
    >>> X, y = load_digits(return_X_y=True)
    >>> y[0], y[100] = 7, 7  # these images show a 0 and a 4
    >>> suspects = suspicious_labels(KNeighborsClassifier(10), X, y)
    >>> suspects[["index", "given", "suggested", "is_error"]].head(2)
       index  given  suggested  is_error
    0      0      7          0      True
    1    100      7          4      True
    """
    import pandas as pd

    check_option("method", method, METHODS)
    check_probabilities_of(estimator)
    y = column_or_1d(y)
    check_consistent_length(X, y)
    is_missing = pd.isna(y)
    if is_missing.any():
        raise ValueError(
            f"y has {is_missing.sum()} missing labels, first of image {is_missing.argmax()}. Leave these images out."
        )
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"y has one label, {classes.tolist()}, so that there is no other to suggest. Pass all images of a data set."
        )
    proba, is_judged = _predict_out_of_fold(estimator, X, y, codes, cv, n_jobs)
    _warn_of_unjudged(classes, codes, is_judged)
    return _rank_labels(proba, codes, classes, is_judged, method)


def _predict_out_of_fold(estimator, X, y, codes, cv, n_jobs):
    """Probabilities (n, n_classes) by models that did not see the image, and whether they have seen its class."""
    with warnings.catch_warnings():
        # both are about rare classes, of which our own warning says what it means here
        warnings.filterwarnings("ignore", message="The least populated class", category=UserWarning)
        warnings.filterwarnings("ignore", message="Number of classes in training fold", category=RuntimeWarning)
        folds = list(check_cv(cv, y, classifier=True).split(X, y))
        proba = cross_val_predict(estimator, X, y, cv=folds, n_jobs=n_jobs, method="predict_proba")
    is_judged = np.ones(len(codes), dtype=bool)
    for training, held_out in folds:
        is_judged[held_out] = np.isin(codes[held_out], codes[training])
    return np.asarray(proba, dtype=np.float64), is_judged


def _warn_of_unjudged(classes, codes, is_judged):
    names = classes[np.unique(codes[~is_judged])].tolist()
    if names:
        shown = ", ".join([*map(repr, names[:5]), *(["..."] if len(names) > 5 else [])])
        warnings.warn(
            f"{int((~is_judged).sum())} labels cannot be judged, and their score is NaN: all images of their classes "
            f"({shown}) are in one fold each, so that no other model has learnt them. Each class needs images in two "
            "folds: add images, or shuffle the folds with cv=StratifiedKFold(5, shuffle=True).",
            UserWarning,
            stacklevel=3,
        )


def _rank_labels(proba, codes, classes, is_judged, method):
    import pandas as pd

    rows = np.arange(len(codes))
    own = proba[rows, codes]
    confident = _confident_class(proba, codes, is_judged, len(classes))
    suggested = np.where(confident >= 0, confident, proba.argmax(axis=1))
    rival = _largest_other(proba, codes)
    # sorted by what the score is made of: close to 1 the score itself has no digits left to tell images apart
    key = own if method == "self_confidence" else own - rival
    suspects = pd.DataFrame(
        {
            "index": rows,
            "given": classes[codes],
            "suggested": classes[suggested],
            "given_probability": own,
            "suggested_probability": proba[rows, suggested],
            "score": np.where(is_judged, 1 - own if method == "self_confidence" else (1 - own + rival) / 2, np.nan),
            "is_error": is_judged & (confident >= 0) & (confident != codes),
        }
    )
    order = np.lexsort((-rival, key, ~is_judged))
    return suspects.iloc[order].reset_index(drop=True)


def _confident_class(proba, codes, is_judged, n_classes):
    """The class of the largest probability among those that reach their thresholds; -1 where none does."""
    thresholds = np.full(n_classes, np.inf)
    for code in np.unique(codes[is_judged]):
        thresholds[code] = proba[is_judged & (codes == code), code].mean()
    # a probability of 0 reaches the threshold of a class that is never predicted, and says nothing
    reached = np.where((proba >= thresholds) & (proba > 0), proba, -1.0)
    return np.where(reached.max(axis=1) >= 0, reached.argmax(axis=1), -1)


def _largest_other(proba, codes):
    others = proba.copy()
    others[np.arange(len(codes)), codes] = -np.inf
    return others.max(axis=1)
