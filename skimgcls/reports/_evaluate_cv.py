"""How good a classifier is on the folds of a cross-validation."""

from collections.abc import Mapping

import numpy as np
from sklearn.base import clone
from sklearn.utils import _safe_indexing

from skimgcls.inspection._shown_images import model_name
from skimgcls.metrics import classification_scores, per_class_scores
from skimgcls.metrics._unwrap_estimator import unwrap_estimator
from skimgcls.reports._estimator_code import estimator_code
from skimgcls.reports._evaluate import add_mistakes, check_labelled_images, score_frame, with_costs
from skimgcls.reports._evaluation import Evaluation, explain_gaps
from skimgcls.reports._evaluation_text import COSTS
from skimgcls.reports._predict_timed import predict_timed
from skimgcls.reports._report import Report
from skimgcls.reports._search_facts import plural

SECONDS = 0.5  # for the latency of one image, over all folds
CALL = "cross_validate(..., return_estimator=True, return_indices=True)"


def evaluate_cv(cross_validate_result, X, y, *, n_bootstrap=1000, random_state=0, title=None):
    """Measure the classifiers of a cross-validation, each on the images that it has not seen.

    Each fold has its scores, whose mean and standard deviation are told; and the predictions of all folds together,
    each image by a model that was trained without it, are scored as one set.

    Parameters
    ----------
    cross_validate_result : dict
        What ``sklearn.model_selection.cross_validate`` returned with ``return_estimator=True`` and
        ``return_indices=True``.
    X : array-like
        The images that it was given.
    y : array-like of shape (n,)
        Their labels.
    n_bootstrap : int, default=1000
        Samples for the 95 % intervals of the pooled scores, as in ``bootstrap_intervals``: they hold for these models,
        and do not say how much other training images would change them. 0 leaves the intervals out.
    random_state : int, RandomState instance or None, default=0
        Seed of the samples.
    title : str, default=None
        Heading of the report. None names the classifier.

    Returns
    -------
    report : Report
        Its ``frame`` has ``mean``, ``sd`` and ``pooled``; ``folds`` has a row for each fold.

    Raises
    ------
    TypeError
        If it is no result of ``cross_validate``.
    ValueError
        If estimators, indices or labels are missing, or `X` and `y` are others than those of the cross-validation.

    See Also
    --------
    evaluate : The same for one classifier.

    Examples
    --------
    >>> from sklearn.model_selection import cross_validate
    >>> from skimgcls import MLPClassifier
    >>> from skimgcls.datasets import load_digit_images
    >>> from skimgcls.reports import evaluate_cv
    >>> X, y = load_digit_images(return_X_y=True)
    >>> clf = MLPClassifier(hidden_units=32, max_epochs=3, random_state=0)
    >>> result = cross_validate(clf, X, y, cv=3, return_estimator=True, return_indices=True)
    >>> report = evaluate_cv(result, X, y)
    >>> report.folds["n_images"].tolist()
    [599, 599, 599]
    >>> list(report.frame.columns)
    ['mean', 'sd', 'pooled', 'low', 'high', 'unit']
    """
    y = check_labelled_images(X, y, "evaluate_cv")
    estimators, folds = _read_result(cross_validate_result, len(y))
    predicted = [
        predict_timed(estimator, _safe_indexing(X, rows), seconds=SECONDS / len(folds))
        for estimator, rows in zip(estimators, folds, strict=True)
    ]
    for each, seconds in zip(predicted, cross_validate_result["fit_time"], strict=True):
        each.costs["fit_seconds"] = seconds  # of the whole pipeline
    rows = np.concatenate(folds)
    classes, y_proba = _pool(predicted)
    found = (y[rows], np.concatenate([each.y_pred for each in predicted]), y_proba)
    table = _fold_table(predicted, found, classes)
    pooled = score_frame(*found, classes, n_bootstrap, random_state).rename(columns={"value": "pooled"})
    model = model_name(estimators[0])
    evaluation = Evaluation(
        model,
        f"{model} on {plural(len(folds), 'fold')}" if title is None else title,
        estimator_code(clone(estimators[0])),
        *found,
        classes,
        _over_folds(table, pooled),
        per_class_scores(*found, classes=classes),
        history=_histories(estimators),
        notes=explain_gaps(model, found[0], y_proba, classes),
        folds=table,
    )
    add_mistakes(evaluation, X, estimators[0], rows)
    return Report(evaluation)


def _read_result(result, n_images):
    """Return the estimator and the rows of the test images of each fold."""
    if not isinstance(result, Mapping) or "fit_time" not in result:
        raise TypeError(f"Expected the dict that cross_validate returns, got {type(result).__name__}. Call {CALL}.")
    missing = [name for name in ("estimator", "indices") if name not in result]
    if missing:
        raise ValueError(f"The result of the cross-validation has no {' and no '.join(missing)}. Call {CALL}.")
    folds = [np.asarray(rows) for rows in result["indices"]["test"]]
    last = max(rows.max() for rows in folds)
    if last >= n_images:
        raise ValueError(
            f"The cross-validation has tested image {last}, but X and y have {n_images}. Pass those that it was given."
        )
    return list(result["estimator"]), folds


def _pool(predicted):
    """Classes of all folds, and the probabilities that each fold gives them: 0 for one that it has not met."""
    classes = np.unique(np.concatenate([each.classes for each in predicted]))
    if any(each.y_proba is None for each in predicted):
        return classes, None
    whole = np.zeros((sum(len(each.y_pred) for each in predicted), len(classes)), dtype=predicted[0].y_proba.dtype)
    first = 0
    for each in predicted:
        whole[first : first + len(each.y_pred), np.searchsorted(classes, each.classes)] = each.y_proba
        first += len(each.y_pred)
    return classes, whole


def _fold_table(predicted, found, classes):
    """Scores and costs of each fold, numbered from 1."""
    import pandas as pd

    ends = np.cumsum([len(each.y_pred) for each in predicted])[:-1]
    divided = [[None] * len(predicted) if each is None else np.split(each, ends) for each in found]
    rows = [
        {"n_images": len(each.y_pred)} | classification_scores(*fold, classes=classes) | each.costs
        for each, *fold in zip(predicted, *divided, strict=True)
    ]
    return pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="fold")).dropna(axis="columns", how="all")


def _over_folds(table, pooled):
    """Mean and standard deviation of the folds beside the pooled scores, and costs below them."""
    import pandas as pd

    both = pd.DataFrame({"mean": table.mean(), "sd": table.std()})
    return with_costs(both.reindex(pooled.index).join(pooled), both[both.index.isin(list(COSTS))])


def _histories(estimators):
    fitted = [unwrap_estimator(each, "history_") for each in estimators]
    return None if any(each is None for each in fitted) else [each.history_ for each in fitted]
