"""The members of an ensemble: seeds, folds, bootstrap samples, or stages of one training run."""

import copy
import math

import numpy as np
from sklearn.base import clone
from sklearn.ensemble._base import _set_random_states
from sklearn.model_selection import StratifiedKFold
from sklearn.utils import _safe_indexing
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _num_samples

MEMBERS = ("seeds", "folds", "bagging", "snapshot")


def fit_members(estimator, X, y, fit_params, *, members, n_members, n_jobs, rng):
    """Fit the members of an ensemble.

    Parameters
    ----------
    estimator : classifier
        Cloned for each member.
    X, y, fit_params
        What each is fitted on; of ``sample_weight`` each gets what belongs to its images.
    members : {"seeds", "folds", "bagging", "snapshot"}
        How they come to differ.
    n_members : int
    n_jobs : int or None
        Threads.
    rng : RandomState
        Of seeds, folds and samples.

    Returns
    -------
    list of fitted classifiers
    """
    seeds = rng.randint(np.iinfo(np.int32).max, size=n_members)
    if members == "snapshot":
        return _fit_snapshots(_with_seed(estimator, seeds[0]), X, y, fit_params, n_members)
    return Parallel(n_jobs=n_jobs, prefer="threads")(
        delayed(_fit_one)(_with_seed(estimator, seed), X, y, rows, fit_params)
        for seed, rows in zip(seeds, _rows_of_members(members, y, n_members, rng), strict=True)
    )


def _rows_of_members(members, y, n_members, rng):
    """Yield the rows that each member is trained on; None is all of them."""
    if members == "seeds":
        return [None] * n_members
    n = _num_samples(y)
    if members == "bagging":
        return [rng.randint(n, size=n) for _ in range(n_members)]
    if n_members < 2:
        raise ValueError(
            f"members='folds' needs n_members of at least 2, got {n_members}: each is trained on all folds but its own."
        )
    largest = np.unique(y, return_counts=True)[1].max()
    if largest < n_members:
        raise ValueError(
            f"members='folds' divides the images into n_members={n_members} folds, but no class has more than "
            f"{largest} images. Lower n_members, or choose members='bagging'."
        )
    folds = StratifiedKFold(n_members, shuffle=True, random_state=rng)
    return [train for train, _ in folds.split(np.zeros(n), y)]


def _with_seed(estimator, seed):
    estimator = clone(estimator)
    _set_random_states(estimator, int(seed))
    return estimator


def _fit_one(estimator, X, y, rows, fit_params):
    if rows is not None:
        weights = fit_params.get("sample_weight")
        if weights is not None:
            fit_params = fit_params | {"sample_weight": _safe_indexing(weights, rows)}
        X, y = _safe_indexing(X, rows), _safe_indexing(y, rows)
    return estimator.fit(X, y, **fit_params)


def _fit_snapshots(estimator, X, y, fit_params, n_members):
    """Train one network in cycles of a falling learning rate, and keep it at the end of each."""
    _check_takes_cycles(estimator, n_members)
    lr, members = estimator.lr, []
    for cycle in np.array_split(np.arange(estimator.max_epochs), n_members):
        for position in range(len(cycle)):
            estimator.set_params(lr=lr / 2 * (1 + math.cos(math.pi * position / len(cycle))))
            estimator.partial_fit(X, y, **fit_params)
        member = copy.copy(estimator.set_params(lr=lr))  # not deeply: callbacks hold what is the user's
        member.net_ = copy.deepcopy(estimator.net_)
        members.append(member)
    return members


def _check_takes_cycles(estimator, n_members):
    name = type(estimator).__name__
    lacking = [each for each in ("partial_fit", "lr", "max_epochs", "lr_schedule") if not hasattr(estimator, each)]
    if lacking:
        raise ValueError(
            f"members='snapshot' trains a network epoch by epoch, but {name} has no {lacking[0]}. Pass a classifier of "
            "skimgcls, not inside a pipeline, or choose members='seeds'."
        )
    if estimator.lr_schedule is not None:
        raise ValueError(
            f"members='snapshot' changes the learning rate itself, but {name} has lr_schedule="
            f"{estimator.lr_schedule!r}. Leave it None."
        )
    if estimator.max_epochs < n_members:
        raise ValueError(
            f"members='snapshot' divides the epochs of one training run among the members, but max_epochs="
            f"{estimator.max_epochs} of {name} is less than n_members={n_members}. Raise it: it is what all of them "
            "take together."
        )
