"""All parameters of a search beside each other."""

import itertools

import numpy as np

from skimgcls.metrics._text import font_families, text_width
from skimgcls.model_selection.displays._place_labels import not_crowded, write_lines
from skimgcls.model_selection.displays._plotted_results import (
    GREY,
    INK,
    ParameterAxis,
    number_text,
    parameter_axis,
    read_results,
    score_texts,
    short_labels,
)
from skimgcls.model_selection.displays._search_display import SearchDisplay

SIZE, NAME_SIZE = 8, 9  # points
LABEL_GAP = 4  # points between an axis and its labels
BAND = 0.5  # share of a step that the lines through it spread over
MISSING = -0.08  # height of what is not set
N_TICKS = 5


class ParallelCoordinatesDisplay(SearchDisplay):
    """One axis for each parameter that varies, one line for each candidate, ending at its score.

    Brighter lines score better and lie on top; the best is outlined, and its values are bold. Where many share a value
    that is no number, their lines spread a little, the better above.

    Parameters
    ----------
    frame : DataFrame
        Table of candidates, from ``results_frame``.
    parameters : list of str, default=None
        Which, from left to right. None takes all that vary.
    metric : str, default=None
        Column of the score. None means the one that ``results_frame`` ranked by.

    Attributes
    ----------
    parameters_ : list of str
        Those shown. Set by ``plot``.
    ax_ : matplotlib Axes
        Where it is drawn. Set by ``plot``.
    figure_ : matplotlib Figure
        What that is part of. Set by ``plot``.

    Raises
    ------
    ValueError
        If no parameter varies, a name is unknown, or no candidate has a score.

    See Also
    --------
    SearchHeatMapDisplay : Two parameters, with the scores as numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> from skimgcls.model_selection import ParallelCoordinatesDisplay
    >>> frame = pd.DataFrame({"lr": [0.1, 0.01], "norm": ["None", "batch"], "score": [0.7, 0.9]})
    >>> ParallelCoordinatesDisplay.from_frame(frame).parameters_
    ['lr', 'norm']
    """

    def __init__(self, frame, *, parameters=None, metric=None):
        super().__init__(frame, metric=metric)
        self.parameters = parameters

    def plot(self, *, ax=None):
        """Draw axes and lines.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure, the wider the more parameters.

        Returns
        -------
        self : ParallelCoordinatesDisplay
            With ``parameters_``, ``ax_`` and ``figure_``.

        Raises
        ------
        ValueError
            If no parameter varies, a name is unknown, or no candidate has a score.
        """
        results = read_results(self.frame, self.metric)
        self.parameters_ = _choose(results, self.parameters)
        self._draw_on(ax, (np.clip(1.6 * len(self.parameters_) + 1.6, 5, 14), 4.4))
        ax = self.ax_
        worth = results.worth
        order = np.argsort(worth, kind="stable")
        order = order[np.isfinite(worth[order])]  # from the worst to the best
        axes = [parameter_axis(results.frame[name]) for name in self.parameters_]
        shown, score_axis = _score_axis(results)
        heights = np.column_stack([*(_heights(axis, worth) for axis in axes), shown])  # (candidates, axes)
        _prepare(ax, heights.shape[1], bottom=min(0, heights.min()))
        _draw_lines(ax, heights, order, shown)
        spacing = ax.get_window_extent().width / (heights.shape[1] - 0.4) * 72 / ax.figure.dpi
        for place, (name, axis) in enumerate(zip(self.parameters_, axes, strict=True)):
            value = results.frame[name].iloc[order[-1]]
            _draw_axis(ax, place, name, axis, heights[order[-1], place], _best_text(value), spacing)
        best = score_texts(results.scores)[order[-1]]
        _draw_axis(ax, len(axes), results.label, score_axis, shown[order[-1]], best, spacing, is_score=True)
        failed = len(worth) - len(order)
        note = f"{len(order)} candidates; best outlined, its values bold"
        write_lines(ax, note + (f"; {failed} failed and are left out" if failed else ""))
        return self


def _choose(results, parameters):
    for name in parameters or ():
        results.check_parameter(name, "parameters")
    parameters = list(parameters or results.varied)
    if not parameters:
        raise ValueError(f"No parameter of {results.parameters} varies: there is nothing to compare.")
    return parameters


def _scaled(axis, values):
    """Heights from 0 to 1 on the scale of an axis."""
    if axis.scale == "steps":
        return (np.asarray(values) + 0.5) / len(axis.ticks)
    scale = np.log if axis.scale == "log" else np.asarray
    positions = axis.positions[np.isfinite(axis.positions)]
    low, high = scale(positions.min()), scale(positions.max())
    return 0.5 + 0 * scale(values) if high == low else (scale(values) - low) / (high - low)


def _heights(axis, worth):
    heights = _scaled(axis, axis.positions)
    if axis.scale == "steps":
        for place in np.unique(axis.positions[np.isfinite(axis.positions)]):
            here = np.flatnonzero(axis.positions == place)
            spread = np.linspace(-0.5, 0.5, len(here)) if len(here) > 1 else np.zeros(1)
            heights[here[np.argsort(worth[here], kind="stable")]] += BAND / len(axis.ticks) * spread
    return np.where(np.isfinite(axis.positions), heights, MISSING)


def _score_axis(results):
    """Heights of the scores, the best at the top, and their axis."""
    from matplotlib.ticker import MaxNLocator

    best = results.scores[np.argmax(results.worth)]
    worst = results.worst_shown
    ticks = np.array([each for each in MaxNLocator(N_TICKS).tick_values(worst, best) if min(worst, best) <= each])
    ticks = ticks[ticks <= max(worst, best)]
    span = best - worst or 1.0
    shown = np.clip((results.scores - worst) / span, 0, 1) if best != worst else np.full(len(results.scores), 0.5)
    axis = ParameterAxis((ticks - worst) / span, (ticks - worst) / span, [number_text(each) for each in ticks], "ready")
    return shown, axis


def _prepare(ax, n_axes, bottom):
    ax.set_xlim(-0.6, n_axes - 0.6)
    ax.set_ylim(bottom - 0.04, 1.02)
    ax.spines[:].set_visible(False)
    ax.set(xticks=[], yticks=[])


def _draw_lines(ax, heights, order, shown):
    import matplotlib.pyplot as plt
    from matplotlib.collections import PathCollection
    from matplotlib.patheffects import Normal, Stroke

    colours = plt.get_cmap("viridis")(0.95 * shown)
    paths = [_smooth(row) for row in heights]
    common = {"facecolors": "none"}
    ax.add_collection(
        PathCollection([paths[i] for i in order], edgecolors=colours[order], linewidths=1.3, alpha=0.75, **common)
    )
    best = order[-1]
    outline = [Stroke(linewidth=5.5, foreground=INK), Normal()]
    ax.add_collection(
        PathCollection(
            [paths[best]], edgecolors=[colours[best]], linewidths=3, path_effects=outline, zorder=3, **common
        )
    )


def _smooth(row):
    """A line that crosses each axis level, so that it can be followed through a crowd."""
    from matplotlib.path import Path

    points, codes = [(0, row[0])], [Path.MOVETO]
    for place, (left, right) in enumerate(itertools.pairwise(row)):
        points += [(place + 0.4, left), (place + 0.6, right), (place + 1, right)]
        codes += [Path.CURVE4] * 3
    return Path(points, codes)


def _best_text(value):
    return value if isinstance(value, (str, bool, np.bool_)) else number_text(value)


def _draw_axis(ax, place, name, axis, best_height, best_text, spacing, is_score=False):
    """An axis with its name below and its values beside, the bold one of the best among them."""
    heights = axis.ticks if axis.scale == "ready" else _scaled(axis, axis.ticks)
    labels = short_labels(axis.labels)
    if axis.scale == "steps":
        best = np.argmin(np.abs(heights - best_height))
        labels = [labels[best], *labels[:best], *labels[best + 1 :]]
        heights = np.r_[heights[best], np.delete(heights, best)]
    else:
        labels, heights = [str(best_text), *labels], np.r_[best_height, heights]
    if np.isnan(axis.positions).any():
        labels, heights = [*labels, "not set"], np.r_[heights, MISSING]
    ax.plot([place, place], [min(0, heights.min()), 1], color=GREY, lw=1, zorder=1)
    to_points = ax.get_window_extent().height / np.ptp(ax.get_ylim()) * 72 / ax.figure.dpi
    families = font_families([*labels, name])
    style = {"fontfamily": families, "parse_math": False, "annotation_clip": False, "zorder": 5}
    for index in _free(heights * to_points):
        text = _fitting(labels[index], spacing - 3 * LABEL_GAP, families)
        ax.annotate(
            text,
            (place, heights[index]),
            (LABEL_GAP if is_score else -LABEL_GAP, 0),
            textcoords="offset points",
            ha="left" if is_score else "right",
            va="center",
            fontsize=SIZE,
            color=INK if index == 0 else GREY,
            fontweight="bold" if index == 0 else "normal",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.6},
            **style,
        )
    text = _fitting(name, 1.05 * spacing, families)
    ax.annotate(text, (place, ax.get_ylim()[0]), (0, -4), textcoords="offset points", ha="center", va="top",
                fontsize=NAME_SIZE, color=INK, **style)  # fmt: skip


def _free(places):
    """The first label, and of the others those that touch neither it nor each other."""
    apart = [index for index in range(1, len(places)) if abs(places[index] - places[0]) >= 1.4 * SIZE]
    return [0, *(apart[index] for index in not_crowded(places[apart], [1.4 * SIZE] * len(apart)))]


def _fitting(text, room, families):
    """Cut a text to a width in points."""
    while len(text) > 3 and text_width(text, SIZE, families) > room:
        text = text[:-2] + "…"
    return text
