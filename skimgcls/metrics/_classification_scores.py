"""How good predictions are, by all the usual scores at once."""

import numpy as np

from skimgcls.metrics._coded_predictions import code_predictions
from skimgcls.metrics._weighted_scores import WeightedScores


def classification_scores(y_true, y_pred=None, y_proba=None, *, classes=None):
    """Compute the usual scores of a classifier.

    They equal those of scikit-learn's own functions. A true label that is not in `classes` counts as a mistake, with a
    probability of 0. A class without an image in `y_true` is left out of the areas and average precisions, which are
    not defined for it.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    y_pred : array-like of shape (n,), default=None
        Predicted labels. None means those of the largest probability.
    y_proba : array-like of shape (n, n_classes) or (n,), default=None
        Probabilities; one number per image is the probability of the second of two classes. None leaves out what needs
        them.
    classes : array-like of shape (n_classes,), default=None
        Labels of the columns of `y_proba`. None means the sorted labels of `y_true`.

    Returns
    -------
    scores : dict of str to float
        ``accuracy``, ``balanced_accuracy`` (mean recall of the classes in `y_true`); ``precision_macro``,
        ``recall_macro``, ``f1_macro`` (means over the classes in `y_true` or `y_pred`, 0 for 0 / 0) and the same
        ``_weighted`` by the images of each class; and with probabilities ``roc_auc_ovr`` (each class against the rest,
        mean), ``average_precision`` (the same), ``log_loss`` (nats), ``top_5_accuracy`` (with fewer than six classes
        ``top_4_accuracy`` and so on; none with two) and ``expected_calibration_error`` (15 bins). With two classes
        ``roc_auc_ovr`` and ``average_precision`` are those of the second one. NaN where a score is not defined.

    Raises
    ------
    ValueError
        If labels, probabilities and classes do not fit together, or nothing is predicted.

    See Also
    --------
    bootstrap_intervals : How sure these numbers are.
    per_class_scores : Scores of each class.

    Examples
    --------
    >>> from skimgcls.metrics import classification_scores
    >>> y_proba = [[0.9, 0.1], [0.4, 0.6], [0.7, 0.3], [0.2, 0.8]]
    >>> scores = classification_scores(["cat", "dog", "dog", "dog"], y_proba=y_proba)
    >>> scores["accuracy"], round(scores["log_loss"], 3)
    (0.75, 0.511)
    """
    weighted = WeightedScores(code_predictions(y_true, y_pred, y_proba, classes))
    once = np.ones((1, len(weighted.coded.true)), dtype=np.int32)
    scores = weighted.direct(once) | weighted.ranking(once)
    return {name: float(values[0]) for name, values in scores.items()}
