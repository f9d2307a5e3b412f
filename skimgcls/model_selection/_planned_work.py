"""What a search is going to fit, read off its parameters before it runs."""

import copy
from dataclasses import dataclass, field
from math import ceil, floor, log

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import is_classifier
from sklearn.model_selection import ParameterGrid, ParameterSampler

from skimgcls.model_selection._known_costs import _prefix, settings_of


@dataclass(frozen=True)
class Round:
    """Candidates that are trained side by side.

    Parameters
    ----------
    candidates : list of dict
        Parameters that may be among them; the mean of their costs counts.
    n_candidates : int
        How many are trained.
    share : float
        Images that they are trained on, as a share of all in a fold.
    """

    candidates: list
    n_candidates: int
    share: float = 1.0


@dataclass(frozen=True)
class PlannedWork:
    """All that a search fits.

    Parameters
    ----------
    rounds : list of Round
        One after the other.
    n_parallel : int
        Fits at a time.
    in_threads : bool
        Whether these are threads, whatever joblib is told.
    folds_in_turn : bool
        Whether only candidates stand side by side, and each goes through its folds one by one.
    by_epochs : bool
        Whether each epoch is a call of ``partial_fit``, which reads the images anew and is scored.
    at_most : bool
        Whether the search may stop candidates before.
    refit : list of dict
        Parameters that the winner may have; empty without a refit.
    """

    rounds: list
    n_parallel: int = 1
    in_threads: bool = False
    folds_in_turn: bool = False
    by_epochs: bool = False
    at_most: bool = False
    refit: list = field(default_factory=list)


def check_search(search):
    """Raise a TypeError unless it is a search whose candidates can be told beforehand."""
    names = ("param_grid", "param_distributions")
    if isinstance(search, type) or not (hasattr(search, "estimator") and any(hasattr(search, n) for n in names)):
        raise TypeError(
            f"estimate_cost takes a search such as GridSearchCV(estimator, grid), got {type(search).__name__}. To time "
            "one estimator, search over the empty grid {}."
        )


def planned_work(search, y, n_folds):
    """Read a search.

    Parameters
    ----------
    search : search
        Any with ``param_grid`` or ``param_distributions``. One that goes on with networks has a method
        ``_planned_epochs()``, which returns its candidates (list of dict) and a pair for each of its rounds: how many
        candidates are trained in it, and for how many more epochs each.
    y : array-like of shape (n,)
        Labels.
    n_folds : int
        Of each candidate.

    Returns
    -------
    work : PlannedWork

    Raises
    ------
    ValueError
        If nobody knows beforehand how much it does.
    """
    if hasattr(search, "_planned_epochs"):
        return _rounds_of_epochs(search, n_folds)
    if hasattr(search, "n_trials"):
        return _trials(search, y, n_folds)
    if hasattr(search, "min_resources"):
        return _halving(search, y, n_folds)
    candidates = _candidates(search, getattr(search, "n_iter", None))
    return _work(search, [Round(candidates, len(candidates))], n_folds, candidates)


def halving_rounds(n_candidates, low, high, *, factor=3, exhaust=False, aggressive=False):
    """Sizes of the iterations of successive halving, as scikit-learn makes them.

    Parameters
    ----------
    n_candidates : int
        At the beginning.
    low, high : int
        Smallest and largest resources of a candidate.
    factor : float, default=3
        One candidate of so many goes on, on so many times the resources.
    exhaust : bool, default=False
        Whether to begin with more than the smallest resources, so that the last iteration uses the largest.
    aggressive : bool, default=False
        Whether to repeat the smallest resources until few candidates are left.

    Returns
    -------
    sizes : list of (int, int)
        Candidates and resources of each.
    """
    n_required = 1 + floor(log(n_candidates, factor))
    if exhaust:
        low = max(low, int(high // factor ** (n_required - 1)))
    n_possible = 1 + floor(log(high // low, factor))
    sizes = []
    for number in range(n_required if aggressive else min(n_possible, n_required)):
        power = max(0, number - n_required + n_possible) if aggressive else number
        sizes.append((n_candidates, min(int(factor**power * low), high)))
        n_candidates = ceil(n_candidates / factor)
    return sizes


def _work(search, rounds, n_folds, refit, **options):
    n_tasks = rounds[0].n_candidates * (1 if options.get("folds_in_turn") else n_folds)
    n_parallel = min(effective_n_jobs(search.n_jobs), n_tasks)
    return PlannedWork(rounds, n_parallel, refit=refit if search.refit else [], **options)


def _candidates(search, n_candidates):
    """What is tried, or, where chance decides, what might be; the search's own generator stays where it is."""
    if hasattr(search, "param_grid"):
        return list(ParameterGrid(search.param_grid))
    seed = 0 if search.random_state is None else copy.deepcopy(search.random_state)
    return list(ParameterSampler(search.param_distributions, n_candidates, random_state=seed))


def _rounds_of_epochs(search, n_folds):
    candidates, sizes = search._planned_epochs()
    rounds = [Round(_for_epochs(search, candidates, epochs), n) for n, epochs in sizes]
    refit = _for_epochs(search, candidates, sum(epochs for _, epochs in sizes))
    at_most = getattr(search, "time_limit", None) is not None
    return _work(search, rounds, n_folds, refit, in_threads=True, at_most=at_most)


def _halving(search, y, n_folds):
    n_images = len(y)
    on_images = search.resource == "n_samples"
    low, high = search.min_resources, search.max_resources
    if low in ("smallest", "exhaust"):
        n_classes = len(np.unique(y)) if is_classifier(search.estimator) else 1
        low = 2 * n_folds * n_classes if on_images else 1
    high = n_images if high == "auto" else high
    if low > high:
        raise ValueError(f"The smallest resources of this halving search, {low}, are above its largest, {high}.")
    n_candidates = getattr(search, "n_candidates", None)
    candidates = _candidates(search, high // low if n_candidates == "exhaust" else n_candidates)
    exhaust = search.min_resources == "exhaust"
    sizes = halving_rounds(
        len(candidates), low, high, factor=search.factor, exhaust=exhaust, aggressive=search.aggressive_elimination
    )
    if on_images:
        rounds = [Round(candidates, n, share=resources / n_images) for n, resources in sizes]
        return _work(search, rounds, n_folds, candidates)
    rounds = [Round(_with(candidates, search.resource, resources), n) for n, resources in sizes]
    return _work(search, rounds, n_folds, rounds[-1].candidates)


def _trials(search, y, n_folds):
    """Of optuna-integration's search, whose trials go through their folds one by one."""
    if search.n_trials is None:
        raise ValueError("n_trials=None sets no number of fits. Set n_trials; what it takes at most is its timeout.")
    drawn = _draw_trials(search)
    # pruning means as many calls of partial_fit, each of which is one epoch
    candidates = _for_epochs(search, drawn, search.max_iter) if search.enable_pruning else drawn
    share = search.subsample if isinstance(search.subsample, float) else search.subsample / len(y)
    return _work(
        search,
        [Round(candidates, search.n_trials, share)],
        n_folds,
        drawn,
        in_threads=True,
        folds_in_turn=True,
        by_epochs=search.enable_pruning,
        at_most=search.enable_pruning or search.timeout is not None,
    )


def _draw_trials(search):
    """Parameters drawn at random, as the sampler of the study draws its first."""
    from optuna.samplers import RandomSampler

    sampler = RandomSampler(seed=0)
    space = search.param_distributions.items()
    return [
        {name: sampler.sample_independent(None, None, name, distribution) for name, distribution in space}
        for _ in range(search.n_trials)
    ]


def _for_epochs(search, candidates, epochs):
    prefix = _prefix(settings_of(search.estimator, [{}])[0])
    return candidates if prefix is None else _with(candidates, f"{prefix}max_epochs", epochs)


def _with(candidates, name, value):
    return [{**params, name: value} for params in candidates]
