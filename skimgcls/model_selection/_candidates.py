"""What a search tried and measured, read into one form from every kind of search."""

import re
from dataclasses import dataclass, field

import numpy as np

MEAN = re.compile(r"mean_(test|train)_(.+)")
NOT_EXTRA = re.compile(r"(param_|split\d+_|std_|rank_|mean_(test|train)_)|(params|iter|n_resources)$")
SECONDS = {"mean_fit_time": "fit_seconds", "mean_score_time": "score_seconds"}


@dataclass
class Candidates:
    """Parameters, scores and times of n candidates.

    Parameters
    ----------
    params : list of dict
        What was set, by full name.
    means, train_means : dict of ndarray (n,)
        Mean score on test and training folds, by metric; NaN where a fit failed.
    stds, train_stds : dict of ndarray (n,)
        Standard deviations over the folds, with n in the denominator; empty where there are no folds.
    n_folds : int
        Scores behind a mean.
    columns : dict of ndarray (n,)
        Anything else, under the name that it has in the table.
    estimator : estimator or None
        What the parameters were set on.
    fitted : list of list of estimators
        Of each candidate, where they were kept; else empty.
    best : estimator or None
        The winner, fitted again.
    best_params : dict
        What was set on the winner.
    test_size : float or ndarray (n,)
        Images in a test fold; NaN where unknown.
    lower_is_better : dict of bool
        By metric, where it is so.
    index : list of int
        Numbers of the candidates.
    index_name : str
        What these number.
    metric_label : str
        Words for the metric named ``score``.
    main_metric : str or None
        The metric that the search chose by.
    resource : str or None
        The parameter that a halving search raises.
    """

    params: list
    means: dict
    stds: dict = field(default_factory=dict)
    train_means: dict = field(default_factory=dict)
    train_stds: dict = field(default_factory=dict)
    n_folds: int = 1
    columns: dict = field(default_factory=dict)
    estimator: object = None
    fitted: list = field(default_factory=list)
    best: object = None
    best_params: dict = field(default_factory=dict)
    test_size: object = np.nan
    lower_is_better: dict = field(default_factory=dict)
    index: list = None
    index_name: str = "candidate"
    metric_label: str = "score"
    main_metric: str = None
    resource: str = None


def read_candidates(search, n_images=None):
    """Read any search.

    Parameters
    ----------
    search : search, study or dict
        As for ``results_frame``.
    n_images : int, default=None
        Images that it was fitted on.

    Returns
    -------
    candidates : Candidates

    Raises
    ------
    TypeError
        If it is none of the searches known.
    ValueError
        If it has not tried anything yet.
    """
    if hasattr(search, "get_trials") and hasattr(search, "directions"):
        return _from_study(search)
    if hasattr(search, "get_params") and hasattr(search, "study_"):
        is_ours = "trial" in search.cv_results_
        return (_from_our_optuna_search if is_ours else _from_optuna_search)(search, n_images)
    if hasattr(search, "cv_results_"):
        return _from_search(search, n_images)
    if isinstance(search, dict) and "fit_time" in search:
        return _from_cross_validate(search)
    if hasattr(search, "get_params") and hasattr(search, "fit"):
        what = "has not been fitted" if hasattr(search, "estimator") else "is no search"
        raise ValueError(
            f"{type(search).__name__} {what}: it has no cv_results_. Call fit on a search such as GridSearchCV first."
        )
    raise TypeError(
        "Expected a fitted search such as GridSearchCV or OptunaSearchCV, an Optuna study, or what cross_validate "
        f"returned, got {type(search).__name__}."
    )


def _from_search(search, n_images):
    results = search.cv_results_
    resource = getattr(search, "resource", None)
    candidates = Candidates(
        params=list(results["params"]),
        means={},
        columns=_other_columns(results, resource),
        estimator=getattr(search, "estimator", None),
        best=getattr(search, "best_estimator_", None),
        best_params=getattr(search, "best_params_", {}),
        n_folds=getattr(search, "n_splits_", 1),
        main_metric=search.refit if isinstance(getattr(search, "refit", None), str) else None,
        metric_label=_metric_label(search),
        resource=None if resource == "n_samples" else resource,
    )
    for name, values in results.items():
        match = MEAN.fullmatch(name)
        if match:
            split, metric = match.groups()
            means, stds = _targets(candidates, split)
            means[metric] = np.asarray(values, dtype=float)
            if candidates.n_folds > 1:  # of one fold it would be a zero that means nothing
                stds[metric] = np.asarray(results[f"std_{split}_{metric}"], dtype=float)
    n_fitted = candidates.columns.get(
        "n_images", getattr(search, "n_samples_", np.nan) if n_images is None else n_images
    )
    candidates.test_size = _test_size(getattr(search, "cv", None), candidates.n_folds, n_fitted)
    return candidates


def _other_columns(results, resource):
    columns = {}
    if "iter" in results:
        columns["iteration"] = np.asarray(results["iter"])
    if "n_resources" in results:
        name = "n_images" if resource == "n_samples" else str(resource).rpartition("__")[2]
        columns[name] = np.asarray(results["n_resources"])
    for name, values in results.items():
        values = np.asarray(values) if np.ndim(values) == 1 else np.empty(0, dtype=object)
        if not NOT_EXTRA.match(name) and values.dtype != object and len(values) == len(results["params"]):
            columns[SECONDS.get(name, name.removeprefix("mean_"))] = values
    return columns


def _from_our_optuna_search(search, n_images):
    candidates = _from_search(search, n_images)
    columns, trials = candidates.columns, {trial.number: trial for trial in search.trials_}
    candidates.index, candidates.index_name = columns.pop("trial").tolist(), "trial"
    columns["trial_seconds"] = np.array([trials[number].duration.total_seconds() for number in candidates.index])
    states = columns.pop("state").astype(object)
    if set(states) != {"complete"}:
        columns["state"] = states
    return candidates


def _from_optuna_search(search, n_images):
    candidates = _from_study(search.study_)
    candidates.estimator = search.estimator
    candidates.best = getattr(search, "best_estimator_", None)
    candidates.best_params = search.best_params_ if candidates.best is not None else {}
    candidates.metric_label = _metric_label(search)
    n_fitted = len(search.sample_indices_) if hasattr(search, "sample_indices_") else n_images
    candidates.test_size = _test_size(search.cv, candidates.n_folds, np.nan if n_fitted is None else n_fitted)
    if "steps" in candidates.columns and search.enable_pruning:  # partial_fit, which is one epoch, and then a report
        candidates.columns["epochs"] = candidates.columns.pop("steps")
    return candidates


def _from_study(study):
    trials = [trial for trial in study.get_trials(deepcopy=False) if trial.state.is_finished()]
    if not trials:
        raise ValueError("The study has no finished trial. Call its optimize first.")
    several = len(study.directions) > 1
    metrics = study.metric_names or ([f"score_{i}" for i in range(len(study.directions))] if several else ["score"])
    values = np.array([trial.values or [np.nan] * len(metrics) for trial in trials], dtype=float)  # (trials, metrics)
    attrs = [trial.user_attrs for trial in trials]
    candidates = Candidates(
        params=[trial.params for trial in trials],
        means=dict(zip(metrics, values.T, strict=True)),
        columns=_trial_columns(trials, attrs),
        lower_is_better={metric: d.name == "MINIMIZE" for metric, d in zip(metrics, study.directions, strict=True)},
        index=[trial.number for trial in trials],
        index_name="trial",
        metric_label="value",
    )
    if not several and any("std_test_score" in each for each in attrs):  # written by OptunaSearchCV
        candidates.n_folds = max(sum(re.fullmatch(r"split\d+_test_score", key) is not None for key in a) for a in attrs)
        for split in ("test", "train"):
            means, stds = _targets(candidates, split)
            if any(f"std_{split}_score" in each for each in attrs):
                means[metrics[0]] = _attribute(attrs, f"mean_{split}_score")
                stds[metrics[0]] = _attribute(attrs, f"std_{split}_score")
    return candidates


def _trial_columns(trials, attrs):
    states = [trial.state.name.lower() for trial in trials]
    columns = {"state": np.array(states, dtype=object)} if set(states) != {"complete"} else {}
    for name in ("epochs", "n_parameters", *SECONDS):
        if any(name in each for each in attrs):
            columns[SECONDS.get(name, name)] = _attribute(attrs, name)
    if any(trial.intermediate_values for trial in trials):
        columns["steps"] = np.array([len(trial.intermediate_values) for trial in trials])
    columns["trial_seconds"] = np.array([t.duration.total_seconds() if t.duration else np.nan for t in trials])
    return columns


def _attribute(attrs, name):
    return np.array([each.get(name, np.nan) for each in attrs], dtype=float)


def _from_cross_validate(results):
    fitted = list(results.get("estimator", []))
    candidates = Candidates(
        params=[{}],
        means={},
        columns={
            "fit_seconds": np.array([np.mean(results["fit_time"])]),
            "score_seconds": np.array([np.mean(results["score_time"])]),
        },
        estimator=fitted[0] if fitted else None,
        fitted=[fitted] if fitted else [],
        n_folds=len(results["fit_time"]),
    )
    for name, values in results.items():
        split, _, metric = name.partition("_")
        if split in ("test", "train") and metric:
            means, stds = _targets(candidates, split)
            means[metric] = np.array([np.mean(values)])
            if candidates.n_folds > 1:
                stds[metric] = np.array([np.std(values)])
    if "indices" in results:
        candidates.test_size = np.mean([len(test) for test in results["indices"]["test"]])
    return candidates


def _targets(candidates, split):
    if split == "test":
        return candidates.means, candidates.stds
    return candidates.train_means, candidates.train_stds


def _metric_label(search):
    from sklearn.base import is_classifier

    scoring = getattr(search, "scoring", None)
    if isinstance(scoring, str):
        return scoring.replace("_", " ")
    has_own_score = scoring is None and is_classifier(getattr(search, "estimator", None))
    return "accuracy" if has_own_score else "score"


def _test_size(cv, n_folds, n_images):
    """Images in a test fold, from what `cv` was given as; a number or one for each candidate."""
    if isinstance(cv, (list, tuple)):
        return np.mean([len(test) for _, test in cv])
    if hasattr(cv, "test_size") and "Group" not in type(cv).__name__:  # where it is a share of the groups
        return _shuffle_test_size(cv.test_size, cv.train_size, n_images)
    # one of k parts; what else a splitter of somebody's own does is not known
    is_k_fold = cv is None or isinstance(cv, int) or "KFold" in type(cv).__name__
    n_parts = n_folds // getattr(cv, "n_repeats", 1)
    return n_images / n_parts if is_k_fold and n_parts else np.nan


def _shuffle_test_size(test_size, train_size, n_images):
    if test_size is None and train_size is not None:
        return n_images - (train_size if train_size >= 1 else train_size * n_images)
    test_size = 0.1 if test_size is None else test_size  # the default of ShuffleSplit
    return test_size if test_size >= 1 else test_size * n_images
