"""How good a classifier is, where it fails, and what it costs."""

import warnings

import numpy as np
from sklearn.base import clone
from sklearn.utils import column_or_1d
from sklearn.utils.validation import _num_samples

from skimgcls.images._read_images import refuse_hidden_values
from skimgcls.inspection._shown_images import model_name
from skimgcls.metrics import bootstrap_intervals, classification_scores, per_class_scores
from skimgcls.metrics._unwrap_estimator import unwrap_estimator
from skimgcls.reports._estimator_code import estimator_code
from skimgcls.reports._evaluation import Evaluation, explain_gaps, find_mistakes, unit_of
from skimgcls.reports._predict_timed import predict_timed
from skimgcls.reports._report import Report
from skimgcls.reports._search_facts import plural


def evaluate(clf, X, y, *, n_bootstrap=1000, random_state=0, title=None):
    """Measure a fitted classifier on images that it has not seen.

    Every image is predicted once. Scores equal those of scikit-learn's own functions on these predictions.

    Parameters
    ----------
    clf : classifier
        Fitted: any of scikit-learn's interface, pipelines and searches included. Without ``predict_proba`` it gets
        those scores that need no probabilities.
    X : array-like
        Images in any form that it accepts.
    y : array-like of shape (n,)
        True labels. One that the classifier does not know counts as a mistake of probability 0.
    n_bootstrap : int, default=1000
        Samples for the 95 % intervals, as in ``bootstrap_intervals``. 0 leaves the intervals out.
    random_state : int, RandomState instance or None, default=0
        Seed of the samples.
    title : str, default=None
        Heading of the report. None names the classifier.

    Returns
    -------
    report : Report
        Scores and costs as tables, pictures, and a page to save.

    Raises
    ------
    NotFittedError
        If the classifier is not fitted.
    ValueError
        If it is none, there are no images, labels are missing, images and labels do not fit together, or it knows
        none of the labels.

    See Also
    --------
    evaluate_cv : The same on the folds of a cross-validation.
    skimgcls.model_selection.compare : Tells which of several models is better.

    Examples
    --------
    >>> from skimgcls import MLPClassifier, evaluate
    >>> from skimgcls.datasets import load_digit_images
    >>> X, y = load_digit_images(return_X_y=True)
    >>> clf = MLPClassifier(max_epochs=6, random_state=0).fit(X[:1000], y[:1000])
    >>> report = evaluate(clf, X[1000:], y[1000:])
    >>> report.frame.loc[["accuracy", "f1_macro"], ["low", "value", "high"]].round(1)
              low  value  high
    score
    accuracy  0.9    0.9   0.9
    f1_macro  0.9    0.9   0.9
    """
    import pandas as pd

    y = check_labelled_images(X, y, "evaluate")
    predicted = predict_timed(clf, X)
    found = (y, predicted.y_pred, predicted.y_proba)
    frame = score_frame(*found, predicted.classes, n_bootstrap, random_state)
    model = model_name(clf)
    fitted = unwrap_estimator(clf, "history_")
    advised = fitted if hasattr(fitted, "advise") else None  # what is not fitted has the method too
    evaluation = Evaluation(
        model,
        f"{model} on {plural(len(y), 'image')}" if title is None else title,
        estimator_code(clone(clf)),
        *found,
        predicted.classes,
        with_costs(frame, pd.DataFrame({"value": predicted.costs})),
        per_class_scores(*found, classes=predicted.classes),
        history=None if fitted is None else fitted.history_,
        notes=explain_gaps(model, y, predicted.y_proba, predicted.classes),
        advice=None if advised is None else advised.advise(),
    )
    add_mistakes(evaluation, X, clf)
    return Report(evaluation)


def check_labelled_images(X, y, function_name):
    """Return the labels as an array (n,), or raise an error that names `X` or `y` and the function they came to."""
    import pandas as pd

    for name, value, wanted in (("X", X, "images"), ("y", y, "one true label per image")):
        if value is None or np.isscalar(value):
            raise ValueError(f"{name} is {value!r}, where {function_name} expected {wanted}. Pass them as an array.")
    n_images = _num_samples(X)
    if n_images == 0:
        raise ValueError(f"X is empty, where {function_name} expected images. Pass at least one image and its label.")
    refuse_hidden_values(y, function_name, "y")
    y = column_or_1d(y)
    if len(y) != n_images:
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: X holds {n_images} images, y {len(y)} "
            "labels. Pass one label per image."
        )
    n_missing = int(np.sum(pd.isna(y)))
    if n_missing:
        raise ValueError(
            f"y contains NaN or None: {n_missing} of {len(y)} labels are missing. {function_name} expected the true "
            "label of each image; leave those images out."
        )
    return y


def score_frame(y_true, y_pred, y_proba, classes, n_bootstrap, random_state):
    """Compute all scores that are defined, with their intervals: DataFrame by score of value, low and high."""
    import pandas as pd

    values = classification_scores(y_true, y_pred, y_proba, classes=classes)
    frame = pd.DataFrame({"value": values, "low": np.nan, "high": np.nan}).rename_axis("score")
    if n_bootstrap:
        options = {"classes": classes, "n_bootstrap": n_bootstrap, "random_state": random_state}
        frame[["low", "high"]] = bootstrap_intervals(y_true, y_pred, y_proba, **options)
    return frame.dropna(subset="value")


def with_costs(frame, costs):
    """Add rows of costs, those that are known, to the rows of scores, and a column of units."""
    import pandas as pd

    whole = pd.concat([frame, costs.dropna(how="all").reindex(columns=frame.columns).astype(float)])
    return whole.rename_axis("score").assign(unit=[unit_of(name) for name in whole.index])


def add_mistakes(evaluation, X, estimator, rows=None):
    """Add the most confident mistakes to an evaluation, or a note where they cannot be shown."""
    if evaluation.y_proba is None:
        return
    found = (evaluation.y_true, evaluation.y_pred, evaluation.y_proba, evaluation.classes)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message="X has rows of")  # no square: they are hardly images
            evaluation.mistakes = find_mistakes(X, *found, rows=rows, estimator=estimator)
    except (TypeError, ValueError, UserWarning) as error:  # the numbers are right all the same
        evaluation.notes.append(f"The mistakes cannot be shown as images: {error}")
