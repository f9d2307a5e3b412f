"""Of the candidates that are about as good as the best, the cheapest."""

import re

import numpy as np

from skimgcls.model_selection._within_one_se import within_one_se

_SECONDS = ("fit_time", "score_time")


def cheapest_within_one_se(metric="score", cost="fit_time"):
    """Make a ``refit=`` of a search that takes the cheapest candidate within one standard error of the best.

    The best of many candidates is best partly by luck. Breiman's rule [1]_ takes the simplest of those that are as good
    within one standard error of it; here the cheapest.

    Parameters
    ----------
    metric : str, default="score"
        Which score, of a search with several: the ``accuracy`` of ``mean_test_accuracy``. With one it is "score".
    cost : {"fit_time", "score_time"} or callable, default="fit_time"
        What shall be low: mean seconds of a fit, or of predicting and scoring a test fold. Seconds differ from run
        to run, and the choice between candidates of like cost with them. A callable gets the parameters of a
        candidate, as a dict by full name, and returns a number.

    Returns
    -------
    refit : callable
        Takes ``cv_results_`` and returns the index of the candidate. It can be copied and, if `cost` can, pickled.
        Candidates without a score are never chosen, those without a cost (NaN) last; of equal cost the better score
        wins. Of a single fold there is no standard error, and only candidates of the best score itself compete.

    Raises
    ------
    ValueError
        If `cost` is neither known nor a callable; when called, if the search has no such metric.

    See Also
    --------
    results_frame : Its column ``tie`` marks the candidates within one standard error.

    Notes
    -----
    The standard error is the standard deviation over the k folds (k - 1 in the denominator) by the square root of k.

    With a callable ``refit`` scikit-learn's grid and randomized searches set ``best_index_``, ``best_params_`` and
    ``best_estimator_``, but no ``best_score_``. Its halving searches do not ask a callable: they take the best of the
    last iteration.

    References
    ----------
    .. [1] L. Breiman et al., "Classification and Regression Trees", Wadsworth 1984, section 3.4.3.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skimgcls import MLPClassifier
    >>> from skimgcls.datasets import load_digit_images
    >>> from skimgcls.model_selection import cheapest_within_one_se
    >>> X, y = load_digit_images(return_X_y=True)
    >>> def width(params):
    ...     return params["hidden_units"]
    >>> model = MLPClassifier(max_epochs=5, lr=0.01, random_state=0)
    >>> refit = cheapest_within_one_se(cost=width)
    >>> search = GridSearchCV(model, {"hidden_units": [2, 128, 512]}, cv=3, refit=refit).fit(X[:1000], y[:1000])
    >>> search.best_params_
    {'hidden_units': 128}
    """
    if not (callable(cost) or cost in _SECONDS):
        raise ValueError(f"cost must be one of {_SECONDS}, or a callable that takes parameters, got {cost!r}.")
    return _CheapestWithinOneSe(metric, cost)


class _CheapestWithinOneSe:
    """An object instead of a function in a function, which could not be pickled."""

    def __init__(self, metric, cost):
        self.metric = metric
        self.cost = cost

    def __repr__(self):
        return f"cheapest_within_one_se(metric={self.metric!r}, cost={self.cost!r})"

    def __call__(self, cv_results):
        means = self._means(cv_results)
        worth = np.where(np.isnan(means), -np.inf, means)
        best = int(np.argmax(worth))
        n_folds = sum(re.fullmatch(rf"split\d+_test_{re.escape(self.metric)}", key) is not None for key in cv_results)
        if n_folds > 1:
            is_within = within_one_se(worth, best, cv_results[f"std_test_{self.metric}"][best], n_folds)
        else:
            is_within = worth == worth[best]
        costs = np.where(is_within, np.nan_to_num(self._costs(cv_results), nan=np.inf), np.inf)
        is_within[best] = True  # also where no candidate has a score at all
        order = np.lexsort((-worth, costs, ~is_within))
        return int(order[0])

    def _means(self, cv_results):
        if f"mean_test_{self.metric}" not in cv_results:
            known = [key.removeprefix("mean_test_") for key in cv_results if key.startswith("mean_test_")]
            raise ValueError(f"The search has no metric {self.metric!r}. Expected one of {known}.")
        return np.asarray(cv_results[f"mean_test_{self.metric}"], dtype=float)

    def _costs(self, cv_results):
        if callable(self.cost):
            return np.array([self.cost(params) for params in cv_results["params"]], dtype=float)
        return np.asarray(cv_results[f"mean_{self.cost}"], dtype=float)
