"""What a search will take, from a few short fits."""

import copy
from math import ceil
from typing import NamedTuple

import numpy as np
from sklearn.base import is_classifier
from sklearn.model_selection import check_cv
from sklearn.utils import indexable

from skimgcls.model_selection._cost_estimate import CostEstimate
from skimgcls.model_selection._known_costs import _planned_epochs, settings_of
from skimgcls.model_selection._parameter_columns import parameter_columns
from skimgcls.model_selection._planned_work import check_search, planned_work
from skimgcls.model_selection._time_candidates import Seconds, epochs_name, time_candidates

# These change what is learnt in a given time, and not the time.
_WITHOUT_COST = {
    "lr", "lr_schedule", "momentum", "weight_decay", "label_smoothing", "random_state", "patience", "tol", "max_epochs",
    "time_limit", "verbose",
}  # fmt: skip


class _Fit(NamedTuple):
    """A fit of a candidate, as far as its cost goes; `kind` is a name for `params`, those that matter for the time."""

    kind: str
    params: dict
    epochs: int | None
    limit: float
    may_stop: bool


def estimate_cost(search, X, y, **fit_params):
    """Tell what a search will take, before it is run.

    A few candidates are fitted for one and for three epochs on one training fold: the difference is what an epoch
    takes, the rest what a fit takes besides. With ``n_jobs`` as many fits run at a time as in the search, so that
    they get in each other's way as they will. A fit of a few images comes first, as the first of a process takes
    seconds longer.

    Parameters
    ----------
    search : search
        ``GridSearchCV``, ``RandomizedSearchCV``, their halving kin, or the ``OptunaSearchCV`` of optuna-integration,
        over any estimator. It stays as it is.
    X : array-like of shape (n, ...)
        What ``search.fit`` will get.
    y : array-like of shape (n,)
        Labels.
    **fit_params : dict
        What else ``search.fit`` will get, such as ``groups`` or ``sample_weight``.

    Returns
    -------
    estimate : CostEstimate
        ``seconds``, ``refit_seconds`` and what they are made of; printed, it is a sentence.

    Raises
    ------
    TypeError
        If `search` is no search.
    ValueError
        If its ``cv`` can be read only once, or nobody knows beforehand how much it does.

    See Also
    --------
    cheapest_within_one_se : Take the cheapest of the good candidates.
    lr_range_test : Find the learning rates to search.

    Notes
    -----
    Candidates that differ only in what takes no time (learning rate, schedule, momentum, weight decay, label
    smoothing, seed, number of epochs) are measured once. Of more than four other combinations four are drawn and
    measured, and more for up to ten seconds; their mean stands for the rest.

    It is an estimate. Early stopping, callbacks and pruning count as if they never struck, as ``at_most`` says.
    Halving is taken to keep average candidates; on images, it is measured on as many as each iteration has. Random
    parameters are drawn with the search's own seed, or another where it has none. An estimator without ``max_epochs``
    is fitted as a whole. The search's own work is left out; with networks it is small.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skimgcls import MLPClassifier
    >>> from skimgcls.datasets import load_digit_images
    >>> from skimgcls.model_selection import estimate_cost
    >>> X, y = load_digit_images(return_X_y=True)
    >>> search = GridSearchCV(MLPClassifier(max_epochs=5), {"lr": [1e-3, 1e-2], "batch_size": [64, 256]}, cv=3)
    >>> estimate_cost(search, X[:300], y[:300])
    12 fits x (5 epochs x ... s + ... s) = ... s on ..., ... s with the refit
    """
    check_search(search)
    X, y = indexable(X, y)
    folds = _folds(search, X, y, fit_params.pop("groups", None))
    work = planned_work(search, y, len(folds))
    n_train = np.mean([len(train) for train, _ in folds])
    fold = min(folds, key=lambda fold: abs(len(fold[0]) - n_train))
    rounds = [_fits(search.estimator, each.candidates) for each in work.rounds]
    refit = _fits(search.estimator, work.refit)
    kinds = {fit.kind: fit.params for fits in [*rounds, refit] for fit in fits}
    seconds = {
        share: time_candidates(search, work, kinds, X, y, _part(fold, share), fit_params)
        for share in {each.share for each in work.rounds}
    }
    totals = _add_up(work, rounds, seconds, len(folds))
    if refit:
        largest = max(seconds)
        n_more = len(y) / (largest * len(fold[0]))  # images of the refit, to those measured
        _, training, beside = _mean(refit, seconds[largest], n_more=n_more, is_scored=False)
        totals["refit_seconds"] = float(training + beside)
    return CostEstimate(
        n_candidates=work.rounds[0].n_candidates,
        n_folds=len(folds),
        n_parallel=work.n_parallel,
        at_most=work.at_most or any(fit.may_stop for fits in rounds for fit in fits),
        frame=_frame(search.estimator, kinds, seconds[max(seconds)]),
        **_device(search.estimator, work.n_parallel),
        **totals,
    )


def _folds(search, X, y, groups):
    if hasattr(search.cv, "__next__"):
        raise ValueError("cv is an iterator, and what is read here would be missing in the search. Pass list(cv).")
    cv = copy.deepcopy(search.cv)  # it may draw from a RandomState
    splitter = check_cv(cv, y, classifier=is_classifier(search.estimator))
    return list(splitter.split(X, y, groups))


def _part(fold, share):
    """A share of the images of a fold, drawn as halving draws them."""
    if share == 1:
        return fold
    draw = np.random.RandomState(0).choice
    return tuple(draw(rows, max(1, int(share * len(rows))), replace=False) for rows in fold)


def _fits(estimator, candidates):
    fits = []
    for params, settings in zip(candidates, settings_of(estimator, candidates), strict=True):
        relevant = {name: params[name] for name in sorted(params) if name.rpartition("__")[2] not in _WITHOUT_COST}
        name = epochs_name(settings)
        epochs, limit = None, None
        if name is not None:
            epochs, limit = settings[name], settings.get(name.replace("max_epochs", "time_limit"))
        may_stop = epochs is not None and bool(np.isnan(_planned_epochs(settings)))
        fits.append(_Fit(repr(relevant), relevant, epochs, np.inf if limit is None else limit, may_stop))
    return fits


def _mean(fits, seconds, *, n_more=1.0, is_scored=True, by_epochs=False):
    """Mean over fits of their epochs, of the seconds of these, and of those beside: ndarray (3,)."""
    typical = Seconds(*np.mean(list(seconds.values()), axis=0))
    rows = []
    for fit in fits:
        epoch, start, score = seconds.get(fit.kind, typical)
        beside = (start + is_scored * score) * ((fit.epochs or 1) if by_epochs else 1)
        if fit.epochs is None:
            rows.append((0, 0.0, beside + n_more * epoch))
        else:
            rows.append((fit.epochs, min(n_more * epoch * fit.epochs, fit.limit), beside))
    return np.mean(rows, axis=0)


def _add_up(work, rounds, seconds, n_folds):
    """Fields of the estimate: numbers of fits and epochs, and seconds in means and all together."""
    n_fits, sums, wall_time = 0, np.zeros(3), 0.0
    for each, fits in zip(work.rounds, rounds, strict=True):
        mean = _mean(fits, seconds[each.share], by_epochs=work.by_epochs)
        n_round = each.n_candidates * n_folds
        n_fits, sums = n_fits + n_round, sums + n_round * mean
        n_tasks = each.n_candidates if work.folds_in_turn else n_round
        wall_time += ceil(n_tasks / work.n_parallel) * (n_round // n_tasks) * (mean[1] + mean[2])
    n_epochs, training, beside = map(float, sums)
    return {
        "n_fits": n_fits,
        "epochs": n_epochs / n_fits if n_epochs else None,
        "seconds_per_epoch": training / n_epochs if n_epochs else 0.0,
        "seconds_beside": beside / n_fits,
        "seconds": float(wall_time),
        "refit_seconds": 0.0,
    }


def _device(estimator, n_parallel):
    """Where a network is trained, and on how many threads, as fields of the estimate."""
    settings = settings_of(estimator, [{}])[0]
    name = epochs_name(settings)
    device = None if name is None else settings.get(name.replace("max_epochs", "device"))
    if device is None:
        return {"device": None, "n_threads": None}
    import torch

    from skimgcls.utils._device import resolve_device
    from skimgcls.utils._torch_scope import torch_scope

    device, n_threads = str(resolve_device(device)), None
    if device == "cpu" and n_parallel == 1:
        with torch_scope(settings.get(name.replace("max_epochs", "n_jobs")), brief=True):
            n_threads = torch.get_num_threads()
    return {"device": device, "n_threads": n_threads}


def _frame(estimator, kinds, seconds):
    import pandas as pd

    params = [kinds[kind] for kind in seconds]
    names = ("seconds_per_epoch", "start_seconds", "score_seconds")
    columns = parameter_columns(params, estimator.get_params(deep=True), reserved=names)
    values = np.array(list(seconds.values()))
    return pd.DataFrame(columns | dict(zip(names, values.T, strict=True)))
