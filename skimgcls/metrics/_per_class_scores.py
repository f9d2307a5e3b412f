"""How good predictions are, class by class."""

import numpy as np

from skimgcls.metrics._class_rankings import class_rankings
from skimgcls.metrics._coded_predictions import code_predictions


def per_class_scores(y_true, y_pred=None, y_proba=None, *, classes=None):
    """Compute the scores of each class against the rest.

    They equal those of scikit-learn's own functions, with NaN where these give 0 for 0 / 0 or are not defined: for the
    precision of a class that is never predicted, for the recall of one without an image.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    y_pred : array-like of shape (n,), default=None
        Predicted labels. None means those of the largest probability.
    y_proba : array-like of shape (n, n_classes) or (n,), default=None
        Probabilities. None leaves out what needs them.
    classes : array-like of shape (n_classes,), default=None
        Labels of the columns of `y_proba`. None means the sorted labels of `y_true`.

    Returns
    -------
    scores : DataFrame, one row per class
        ``precision``, ``recall``, ``f1``; with probabilities ``average_precision`` and ``roc_auc``; ``n_images``;
        ``taken_for``, the wrong label that its images got most often, missing where they got none, and
        ``n_taken_for``, how many of them did. A label in `y_true` that is not in `classes` has a row at the end.

    Raises
    ------
    ValueError
        If labels, probabilities and classes do not fit together, or nothing is predicted.

    See Also
    --------
    classification_scores : Scores of all classes together.

    Examples
    --------
    >>> from skimgcls.metrics import per_class_scores
    >>> scores = per_class_scores(["cat", "cat", "cat", "dog"], ["cat", "cat", "dog", "dog"])
    >>> scores[["precision", "recall", "n_images"]].round(3)
           precision  recall  n_images
    class
    cat          1.0   0.667         3
    dog          0.5   1.000         1
    >>> scores["taken_for"]["cat"]
    'dog'
    """
    import pandas as pd

    coded = code_predictions(y_true, y_pred, y_proba, classes)
    n_labels = len(coded.labels)
    confusion = np.bincount(n_labels * coded.true + coded.predicted, minlength=n_labels**2).reshape(n_labels, n_labels)
    right, true, predicted = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    with np.errstate(invalid="ignore"):  # 0 / 0 is NaN
        columns = {"precision": right / predicted, "recall": right / true, "f1": 2 * right / (true + predicted)}
    if coded.proba is not None:
        auc, average_precision = _rankings(coded)
        columns |= {"average_precision": average_precision, "roc_auc": auc}
    wrong = confusion - np.diag(right)
    labels, n_most = coded.labels.tolist(), wrong.max(axis=1)
    taken_for = [labels[most] if count else None for most, count in zip(wrong.argmax(axis=1), n_most, strict=True)]
    index = pd.Index(coded.labels, name="class")
    columns |= {"n_images": true, "taken_for": pd.Series(taken_for, index, dtype=object), "n_taken_for": n_most}
    return pd.DataFrame(columns, index=index)


def _rankings(coded):
    """Area under the ROC curve and average precision of each label (2, n_labels); NaN for one without probability."""
    once = np.ones((1, len(coded.true)), dtype=np.int32)
    rankings = np.full((2, len(coded.labels)), np.nan)
    for column in range(coded.n_classes):
        auc, average_precision = class_rankings(coded.proba[:, column], coded.true == column, once)
        rankings[:, column] = auc[0], average_precision[0]
    return rankings
