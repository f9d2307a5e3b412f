"""Labels and predictions as numbers, checked once for all scores."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils import check_consistent_length, column_or_1d

from skimgcls.metrics._check_probabilities import check_probabilities, label_codes

MOST_GUESSES = 5  # top-5, as it is usual since ImageNet


@dataclass
class CodedPredictions:
    """What was predicted, as places in an array of labels.

    Parameters
    ----------
    labels : ndarray (n_labels,)
        The classes of the classifier, then labels that it does not know.
    n_classes : int
        How many of them are classes.
    true, predicted : ndarray of int (n,)
        Places in `labels`.
    proba : ndarray of float64 (n, n_classes) or None
        Probabilities, clipped to 0 and 1.
    least : float
        Probability that the log loss counts instead of a smaller one: the resolution of the floats that were given,
        as scikit-learn has it.
    """

    labels: np.ndarray
    n_classes: int
    true: np.ndarray
    predicted: np.ndarray
    proba: np.ndarray | None
    least: float

    @property
    def n_guesses(self):
        """The k of the top-k accuracy: 5, and at most one less than there are classes; 0 where that would be one."""
        k = min(MOST_GUESSES, self.n_classes - 1)
        return k if k > 1 and self.proba is not None else 0


def code_predictions(y_true, y_pred=None, y_proba=None, classes=None):
    """Check predictions and code their labels.

    Parameters
    ----------
    y_true : array-like (n,)
        True labels. Those that are no classes count as mistakes.
    y_pred : array-like (n,), default=None
        Predicted labels. None means those of the largest probability.
    y_proba : array-like (n, n_classes) or (n,), default=None
        Probabilities.
    classes : array-like (n_classes,), default=None
        Labels of the columns of `y_proba`. None means the sorted labels of `y_true`, or, without probabilities, those
        of `y_true` and `y_pred`.

    Returns
    -------
    coded : CodedPredictions

    Raises
    ------
    ValueError
        If there is nothing predicted, or labels, probabilities and classes do not fit together.
    """
    if y_pred is None and y_proba is None:
        raise ValueError("y_pred and y_proba are both None. Pass predicted labels, probabilities, or both.")
    y_true = column_or_1d(y_true)
    if not len(y_true):
        raise ValueError("y_true is empty. Pass the label of at least one image.")
    y_pred = None if y_pred is None else column_or_1d(y_pred)
    proba, least = None, 0.0
    if y_proba is not None:
        kind = np.asarray(y_proba).dtype
        least = np.finfo(kind if kind.kind == "f" else float).eps
        _, proba, classes = check_probabilities(y_true, y_proba, classes)
    else:
        classes = column_or_1d(np.unique(np.concatenate([y_true, y_pred])) if classes is None else classes)
        label_codes(y_true, classes)  # raises if none of them is a class
    place = {label: position for position, label in enumerate(classes.tolist())}
    true = _places(y_true, place)
    if y_pred is None:
        predicted = proba.argmax(axis=1)
    else:
        check_consistent_length(y_true, y_pred)
        predicted = _places(y_pred, place)
    labels = classes
    if len(place) > len(classes):
        labels = np.array(list(place), dtype=None if classes.dtype.kind == y_true.dtype.kind else object)
    return CodedPredictions(labels, len(classes), true, predicted, proba, least)


def _places(labels, place):
    """Look labels up, giving new ones the next place."""
    return np.array([place.setdefault(label, len(place)) for label in labels.tolist()], dtype=np.intp)
