"""Which of several estimators is better, and whether that is more than chance."""

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import is_classifier
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import cross_validate
from sklearn.utils import _safe_indexing, indexable
from sklearn.utils._param_validation import Interval, StrOptions, validate_params
from sklearn.utils.parallel import Parallel, delayed

from skimgcls.metrics._unwrap_estimator import unwrap_estimator
from skimgcls.model_selection._comparison import Comparison, metric_columns
from skimgcls.model_selection._named_candidates import named_candidates
from skimgcls.model_selection._paired_folds import paired_folds
from skimgcls.model_selection._reseed import draw_seed, reseed
from skimgcls.model_selection._validated_pipeline import ValidatedPipeline


@validate_params(
    {
        "n_seeds": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "reference": [str, None],
        "alpha": [Interval(Real, 0, 1, closed="neither")],
        "params": [dict, None],
        "random_state": ["random_state"],
        "error_score": [StrOptions({"raise"}), Real],
        "return_train_score": ["boolean"],
        "return_estimator": ["boolean"],
    },
    prefer_skip_nested_validation=False,  # or bad parameters of the estimators would pass
)
def compare(
    estimators,
    X,
    y,
    *,
    cv=5,
    scoring=None,
    n_seeds=1,
    n_jobs=None,
    reference=None,
    alpha=0.05,
    groups=None,
    params=None,
    random_state=None,
    error_score=np.nan,
    return_train_score=False,
    return_estimator=False,
):
    """Compare estimators on the same folds and say which differences are real.

    All candidates are fitted on the same folds, in turn, so that what makes a fold hard or a machine slow meets all of
    them. `Comparison` then tests the differences with the corrected resampled t-test and tells "no detectable
    difference" from "worse". Not detectable does not mean equal: the interval of the difference says how large it may
    be.

    Seeds: every fit has a seed of its own, so that luck in the weights and in the order of images counts as chance and
    not as merit. On each fold a ``random_state`` that is an integer, nested ones in pipelines too, gives way to one
    that is derived from it, the repetition and the fold. Candidates of equal seeds stay equal in this, those of
    different seeds different. One that is None is derived from `random_state`.

    Parameters
    ----------
    estimators : dict of str to estimator, list of estimator, or pair (estimator, grid)
        At least two candidates, any scikit-learn estimators. A list is named by what differs, as is a grid (a dict of
        parameter names to lists of values, or a list of such dicts).
    X : array-like of shape (n, ...)
        Images in any form that the estimators take, paths included.
    y : array-like of shape (n,)
        Labels.
    cv : int, splitter, iterable of (train, test) or None, default=5
        As in ``cross_validate``, except that the folds of an integer (None: 5) are shuffled. With several seeds, a
        splitter that shuffles does so in another way in each repetition. The folds of one that does not stay the
        same; the scores of a fold are then averaged over the seeds, as more seeds make no more data.
    scoring : str, callable, list, tuple, dict or None, default=None
        As in ``cross_validate``; None is the estimators' own score. Of several metrics the first decides.
    n_seeds : int, default=1
        Repetitions of the whole cross-validation, each with seeds and (see `cv`) folds of its own.
    n_jobs : int or None, default=None
        Fits at a time, of all candidates and folds; None means 1, or what ``joblib.parallel_config`` says.
    reference : str, default=None
        Name of a candidate, chosen beforehand, that the others are compared with. None compares with the best.
    alpha : float in (0, 1), default=0.05
        Probability of declaring any difference where there is none.
    groups : array-like of shape (n,), default=None
        Groups for the splitter.
    params : dict, default=None
        Handed to ``cross_validate``: ``{"sample_weight": w}`` goes to ``fit``, or wherever it is requested when
        metadata routing is enabled.
    random_state : int, RandomState instance or None, default=None
        Seed of the folds, and of estimators without one. None draws it from numpy's global generator.
    error_score : "raise" or float, default=nan
        Score of a fit that fails. With nan, a candidate with failed fits is named and not tested.
    return_train_score : bool, default=False
        Whether to score the training images too, which costs a prediction of them.
    return_estimator : bool, default=False
        Whether to keep every fitted estimator in the column ``estimator`` of ``scores``.

    Returns
    -------
    comparison : Comparison
        ``frame`` with one row per candidate, ``scores`` with one row per fit, ``summary`` and ``plot()``.

    Raises
    ------
    ValueError
        If there are fewer than two candidates or splits, the reference is no candidate, or no candidate could be
        fitted on every fold.
    TypeError
        If a candidate is no estimator.

    Warns
    -----
    FitFailedWarning
        If fits failed.

    See Also
    --------
    Comparison : What is tested, and how.
    sklearn.model_selection.cross_validate : Scores of one estimator.

    Examples
    --------
    >>> from skimgcls import MLPClassifier, compare
    >>> from skimgcls.datasets import load_digit_images
    >>> X, y = load_digit_images(return_X_y=True)
    >>> model = MLPClassifier(max_epochs=2, random_state=0)
    >>> comparison = compare((model, {"lr": [1e-3, 1e-6]}), X[:500], y[:500], cv=3, random_state=0)
    >>> comparison.frame["verdict"].to_dict()
    {'lr=0.001': 'best', 'lr=1e-06': 'worse'}
    """
    candidates = named_candidates(estimators)
    names = [candidate.name for candidate in candidates]
    if reference is not None and reference not in names:
        raise ValueError(f"reference={reference!r} is no candidate. Choose one of {names}.")
    classifiers = all(is_classifier(candidate.estimator) for candidate in candidates)
    default_seed = draw_seed(random_state)
    X, y = indexable(X, y)
    folds = paired_folds(cv, X, y, groups=groups, n_seeds=n_seeds, default_seed=default_seed, classifier=classifiers)
    options = {
        "scoring": list(scoring) if isinstance(scoring, (tuple, set)) else scoring,
        "params": params,
        "return_train_score": return_train_score,
    }
    # candidates innermost: neighbours in time share the machine's load, which keeps their seconds comparable
    rows = Parallel(n_jobs=n_jobs)(
        delayed(_fit_and_score)(candidate, fold, X, y, default_seed, options, error_score, return_estimator)
        for fold in folds
        for candidate in candidates
    )
    scores, metric = _scores_frame(rows, scoring, error_score)
    return Comparison(
        scores,
        metric=metric,
        metric_label=_metric_label(scoring, metric, classifiers),
        reference=reference,
        alpha=alpha,
        params={candidate.name: candidate.params for candidate in candidates},
    )


def _fit_and_score(candidate, fold, X, y, default_seed, options, error_score, return_estimator):
    """Fit one candidate on one fold: a row of the scores."""
    estimator = reseed(candidate.estimator, default_seed, fold.seed, fold.fold)
    if isinstance(estimator, ValidatedPipeline):
        estimator.set_params(X_val=_safe_indexing(X, fold.test), y_val=_safe_indexing(y, fold.test))
    row = {
        "candidate": candidate.name,
        "seed": fold.seed,
        "fold": fold.fold,
        "split": fold.split,
        "n_train": len(fold.train),
        "n_test": len(fold.test),
    }
    try:
        # one split at a time, so that estimators can have a seed for each and are dropped where they were fitted
        results = cross_validate(
            estimator, X, y, cv=[(fold.train, fold.test)], return_estimator=True, error_score="raise", **options
        )
    except Exception as error:
        if error_score == "raise":
            raise
        return row | {"error": f"{type(error).__name__}: {error}"}
    row |= {name.removeprefix("test_"): v[0] for name, v in results.items() if name.startswith(("test_", "train_"))}
    row |= {"fit_seconds": results["fit_time"][0], "score_seconds": results["score_time"][0]}
    (fitted,) = results["estimator"]
    for column, attribute in {"epochs": "n_epochs_", "n_parameters": "n_parameters_"}.items():
        found = unwrap_estimator(fitted, attribute)
        if found is not None:
            row[column] = getattr(found, attribute)
    return row | ({"estimator": fitted} if return_estimator else {})


def _scores_frame(rows, scoring, error_score):
    """The scores as a table, and the name of the metric that decides."""
    import pandas as pd

    scores = pd.DataFrame(rows)
    metrics = list(scoring) if isinstance(scoring, (list, tuple, set, dict)) else metric_columns(scores) or ["score"]
    failed = [row for row in rows if "error" in row]
    if failed:
        if len(failed) == len(rows):
            scores[["fit_seconds", "score_seconds", *metrics]] = np.nan
        scores.loc[scores["error"].notna(), metrics] = error_score
        warnings.warn(
            f"{len(failed)} of {len(rows)} fits failed; they count as {error_score}. The first, of "
            f"{failed[0]['candidate']!r}: {failed[0]['error'].rstrip('.')}. Set error_score='raise' to see where.",
            FitFailedWarning,
            stacklevel=4,  # the caller of compare, past the check of its parameters
        )
    return scores, metrics[0]


def _metric_label(scoring, metric, classifiers):
    """What to call the metric: the estimators' own score is the accuracy of classifiers."""
    if scoring is None:
        return "accuracy" if classifiers else "score"
    if metric == "score":
        metric = scoring if isinstance(scoring, str) else getattr(scoring, "__name__", metric)
    return metric.replace("_", " ")
