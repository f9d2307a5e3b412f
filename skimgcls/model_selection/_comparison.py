"""What a comparison found: a table of candidates, each with a verdict."""

from itertools import combinations

import numpy as np

from skimgcls.model_selection._comparison_text import (
    BEST,
    BETTER,
    REFERENCE,
    SAME,
    TIE,
    WORSE,
    as_html,
    as_plain_text,
    describe_method,
    summarize,
)
from skimgcls.model_selection._corrected_t_test import corrected_t_test
from skimgcls.model_selection._parameter_columns import parameter_columns
from skimgcls.model_selection.displays._comparison_display import ComparisonDisplay

NO_METRIC = {
    "candidate", "seed", "fold", "split", "n_train", "n_test", "fit_seconds", "score_seconds", "epochs", "n_parameters",
    "error", "estimator",
}  # fmt: skip


class Comparison:
    """Candidates scored on the same folds, and which differences between them are real.

    Made by ``compare``; from its ``scores`` it can be made again, for another metric or another reference.

    The differences of two candidates, split by split, go through the corrected resampled t-test
    (``corrected_t_test``), and the p-values are adjusted by Holm's method [1]_ so that, with the probability
    1 - `alpha`, no difference at all is declared where there is none. Without a `reference` the best is chosen by the
    same scores that are tested, which favours it; Holm's method therefore covers all pairs of candidates and not only
    those with the best. A `reference` that was chosen beforehand costs less: one test for each other candidate.
    Candidates with identical scores count as one.

    Parameters
    ----------
    scores : DataFrame
        One row per fit: ``candidate``, ``seed`` (number of the repetition), ``fold``, ``split`` (number of the division
        of the data), ``n_train`` and ``n_test`` (images), a column for each metric (higher is better) and perhaps its
        ``train_`` twin, ``fit_seconds``, ``score_seconds``, and where known ``epochs``, ``n_parameters``, ``error``.
    metric : str, default="score"
        The column that candidates are compared by.
    metric_label : str, default=None
        How to call it in texts and plots. None takes `metric`.
    reference : str, default=None
        Name of the candidate that the others are compared with. None takes the one with the highest mean.
    alpha : float in (0, 1), default=0.05
        Probability of declaring any difference where there is none; intervals have the level 1 - `alpha`.
    params : dict of str to dict, default=None
        Parameters of the candidates of a grid.

    Attributes
    ----------
    frame : DataFrame, one row per candidate
        The highest mean first; candidates with failed fits come last, untested. Columns:

        - ``mean`` and ``std`` (over the splits, n - 1 in the denominator) of the metric, and the corrected confidence
          interval of the mean, ``low`` to ``high``;
        - ``difference`` to the reference, and its interval, ``difference_low`` to ``difference_high``. It is widened by
          the factor that adjusts the p-value, so that it leaves out zero exactly where a difference is declared;
        - ``p_value``, adjusted;
        - ``verdict``: "best" or "reference", "no detectable difference", "identical scores", "worse", "better", or how
          many fits gave no score;
        - ``fit_seconds`` and ``predict_images_per_second`` (prediction and metrics), medians over the fits;
        - where known ``epochs`` and ``n_parameters``, where asked for ``train_mean``, and ``mean_<metric>`` of other
          metrics: means over the fits.
    params : DataFrame
        Parameters of the candidates of a grid under short names, in the order of ``frame``; else without columns.
    best : str
        Name of the candidate with the highest mean.
    n_tests : int
        Pairs of candidates that Holm's method covers.
    summary : str
        The result in a sentence or two.
    method : str
        How it was found, in one line.

    Raises
    ------
    ValueError
        If a metric or reference is not among the scores, or every candidate had a failed fit.

    See Also
    --------
    compare : Fits candidates and compares them.

    References
    ----------
    .. [1] S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6,
       1979.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skimgcls.model_selection import Comparison, compare
    >>> X, y = load_iris(return_X_y=True)
    >>> candidates = {"logistic": LogisticRegression(max_iter=300), "chance": DummyClassifier()}
    >>> comparison = compare(candidates, X, y, random_state=0)
    >>> comparison.frame["verdict"].to_dict()
    {'logistic': 'best', 'chance': 'worse'}
    >>> Comparison(comparison.scores, reference="chance").frame["verdict"].to_dict()
    {'logistic': 'better', 'chance': 'reference'}
    """

    def __init__(self, scores, *, metric="score", metric_label=None, reference=None, alpha=0.05, params=None):
        self.scores = scores
        self.metric = metric
        self.metric_label = metric.replace("_", " ") if metric_label is None else metric_label
        self.reference = reference
        self.alpha = alpha
        _check_scores(scores, metric)
        finished = _finished(scores, metric)  # (splits, candidates)
        if reference is not None and reference not in finished:
            raise ValueError(f"The reference {reference!r} has no scores of its own on all folds. {_known(scores)}")
        self.best = finished.mean().idxmax()
        self.frame = self._make_frame(finished)
        self.params = _params_frame(params or {}, self.frame.index)

    @property
    def summary(self):
        """The result in a sentence or two."""
        return summarize(self)

    @property
    def method(self):
        """How it was found, in one line."""
        return describe_method(self)

    def plot(self, *, ax=None):
        """Plot the differences to the reference with their intervals.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.

        Returns
        -------
        display : ComparisonDisplay
        """
        return ComparisonDisplay.from_comparison(self, ax=ax)

    def __repr__(self):
        return as_plain_text(self)

    def _repr_html_(self):
        return as_html(self)

    def _make_frame(self, finished):
        import pandas as pd

        ratio = (self.scores["n_test"] / self.scores["n_train"]).mean()
        n_test = self.scores["n_test"].mean()
        alone = corrected_t_test(finished, test_train_ratio=ratio)
        half = alone.half_width(self.alpha)
        frame = pd.DataFrame(
            {"mean": alone.mean, "std": finished.std(), "low": alone.mean - half, "high": alone.mean + half},
            index=finished.columns,
        ).join(self._differences(finished, ratio, n_test))
        frame = frame.sort_values("mean", ascending=False, kind="stable")
        rest = _unfinished(self.scores[~self.scores["candidate"].isin(finished.columns)], self.metric)
        if len(rest):
            frame = pd.concat([frame, rest])
        return frame.join(_measurements(self.scores, self.metric)).rename_axis("candidate")

    def _differences(self, finished, ratio, n_test):
        """The columns from `difference` to `verdict`, for candidates that finished every fit."""
        import pandas as pd

        centre = self.best if self.reference is None else self.reference
        order = [centre, *(name for name in finished if name != centre)]
        values = finished[order].to_numpy()  # (splits, candidates)
        distinct, shown = _distinct(values)
        # those with the centre come first; one that was chosen beforehand is in all that are tested
        pairs = [pair for pair in combinations(distinct, 2) if self.reference is None or pair[0] == 0]
        first, second = values[:, [i for i, _ in pairs]], values[:, [j for _, j in pairs]]  # (splits, pairs)
        result = corrected_t_test(second - first, test_train_ratio=ratio, n_test=n_test)
        factors = _holm_factors(result.p_value)
        half = result.half_width(self.alpha / factors)
        self.n_tests = len(pairs)
        columns = {
            "difference": result.mean,
            "difference_low": result.mean - half,
            "difference_high": result.mean + half,
            "p_value": np.minimum(1, factors * result.p_value),
        }
        # what has the centre's very scores differs by 0, with certainty
        whole = {name: np.insert(column, 0, name == "p_value")[shown] for name, column in columns.items()}
        table = pd.DataFrame(whole, index=order)
        table["verdict"] = _verdicts(table["difference"], table["p_value"], shown == 0, self.alpha)
        table.loc[centre, ["difference_low", "difference_high", "p_value"]] = np.nan
        table.loc[centre, "verdict"] = BEST if self.reference is None else REFERENCE
        return table


def _check_scores(scores, metric):
    if metric not in metric_columns(scores):
        raise ValueError(f"metric={metric!r} is not among the scores. Choose one of {metric_columns(scores)}.")
    if not np.isfinite(scores[metric]).groupby(scores["candidate"]).all().any():
        raise ValueError(f"No candidate has a score on every fold, so there is nothing to compare. {_known(scores)}")


def metric_columns(scores):
    """Names of the metrics among the columns of the scores."""
    return [name for name in scores if name not in NO_METRIC and not name.startswith("train_")]


def _known(scores):
    """Who took part, and what went wrong."""
    text = f"The candidates are {list(scores['candidate'].unique())}."
    if "error" in scores and scores["error"].notna().any():
        text += f" The first error: {scores['error'].dropna().iloc[0]}"
    return text


def _finished(scores, metric):
    """Scores of the candidates that have all of theirs, by split; several seeds on one split are averaged."""
    whole = np.isfinite(scores[metric]).groupby(scores["candidate"]).transform("all")
    table = scores[whole].pivot_table(index="split", columns="candidate", values=metric, sort=False)
    # of splits that equal each other, repeated training says nothing about other data: they are one split
    return table[[name for name in scores["candidate"].unique() if name in table]]


def _unfinished(scores, metric):
    import pandas as pd

    rows = {}
    for name, of_one in scores.groupby("candidate", sort=False):
        done = of_one.loc[np.isfinite(of_one[metric]), metric]
        rows[name] = {"verdict": f"no score from {len(of_one) - len(done)} of {len(of_one)} fits"}
        if len(done):
            rows[name]["mean"] = done.mean()
    return pd.DataFrame.from_dict(rows, orient="index")


def _measurements(scores, metric):
    """Costs of each candidate, and its means of whatever else was scored."""
    by_candidate = scores.groupby("candidate", sort=False)
    speed = scores["n_test"] / scores["score_seconds"].where(scores["score_seconds"] > 0)
    # medians: the first fit of a process may hold the seconds in which a library starts up
    columns = {
        "fit_seconds": by_candidate["fit_seconds"].median(),
        "predict_images_per_second": speed.groupby(scores["candidate"], sort=False).median(),
    }
    columns |= {name: by_candidate[name].mean() for name in ("epochs", "n_parameters") if name in scores}
    if f"train_{metric}" in scores:
        columns["train_mean"] = by_candidate[f"train_{metric}"].mean()
    columns |= {f"mean_{name}": by_candidate[name].mean() for name in metric_columns(scores) if name != metric}
    import pandas as pd

    return pd.DataFrame(columns).dropna(axis="columns", how="all")


def _params_frame(params, names):
    import pandas as pd

    rows = [params.get(name, {}) for name in names]
    return pd.DataFrame(parameter_columns(rows), index=names)


def _distinct(values):
    """Columns that differ from all before them, and of every column the place of its twin among these."""
    is_twin = np.isclose(values[:, :, None], values[:, None, :], rtol=1e-9, atol=1e-12).all(axis=0)
    return np.unique(is_twin.argmax(axis=1), return_inverse=True)


def _verdicts(differences, p_values, same, alpha):
    verdicts = np.where(differences > 0, BETTER, WORSE).astype(object)
    verdicts[p_values >= alpha] = TIE
    verdicts[same] = SAME
    return verdicts


def _holm_factors(p_values):
    """What Holm's method multiplies each p-value by; the product may exceed 1."""
    order = np.argsort(p_values, kind="stable")
    by_rank = np.arange(len(p_values), 0, -1.0)  # the smallest is multiplied by their number
    adjusted = np.maximum.accumulate(by_rank * p_values[order])
    factors = np.empty(len(p_values))
    factors[order] = np.divide(adjusted, p_values[order], out=by_rank, where=p_values[order] > 0)
    return factors
