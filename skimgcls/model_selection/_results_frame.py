"""One tidy table of what a search tried."""

import numpy as np

from skimgcls.model_selection._candidates import read_candidates
from skimgcls.model_selection._known_costs import epochs_run, parameter_counts, settings_of
from skimgcls.model_selection._parameter_columns import parameter_columns
from skimgcls.model_selection._within_one_se import within_one_se
from skimgcls.utils._is_same import is_same

RESULT_COLUMNS = (
    "score", "score_std", "train_score", "train_score_std", "rank", "difference", "is_base", "tie",
    "iteration", "state", "n_images", "n_resources", "epochs", "steps", "fit_seconds", "score_seconds", "trial_seconds",
    "seconds_per_epoch", "predict_images_per_second", "n_parameters",
)  # fmt: skip


def results_frame(search, *, metric=None, n_images=None):
    """Tell in one table what each candidate of a search was, scored and cost.

    Parameters
    ----------
    search : fitted search, optuna.Study or dict
        ``GridSearchCV``, ``RandomizedSearchCV``, their halving kin and any other search with ``cv_results_``; the
        ``OptunaSearchCV`` of optuna-integration; a study of Optuna with any objective; or what ``cross_validate``
        returned, which makes a table of one row.
    metric : str, default=None
        Which of several metrics `rank`, `difference` and `tie` are about; its column comes first. None means the one
        that the search was told to refit by, or the first.
    n_images : int, default=None
        Images that the search was fitted on, which scikit-learn's searches do not keep. Without it there is no
        `predict_images_per_second`, except where folds say their sizes: ``HalvingGridSearchCV`` on images,
        ``OptunaSearchCV``, ``cross_validate(..., return_indices=True)``, and a list of splits as `cv`.

    Returns
    -------
    frame : DataFrame, one row per candidate, in the order of the search
        The index holds the numbers of candidates or trials. Parameters, scores, standing and costs, as the notes list
        them; a column that would hold nothing is left out.

    Raises
    ------
    TypeError
        If it is no search.
    ValueError
        If the search has tried nothing yet, or has no such metric.

    See Also
    --------
    ParetoDisplay : Scores against costs.
    SearchHeatMapDisplay : Scores over two parameters.

    Notes
    -----
    The columns:

    ==============================  ===============================================================================
    parameters                      by the last part of their name (``estimator__lr`` is ``lr``), unless two share
                                    it. Numbers and truth values as they are; everything else as text, so that
                                    tuples, functions, augmentations and None can be read and grouped. What a
                                    candidate leaves alone has the value of the estimator.
    ``score``, ``score_std``        mean and standard deviation of the test folds (n in the denominator, as in
                                    scikit-learn). With several metrics ``accuracy``, ``accuracy_std`` and so on;
                                    of a study the value, of several objectives their names or ``score_0``...
    ``train_score`` ...             the same of the training folds
    ``rank``                        from 1; equals share the better rank. Those that halving kept come first.
    ``difference``                  score minus that of the base candidate: the one with the estimator's own
                                    values, or else the first that came as far as the best. Halving compares
                                    within an iteration.
    ``is_base``                     whether it is that one
    ``tie``                         whether the score is within one standard error of the best [1]_: a sign that
                                    they may be equally good, and no test
    ``epochs``                      epochs trained, mean over folds: as kept networks say, or ``max_epochs`` where
                                    nothing could stop before
    ``steps``                       values that a trial reported before it ended, for a study of Optuna
    ``fit_seconds``                 mean over the folds
    ``seconds_per_epoch``           of these
    ``score_seconds``               mean over the folds, prediction and metrics
    ``predict_images_per_second``   images in a test fold by those seconds
    ``trial_seconds``               whole duration of a trial of a study
    ``n_parameters``                weights that training adjusts; for our estimators, where the search was refitted
    others                          ``iteration``, ``n_images`` and the like of halving; ``state`` of trials, if not
                                    all are complete; whatever else ``cv_results_`` holds for each candidate
    ==============================  ===============================================================================

    The standard error of the best is its standard deviation over the k folds (k - 1 in the denominator) by the square
    root of k. Folds share training images, so it is too small by a factor that nobody knows [2]_.

    References
    ----------
    .. [1] L. Breiman et al., "Classification and Regression Trees", Wadsworth 1984, section 3.4.3: the 1 SE rule.
    .. [2] Y. Bengio, Y. Grandvalet, "No unbiased estimator of the variance of k-fold cross-validation", JMLR 2004.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skimgcls.model_selection import results_frame
    >>> X, y = load_digits(return_X_y=True)
    >>> pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))
    >>> search = GridSearchCV(pipeline, {"logisticregression__C": [0.01, 1.0]}, cv=3).fit(X[:300], y[:300])
    >>> frame = results_frame(search)
    >>> frame[["C", "rank", "is_base"]].values.tolist()
    [[0.01, 2, False], [1.0, 1, True]]
    """
    import pandas as pd

    candidates = read_candidates(search, n_images)
    metric = _main_metric(candidates, metric)
    own = {} if candidates.estimator is None else candidates.estimator.get_params(deep=True)
    params = [{k: v for k, v in each.items() if k != candidates.resource} for each in candidates.params]
    columns = _score_columns(candidates, metric)
    columns |= _standing(candidates, metric, params, own)
    columns |= _cost_columns(candidates)
    frame = pd.DataFrame(
        parameter_columns(params, own, reserved={*RESULT_COLUMNS, *columns}) | columns,
        index=pd.Index(candidates.index or range(len(params)), name=candidates.index_name),
    )
    frame = frame.drop(columns=[name for name in columns if name != metric and frame[name].isna().all()])
    # Displays say by these what they show, and do without where they got lost.
    frame.attrs = {
        "metric": metric,
        "metric_label": candidates.metric_label if metric == "score" else metric.replace("_", " "),
        "lower_is_better": candidates.lower_is_better.get(metric, False),
    }
    return frame


def _main_metric(candidates, metric):
    if metric is None:
        metric = candidates.main_metric or next(iter(candidates.means))
    if metric not in candidates.means:
        raise ValueError(f"The search has no metric {metric!r}. Expected one of {list(candidates.means)}.")
    return metric


def _score_columns(candidates, metric):
    columns = {}
    for name in sorted(candidates.means, key=lambda name: name != metric):
        columns[name] = candidates.means[name]
        if name in candidates.stds:
            columns[f"{name}_std"] = candidates.stds[name]
        if name in candidates.train_means:
            columns[f"train_{name}"] = candidates.train_means[name]
        if name in candidates.train_stds:
            columns[f"train_{name}_std"] = candidates.train_stds[name]
    return columns


def _standing(candidates, metric, params, own):
    """Rank, difference to the base and ties: among those that were trained on as much."""
    means = candidates.means[metric]
    values = np.where(np.isnan(means), -np.inf, -means if candidates.lower_is_better.get(metric) else means)
    stage = _stage(candidates)
    rank = _rank(stage, values)
    best = int(np.argmin(rank))
    is_base = _find_base(params, own, last=int(np.flatnonzero(stage == stage[best])[0]))
    base_means = dict(zip(stage[is_base], means[is_base], strict=True))
    standing = {
        "rank": rank,
        "difference": means - np.array([base_means.get(each, np.nan) for each in stage]),
        "is_base": is_base,
    }
    if metric in candidates.stds:
        is_within = within_one_se(values, best, candidates.stds[metric][best], candidates.n_folds)
        standing["tie"] = (stage == stage[best]) & is_within
    return standing


def _stage(candidates):
    """How far each candidate came: the iteration of halving, or whether a trial was completed."""
    if "iteration" in candidates.columns:
        return candidates.columns["iteration"]
    if "state" in candidates.columns:
        return (candidates.columns["state"] == "complete").astype(int)
    return np.zeros(len(candidates.params), dtype=int)


def _rank(stage, values):
    order = np.lexsort((-values, -stage))
    stage, values = stage[order], values[order]
    is_new = np.r_[True, (stage[1:] != stage[:-1]) | (values[1:] != values[:-1])]
    rank = np.empty(len(order), dtype=int)
    rank[order] = np.maximum.accumulate(np.where(is_new, np.arange(1, len(order) + 1), 0))
    return rank


def _find_base(params, own, last):
    """Rows of the candidate with the estimator's own values, or else of the first that came as far as the best."""
    for each in params:
        if all(name in own and is_same(value, own[name]) for name, value in each.items()):
            base = each
            break
    else:
        base = params[last]
    return np.array([is_same(each, base) for each in params])


def _cost_columns(candidates):
    columns = dict(candidates.columns)
    settings = settings_of(candidates.estimator, candidates.params)
    if "epochs" not in columns:
        columns["epochs"] = epochs_run(candidates, settings)
    if "n_parameters" not in columns:
        columns["n_parameters"] = parameter_counts(candidates, settings)
    with np.errstate(divide="ignore", invalid="ignore"):  # no seconds: a fit failed
        if "fit_seconds" in columns:
            columns["seconds_per_epoch"] = _finite(columns["fit_seconds"] / columns["epochs"])
        if "score_seconds" in columns:
            columns["predict_images_per_second"] = _finite(candidates.test_size / columns["score_seconds"])
    for name in ("epochs", "n_parameters"):
        if np.array_equal(columns[name], np.round(columns[name])):  # NaN is not equal
            columns[name] = columns[name].astype(int)
    known = [name for name in RESULT_COLUMNS if name in columns]
    return {name: columns[name] for name in [*known, *columns]}


def _finite(values):
    return np.where(np.isfinite(values), values, np.nan)
