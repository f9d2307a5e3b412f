"""Seconds that the candidates of a search take, measured on one training fold."""

import contextlib
from time import perf_counter
from typing import NamedTuple

import numpy as np
from joblib import parallel_config
from sklearn.base import clone
from sklearn.model_selection import cross_validate

from skimgcls.model_selection._known_costs import _prefix, settings_of

_FEW, _MORE = 1, 3  # epochs of the two fits whose difference is what an epoch takes
_LEAST_SECONDS, _MOST_REPEATS = 0.5, 5  # short fits are repeated
_LEAST_MEASURED, _ENOUGH_SECONDS = 4, 10  # of many kinds so many are measured, and more while that is quick
_WARM_UP_IMAGES = 500


class Seconds(NamedTuple):
    """What a fit takes.

    Parameters
    ----------
    epoch : float
        One epoch; of an estimator without epochs the whole fit.
    start : float
        The rest of the fit.
    score : float
        Copying the fold, and predicting and scoring what the search scores.
    """

    epoch: float
    start: float
    score: float


def time_candidates(search, work, kinds, X, y, fold, fit_params):
    """Fit each kind of candidate for one and for three epochs, as many at a time as in the search.

    Parameters
    ----------
    search : search
        Its estimator, scoring and so on apply.
    work : PlannedWork
        Says how many fits run at a time.
    kinds : dict of dict
        Parameters of each kind, by its name.
    X, y : array-like of shape (n, ...)
        Data of the search.
    fold : pair of ndarray of int
        Rows to train and to score on.
    fit_params : dict
        Handed to the fits.

    Returns
    -------
    seconds : dict of Seconds
        By name of the kind: of all of up to four kinds; of more those that were drawn. One that cannot be fitted is
        left out.

    Raises
    ------
    Exception
        What the first fit raised, if none succeeded.
    """
    options = {
        "scoring": search.scoring,
        "return_train_score": search.return_train_score,
        "params": fit_params or None,
        "n_jobs": work.n_parallel,
        "error_score": "raise",
    }

    def time_fit(estimator, rows=fold):
        """Mean seconds of fit and of the rest: copying the fold, scoring it and, if asked for, the training images."""
        begin = perf_counter()
        with parallel_config("threading") if work.in_threads else contextlib.nullcontext():
            # the same fold for all: side by side they get in each other's way as in the search
            results = cross_validate(estimator, X, y, cv=[rows] * work.n_parallel, **options)
        fit = results["fit_time"].mean()
        return fit, max(results["score_time"].mean(), perf_counter() - begin - fit)

    names = list(kinds)
    _warm_up(_with_params(search.estimator, kinds[names[0]]), fold, time_fit)
    seconds, errors, begin = {}, [], perf_counter()
    for index in np.random.RandomState(0).permutation(len(names)):
        if len(seconds) >= _LEAST_MEASURED and perf_counter() - begin > _ENOUGH_SECONDS:
            break
        try:
            seconds[names[index]] = _seconds(_with_params(search.estimator, kinds[names[index]]), time_fit)
        except Exception as error:  # parameters that do not fit are a failed fit in the search too
            errors.append(error)
    if not seconds:
        raise errors[0]
    return seconds


def epochs_name(settings):
    """Name of the parameter that sets the epochs; None where there is none, or more than one network."""
    prefix = _prefix(settings)
    return None if prefix is None else f"{prefix}max_epochs"


def _with_params(estimator, params):
    return clone(estimator).set_params(**{name: clone(value, safe=False) for name, value in params.items()})


def _for_epochs(estimator, epochs):
    name = epochs_name(settings_of(estimator, [{}])[0])
    return estimator if name is None else clone(estimator).set_params(**{name: epochs})


def _warm_up(estimator, fold, time_fit):
    """Fit a few images: the first fit of a process takes seconds longer. Too few for an estimator do no harm."""
    train, test = (rows[:: max(1, len(rows) // _WARM_UP_IMAGES)] for rows in fold)  # of all classes, in any order
    with contextlib.suppress(Exception):
        time_fit(_for_epochs(estimator, _FEW), (train, test))


def _seconds(estimator, time_fit):
    has_epochs = epochs_name(settings_of(estimator, [{}])[0]) is not None
    few, more = _for_epochs(estimator, _FEW), _for_epochs(estimator, _MORE)
    rows, spent = [], 0.0
    while len(rows) < _MOST_REPEATS and (not rows or spent < _LEAST_SECONDS):
        fit, score = time_fit(few)
        longer = time_fit(more)[0] if has_epochs else fit
        rows.append((fit, longer, score))
        spent += fit + longer + score
    fit, longer, score = np.median(rows, axis=0)
    if not has_epochs:
        return Seconds(fit, 0.0, score)
    epoch = (longer - fit) / (_MORE - _FEW)
    epoch = epoch if 0 < epoch < longer / _MORE else longer / _MORE  # what noise makes of very short ones
    return Seconds(epoch, max(fit - epoch * _FEW, 0.0), score)
