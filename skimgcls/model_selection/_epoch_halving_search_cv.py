"""Successive halving on epochs, which continues networks instead of training them again."""

import itertools
import time
from math import ceil
from numbers import Integral, Real

import numpy as np
from joblib import effective_n_jobs
from sklearn.model_selection import ParameterGrid, ParameterSampler
from sklearn.utils._param_validation import Interval
from sklearn.utils.parallel import Parallel, delayed

from skimgcls.model_selection._epochwise_search_cv import EpochwiseSearchCV
from skimgcls.training import history_frame


class EpochHalvingSearchCV(EpochwiseSearchCV):
    """Search that trains all candidates for a few epochs, and only the best of them on.

    Successive halving [1]_ with epochs as the resource: of n candidates the best n / `factor` go on, until those that
    are left have had `max_epochs`. They go on from where they are, by ``partial_fit``, where scikit-learn's halving
    searches begin anew each time; images are checked, and put on a device, once for the whole search. The scores of
    the last iteration are exactly those that ``GridSearchCV`` would give the same candidates, as five calls of
    ``partial_fit`` equal a ``fit`` of five epochs.

    Parameters
    ----------
    estimator : estimator
        One with ``partial_fit`` that trains for one epoch, such as those of skimgcls, or a ``Pipeline`` that ends in
        one. Early stopping does not stop it here.
    param_distributions : dict or list of dict
        Parameter names with lists of values to try all combinations, as in ``GridSearchCV``, or with distributions
        to draw from, as in ``RandomizedSearchCV``.
    n_candidates : int, default=None
        Number of combinations to draw. None means all of a grid, and from distributions as many as leave `factor`
        candidates for the last iteration.
    factor : int, default=3
        Of so many candidates one goes on, for so many times the epochs; the value of [2]_.
    min_epochs : int, default=None
        Epochs that each candidate gets at least. None means `max_epochs` by the square of `factor`: with nine epochs
        one, after which a grid of optimizers and learning rates had the same winner in five of five searches
        (``benchmarks/bench_search_against_skorch.py``).
    max_epochs : int, default=None
        Epochs of the last iteration and of the final fit, which learning rate schedules span from the start. None
        means ``max_epochs`` of the estimator.
    time_limit : float, default=None
        Seconds after which nothing new is begun; what is under way is finished, the best so far counts, and the final
        fit comes on top. The most promising candidates come first in each iteration but the first. None means no limit.
    scoring : str, callable, list, tuple, dict or None, default=None
        As in ``GridSearchCV``. Of several metrics the one that `refit` names decides who goes on, else the first.
    n_jobs : int or None, default=None
        Networks that are trained at a time, each in a thread of its own. None means 1, or what
        ``joblib.parallel_config`` says.
    refit : bool, str or callable, default=True
        As in ``GridSearchCV``. The best is chosen among those of the last iteration; a callable sees only these.
    cv : int, splitter, iterable or None, default=None
        As in ``GridSearchCV``.
    verbose : int, default=0
        Whether to print a line for each iteration.
    error_score : "raise" or float, default=nan
        Score of a fit that fails.
    return_train_score : bool, default=False
        Whether to score the training folds too.
    random_state : int, RandomState instance or None, default=None
        Seed of the candidates drawn. Networks have their own.

    Attributes
    ----------
    cv_results_ : dict
        As that of ``HalvingGridSearchCV``: a row for each candidate in each iteration, with ``iter`` and
        ``n_resources``, the epochs so far. Fit times (s) are of all epochs so far, in all iterations.
    n_candidates_, n_resources_ : list of int
        Candidates and epochs of each iteration.
    histories_ : list of list of DataFrame
        For each row the histories of its folds.
    best_estimator_, best_score_, best_params_, best_index_, scorer_, n_splits_, refit_time_, multimetric_
        As in ``GridSearchCV``.
    max_epochs_ : int
        Epochs of the last iteration.
    n_samples_ : int
        Number of images.

    See Also
    --------
    results_frame : Its results as a table.
    sklearn.model_selection.HalvingGridSearchCV : Halving on images instead of epochs.

    Notes
    -----
    Networks that may go on are kept in memory, with the state of their optimizers: three times the size of their
    weights for Adam, for a third of the candidates and a few more, in each fold.

    References
    ----------
    .. [1] K. Jamieson, A. Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter Optimization",
       AISTATS 2016.
    .. [2] L. Li et al., "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization", JMLR 2018.

    Examples
    --------
    >>> from skimgcls import MLPClassifier
    >>> from skimgcls.datasets import load_digit_images
    >>> from skimgcls.model_selection import EpochHalvingSearchCV
    >>> X, y = load_digit_images(return_X_y=True)
    >>> grid = {"lr": [1e-5, 1e-4, 1e-3, 1e-2], "optimizer": ["adam", "sgd"]}
    >>> model = MLPClassifier(hidden_units=(32,), max_epochs=6, random_state=0)
    >>> search = EpochHalvingSearchCV(model, grid, cv=3).fit(X[:600], y[:600])
    >>> search.n_candidates_, search.n_resources_
    ([8, 3], [2, 6])
    >>> search.best_params_
    {'lr': 0.01, 'optimizer': 'adam'}
    """

    _parameter_constraints = {
        **EpochwiseSearchCV._parameter_constraints,
        "param_distributions": [dict, list],
        "n_candidates": [Interval(Integral, 1, None, closed="left"), None],
        "factor": [Interval(Real, 1, None, closed="neither")],
        "min_epochs": [Interval(Integral, 1, None, closed="left"), None],
        "max_epochs": [Interval(Integral, 1, None, closed="left"), None],
        "time_limit": [Interval(Real, 0, None, closed="neither"), None],
    }

    def __init__(
        self,
        estimator,
        param_distributions,
        *,
        n_candidates=None,
        factor=3,
        min_epochs=None,
        max_epochs=None,
        time_limit=None,
        scoring=None,
        n_jobs=None,
        refit=True,
        cv=None,
        verbose=0,
        error_score=np.nan,
        return_train_score=False,
        random_state=None,
    ):
        super().__init__(
            estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.param_distributions = param_distributions
        self.n_candidates = n_candidates
        self.factor = factor
        self.min_epochs = min_epochs
        self.max_epochs = max_epochs
        self.time_limit = time_limit
        self.random_state = random_state

    @property
    def histories_(self):
        """For each row of ``cv_results_`` the histories of its folds."""
        rows = [
            [(history, columns["n_resources"]) for history in self._histories[number]]
            for number, _, columns, _ in self._table
        ]
        if any(history is None for row in rows for history, _ in row):
            raise AttributeError(f"{type(self.estimator).__name__} kept no history of some fits.")
        return [[history_frame(history).head(epochs) for history, epochs in row] for row in rows]

    _max_epochs_name = "max_epochs"

    def _search(self, folds, scorer):
        deadline = np.inf if self.time_limit is None else time.monotonic() + self.time_limit
        candidates = self._draw_candidates()
        self.n_candidates_, self.n_resources_ = [], []
        self._table, self._histories = [], {}
        going_on, models_of = list(range(len(candidates))), {}
        # threads: what was trained stays where it is
        with Parallel(n_jobs=effective_n_jobs(self.n_jobs), require="sharedmem") as parallel:
            for iteration, epochs in enumerate(self._plan(len(candidates)) if candidates else ()):
                n_going_on, worth = ceil(len(going_on) / self.factor), {}
                for some in _batched(going_on, self._n_at_once()):
                    if self._table and time.monotonic() > deadline:
                        break
                    for number in some:
                        if number not in models_of:
                            models_of[number] = self._grow(candidates[number], folds)
                    results = self._train(parallel, [models_of[number] for number in some], epochs, scorer)
                    columns = {"iter": iteration, "n_resources": epochs}
                    self._table += [(k, candidates[k], columns, r) for k, r in zip(some, results, strict=True)]
                    self._histories |= {k: [model.history for model in models_of[k]] for k in some}
                    worth |= {k: np.nan_to_num(self._worth(r), nan=-np.inf) for k, r in zip(some, results, strict=True)}
                    best = sorted(worth, key=worth.get, reverse=True)[:n_going_on]
                    for number in worth.keys() - best if epochs < self.max_epochs_ else worth:
                        for model in models_of.pop(number, ()):
                            model.forget()
                if worth:
                    self._note_iteration(len(worth), epochs, max(worth.values()))
                if len(worth) < len(going_on):  # the time is up
                    return
                going_on = best

    def _rows(self):
        return [row[1:] for row in self._table]

    def _note_iteration(self, n_candidates, epochs, best):
        self.n_candidates_.append(n_candidates)
        self.n_resources_.append(epochs)
        if self.verbose:
            print(f"{n_candidates} candidates x {self.n_splits_} folds, {epochs} epochs: best {best:.4f}")

    def _draw_candidates(self):
        spaces = self.param_distributions if isinstance(self.param_distributions, list) else [self.param_distributions]
        self._refuse_epochs(itertools.chain(*spaces))
        is_grid = not any(hasattr(values, "rvs") for space in spaces for values in space.values())
        if is_grid and (self.n_candidates is None or self.n_candidates >= len(ParameterGrid(spaces))):
            return list(ParameterGrid(spaces))
        n_candidates = self.n_candidates or ceil(self.factor ** (len(self._epochs_of_iterations())))
        return list(ParameterSampler(spaces, n_candidates, random_state=self.random_state))

    def _epochs_of_iterations(self):
        """Epochs of as many iterations as there can be, of which the last one has all."""
        most = self._most_epochs()
        least = self.min_epochs or max(1, ceil(most / self.factor**2))
        if least > most:
            raise ValueError(f"min_epochs={least} is more than max_epochs={most}. Lower it.")
        epochs = [most]
        while epochs[0] / self.factor >= least:
            epochs.insert(0, int(epochs[0] / self.factor))
        return epochs

    def _planned_epochs(self):
        """Candidates, and for each iteration how many of them are trained, and for how many more epochs each."""
        candidates = self._draw_candidates()
        n_candidates, before, iterations = len(candidates), 0, []
        for epochs in self._plan(n_candidates):
            iterations.append((n_candidates, epochs - before))
            n_candidates, before = ceil(n_candidates / self.factor), epochs
        return candidates, iterations

    def _plan(self, n_candidates):
        """Epochs of the iterations: no more of these than are needed to come down to `factor` candidates or fewer."""
        epochs, n_iterations = self._epochs_of_iterations(), 1
        while n_candidates > self.factor and n_iterations < len(epochs):
            n_candidates, n_iterations = ceil(n_candidates / self.factor), n_iterations + 1
        return epochs[-n_iterations:]

    def _n_at_once(self):
        """Candidates that are trained before the worst of them are let go, and between looks at the clock."""
        n_jobs = effective_n_jobs(self.n_jobs)
        return n_jobs if n_jobs == 1 or self.time_limit is not None else 4 * n_jobs

    def _train(self, parallel, models, epochs, scorer):
        """Train the models of several candidates, and return their results: for each candidate a list over folds."""
        flat = parallel(delayed(self._train_and_score)(model, epochs, scorer) for model in itertools.chain(*models))
        return list(_batched(flat, self.n_splits_))

    @staticmethod
    def _select_best_index(refit, refit_metric, results):
        """Choose among the rows of the last iteration that has a score: earlier ones were trained for less."""
        iterations = results["iter"]
        scores = [values for name, values in results.items() if name.startswith("mean_test_")]
        last = max(iterations[~np.isnan(scores).all(axis=0)], default=iterations[0])
        rows = np.flatnonzero(iterations == last)
        final = {name: values[rows] for name, values in results.items() if name != "params"}
        final["params"] = [results["params"][row] for row in rows]
        if callable(refit):
            return rows[EpochwiseSearchCV._select_best_index(refit, refit_metric, final)]
        return rows[np.argmax(np.nan_to_num(final[f"mean_test_{refit_metric}"], nan=-np.inf))]


def _batched(items, size):
    return [items[start : start + size] for start in range(0, len(items), size)]
