"""Labels and probabilities that fit together."""

import numpy as np
from sklearn.utils import check_array, check_consistent_length, column_or_1d

TOLERANCE = 1e-3  # rounding of float16


def check_probabilities(y_true, y_proba, classes=None):
    """Check labels and the probabilities predicted for them.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    y_proba : array-like of shape (n, n_classes) or (n,)
        Probabilities; one number per image is the probability of the second of two classes.
    classes : array-like of shape (n_classes,), default=None
        Labels of the columns of `y_proba`. None means the sorted labels of `y_true`.

    Returns
    -------
    codes : ndarray of int (n,)
        Column of each true label; -1 for a label that is not in `classes`.
    y_proba : ndarray of float64 (n, n_classes)
        Clipped to 0 and 1.
    classes : ndarray (n_classes,)
        Labels of the columns.

    Raises
    ------
    ValueError
        If they do not fit together, or probabilities are not between 0 and 1.
    """
    y_true = column_or_1d(y_true)
    y_proba = check_array(y_proba, dtype=np.float64, ensure_2d=False, input_name="y_proba")
    classes = np.unique(y_true) if classes is None else column_or_1d(classes)
    if y_proba.ndim == 1 and len(classes) == 2:
        y_proba = np.column_stack([1 - y_proba, y_proba])  # (n,) -> (n, 2)
    if y_proba.ndim != 2 or y_proba.shape[1] != len(classes):
        raise ValueError(
            f"y_proba must have one column for each of the {len(classes)} classes, got shape {y_proba.shape}. Pass "
            "classes in the order of its columns, such as the classes_ of the classifier."
        )
    check_consistent_length(y_true, y_proba)
    if y_proba.min() < -TOLERANCE or y_proba.max() > 1 + TOLERANCE:
        raise ValueError(
            f"y_proba must hold probabilities from 0 to 1, got values from {y_proba.min():.3g} to {y_proba.max():.3g}. "
            "Pass what predict_proba returns."
        )
    return label_codes(y_true, classes), y_proba.clip(0, 1), classes


def label_codes(labels, classes):
    """Find the class of each label.

    Parameters
    ----------
    labels : ndarray (n,)
        True or predicted ones.
    classes : ndarray (n_classes,)
        The labels that are known.

    Returns
    -------
    codes : ndarray of int (n,)
        Positions in `classes`; -1 for a label that is not there.

    Raises
    ------
    ValueError
        If none is there.
    """
    position = {label: code for code, label in enumerate(classes.tolist())}
    codes = np.array([position.get(label, -1) for label in labels.tolist()], dtype=np.intp)
    if (codes < 0).all():
        raise ValueError(
            f"None of the labels is a class: they are {_some(np.unique(labels))}, and the classes are "
            f"{_some(classes)}. Pass labels of the kind that the classifier was fitted with."
        )
    return codes


def _some(labels, limit=5):
    shown = ", ".join(map(repr, labels[:limit].tolist()))
    return f"[{shown}, ...]" if len(labels) > limit else f"[{shown}]"
