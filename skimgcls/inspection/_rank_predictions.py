"""One table of predictions, the most telling first."""

import numpy as np
from sklearn.utils import check_random_state, column_or_1d

from skimgcls.metrics._check_probabilities import check_probabilities

WHICH = ("incorrect", "correct", "all")
SORT = ("confidence", "loss", "random")


def predict_all(estimator, X):
    """Ask a classifier for labels and probabilities.

    Parameters
    ----------
    estimator : classifier
        Fitted, with ``predict_proba``.
    X : array-like
        Images in any form that it accepts.

    Returns
    -------
    y_pred : ndarray (n,)
        Predicted labels: not always those of the largest probability, a tuned threshold decides otherwise.
    y_proba : ndarray (n, n_classes)
        Probabilities.

    Raises
    ------
    ValueError
        If it gives no probabilities.
    """
    check_probabilities_of(estimator)
    return estimator.predict(X), estimator.predict_proba(X)


def check_probabilities_of(estimator):
    """Raise a ValueError if a classifier, fitted or not, gives no probabilities."""
    if not hasattr(estimator, "predict_proba"):
        raise ValueError(
            f"{type(estimator).__name__} has no predict_proba, which tells how confident a prediction is. Wrap it in "
            "sklearn.calibration.CalibratedClassifierCV, or choose a classifier that gives probabilities."
        )


def rank_predictions(y_true, y_pred, y_proba, classes, *, which="incorrect", sort="confidence", random_state=None):
    """Choose and order predictions.

    Parameters
    ----------
    y_true : array-like (n,)
        True labels. One that is not in `classes` has probability 0 and an infinite loss.
    y_pred : array-like (n,) or None
        Predicted labels. None means those of the largest probability.
    y_proba : array-like (n, n_classes) or (n,)
        Probabilities; one number per image is the probability of the second of two classes.
    classes : array-like (n_classes,) or None
        Labels of their columns. None means the sorted labels of `y_true`.
    which : {"incorrect", "correct", "all"}, default="incorrect"
        Which predictions to keep.
    sort : {"confidence", "loss", "random"}, default="confidence"
        Order: largest probability of the predicted label first, largest loss first, or shuffled.
    random_state : int, RandomState instance or None, default=None
        Seed of the random order.

    Returns
    -------
    ranked : DataFrame
        Columns ``index`` (position in the input), ``true``, ``predicted``, ``confidence``, ``true_probability`` and
        ``loss`` (nats).

    Raises
    ------
    ValueError
        If shapes or labels do not fit together, probabilities are not between 0 and 1, or an option is unknown.
    """
    import pandas as pd

    check_option("which", which, WHICH)
    check_option("sort", sort, SORT)
    _, y_proba, classes = check_probabilities(y_true, y_proba, classes)
    y_true = column_or_1d(y_true)
    y_pred = classes[y_proba.argmax(axis=1)] if y_pred is None else column_or_1d(y_pred)
    true_probability = _probability_of(y_true, y_proba, classes)
    with np.errstate(divide="ignore"):  # probability 0: the loss is infinite
        loss = -np.log(true_probability)
    ranked = pd.DataFrame(
        {
            "index": np.arange(len(y_true)),
            "true": y_true,
            "predicted": y_pred,
            "confidence": _probability_of(y_pred, y_proba, classes),
            "true_probability": true_probability,
            "loss": loss + 0.0,  # no -0.0
        }
    )
    is_correct = y_true == y_pred
    keep = {"incorrect": ~is_correct, "correct": is_correct, "all": np.ones(len(y_true), dtype=bool)}[which]
    ranked = ranked[keep]
    if sort == "random":
        ranked = ranked.iloc[check_random_state(random_state).permutation(len(ranked))]
    else:
        other = "loss" if sort == "confidence" else "confidence"
        ranked = ranked.sort_values([sort, other], ascending=False, kind="stable")
    return ranked.reset_index(drop=True)


def check_option(name, value, allowed):
    """Raise a ValueError if an option has none of its allowed values."""
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {value!r}.")


def _probability_of(labels, y_proba, classes):
    """The probability of one label per row; 0 for a label that is no class."""
    position = {label: column for column, label in enumerate(classes.tolist())}
    columns = np.array([position.get(label, -1) for label in labels.tolist()], dtype=np.intp)
    return np.where(columns >= 0, y_proba[np.arange(len(labels)), columns], 0.0)
