"""What a better score costs."""

import itertools

import numpy as np

from skimgcls.model_selection.displays._place_labels import make_room, place_labels, wrapped, write_lines
from skimgcls.model_selection.displays._plotted_results import (
    COLOURS,
    GREY,
    cut_axis,
    number_text,
    read_results,
    style_axes,
)
from skimgcls.model_selection.displays._search_display import SearchDisplay

COSTS = {
    "fit_seconds": "time of a fit (s)",
    "trial_seconds": "time of a trial (s)",
    "score_seconds": "time to predict and score a fold (s)",
    "predict_images_per_second": "images predicted per second",
    "n_parameters": "parameters of the network",
    "seconds_per_epoch": "time of an epoch (s)",
    "epochs": "epochs",
}
MORE_IS_BETTER = {"predict_images_per_second"}
LOG_FROM = 20  # times the lowest cost


class ParetoDisplay(SearchDisplay):
    """Score against cost, and the candidates that no other beats in both.

    These are the Pareto front: a coloured line of named points, each with a bar of one standard deviation over the
    folds. All other candidates are grey points: for each there is one on the front that scores no worse and costs no
    more. A name that would cover another or a point is left out.

    Parameters
    ----------
    frame : DataFrame
        Table of candidates, from ``results_frame``.
    cost : str, default=None
        Column of the cost, such as ``"fit_seconds"``, ``"score_seconds"`` (latency) or ``"n_parameters"`` (size); of
        ``"predict_images_per_second"`` more is better. None takes the seconds of a fit, or of a trial, or the first
        other cost that differs between candidates.
    metric : str, default=None
        Column of the score. None means the one that ``results_frame`` ranked by.

    Attributes
    ----------
    front_ : DataFrame
        The rows of the front, from the cheapest. Set by ``plot``.
    ax_ : matplotlib Axes
        Where it is drawn. Set by ``plot``.
    figure_ : matplotlib Figure
        What that is part of. Set by ``plot``.

    Raises
    ------
    ValueError
        If there is no such cost, or no candidate has a score and a cost.

    Examples
    --------
    >>> import pandas as pd
    >>> from skimgcls.model_selection import ParetoDisplay
    >>> frame = pd.DataFrame({"lr": [0.1, 0.01, 0.001], "score": [0.7, 0.9, 0.8], "fit_seconds": [1.0, 2.0, 3.0]})
    >>> ParetoDisplay.from_frame(frame).front_["lr"].tolist()
    [0.1, 0.01]
    """

    def __init__(self, frame, *, cost=None, metric=None):
        super().__init__(frame, metric=metric)
        self.cost = cost

    def plot(self, *, ax=None):
        """Draw points and front.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.

        Returns
        -------
        self : ParetoDisplay
            With ``front_``, ``ax_`` and ``figure_``.

        Raises
        ------
        ValueError
            If there is no such cost, or no candidate has a score and a cost.
        """
        results = read_results(self.frame, self.metric)
        cost = _choose(results, self.cost)
        costs = results.frame[cost].to_numpy(dtype=float)
        front = _front(-costs if cost in MORE_IS_BETTER else costs, results.worth)
        self.front_ = results.frame.iloc[front]
        self._draw_on(ax, (6.8, 4.4))
        _draw(self.ax_, results, costs, front)
        self.ax_.set(xlabel=COSTS.get(cost, cost.replace("_", " ")), ylabel=results.label)
        n_cut = cut_axis(self.ax_, results.scores, results.lower_is_better)
        bars = "; bars: one standard deviation over folds" if f"{results.metric}_std" in results.frame else ""
        verb = "is" if len(front) == 1 else "are"
        cut = f"; {n_cut} of the worst are off the axis" if n_cut else ""
        write_lines(self.ax_, f"{len(front)} of {len(costs)} candidates {verb} beaten by none in both{bars}{cut}")
        _name_front(self.ax_, results, costs, front)
        return self


def _choose(results, cost):
    frame = results.frame
    if cost is None:
        known = [name for name in COSTS if name in frame]
        cost = next((name for name in known if frame[name].nunique() > 1), known[0] if known else None)
    if cost not in frame or frame[cost].dtype.kind not in "iuf":
        wanted = [name for name in COSTS if name in frame]
        raise ValueError(f"cost={cost!r} is no column of numbers in the table. Expected one such as {wanted}.")
    if not np.isfinite(results.scores * frame[cost].to_numpy(dtype=float)).any():
        raise ValueError(f"No candidate has both {results.metric} and {cost}: there is nothing to plot.")
    return cost


def _front(costs, worth):
    """Indices of candidates that none beats, from the cheapest: of equals the first."""
    front, best = [], -np.inf
    for index in np.lexsort((-worth, costs)):
        if worth[index] > best and np.isfinite(costs[index]):
            front.append(int(index))
            best = worth[index]
    return front


def _draw(ax, results, costs, front):
    from matplotlib.ticker import EngFormatter, NullFormatter

    style_axes(ax, grid="both")
    finite = costs[np.isfinite(costs)]
    if finite.min() > 0 and finite.max() / finite.min() >= LOG_FROM:
        ax.set_xscale("log")
    ax.margins(x=0.08, y=0.1)
    scores = results.scores
    ax.plot(costs, scores, "o", ms=4.5, mfc=GREY, mec="none", alpha=0.4, zorder=2)
    std = results.frame.get(f"{results.metric}_std")
    bars = None if std is None else np.nan_to_num(std.to_numpy(dtype=float)[front])
    style = {"color": COLOURS[0], "zorder": 4}
    ax.plot(costs[front], scores[front], drawstyle="steps-post", lw=1.5, alpha=0.6, color=COLOURS[0], zorder=3)
    ax.errorbar(costs[front], scores[front], bars, fmt="o", ms=6, elinewidth=1, capsize=2, **style)
    ax.xaxis.set_major_formatter(EngFormatter(sep="") if finite.max() >= 10_000 else number_text)
    ax.xaxis.set_minor_formatter(NullFormatter())


def _name_front(ax, results, costs, front):
    """The best first, as they find room; above the front it is made, and there is nothing else."""
    names = results.names(front)
    labels = [(costs[i], results.scores[i], wrapped(name), COLOURS[0]) for i, name in zip(front, names, strict=True)]
    points = np.column_stack([costs, results.scores])
    make_room(ax, left=0.15, top=0.3)
    if np.nanmin(results.scores) >= 0 and np.nanmax(results.scores) <= 1:  # a share: there is none above 1
        ax.set_yticks([tick for tick in ax.get_yticks() if ax.get_ylim()[0] <= tick <= min(1, ax.get_ylim()[1])])
    place_labels(ax, labels[::-1], points[np.isfinite(points).all(axis=1)], lines=_edges(results, costs, front))


def _edges(results, costs, front):
    """Lines of the front and of its bars, as pairs of points."""
    scores, std = results.scores, results.frame.get(f"{results.metric}_std")
    edges = []
    for here, following in itertools.pairwise(front):
        corner = costs[following], scores[here]
        edges += [((costs[here], scores[here]), corner), (corner, (costs[following], scores[following]))]
    for index in front if std is not None else ():
        bar = np.nan_to_num(std.iloc[index])
        edges.append(((costs[index], scores[index] - bar), (costs[index], scores[index] + bar)))
    return edges
