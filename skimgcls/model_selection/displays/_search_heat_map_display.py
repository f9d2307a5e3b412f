"""Scores of a search over two of its parameters."""

import itertools

import numpy as np

from skimgcls.metrics._text import font_families, text_width
from skimgcls.model_selection.displays._place_labels import write_lines
from skimgcls.model_selection.displays._plotted_results import (
    GREY,
    INK,
    SLANTED,
    bin_edges,
    bins_of,
    number_text,
    parameter_axis,
    read_results,
    score_texts,
    short_labels,
    worst_shown,
)
from skimgcls.model_selection.displays._search_display import SearchDisplay, check_aggregate

TICK_SIZE, CELL_SIZE = 9, 8  # points
HIGHEST_CELL, WIDEST_CELL = 0.55, 0.8  # inches


class SearchHeatMapDisplay(SearchDisplay):
    """Heat map of the score over two parameters.

    Each cell shows the best candidate with its two values, or the mean of all; the title says which, and over what. The
    best cell is framed. Numbers of more than 12 values are gathered in 8 bins. A few very bad scores do not use up the
    colours; where they would, the colour bar ends in an arrow.

    Parameters
    ----------
    frame : DataFrame
        Table of candidates, from ``results_frame``.
    x, y : str, default=None
        Parameters along the axes. None takes the two of the largest effect: those whose mean scores differ most.
    metric : str, default=None
        Column of the score. None means the one that ``results_frame`` ranked by.
    aggregate : {"best", "mean"}, default="best"
        What a cell shows of several candidates.

    Attributes
    ----------
    cells_ : DataFrame
        The scores as drawn, rows along `y`; NaN where there is no candidate. Set by ``plot``.
    ax_ : matplotlib Axes
        Where it is drawn. Set by ``plot``.
    figure_ : matplotlib Figure
        What that is part of. Set by ``plot``.

    Raises
    ------
    ValueError
        If fewer than two parameters vary, a name is unknown, or no candidate has a score.

    See Also
    --------
    ParallelCoordinatesDisplay : All parameters at once.

    Examples
    --------
    >>> import pandas as pd
    >>> from skimgcls.model_selection import SearchHeatMapDisplay
    >>> frame = pd.DataFrame(
    ...     {"lr": [0.1, 0.1, 0.01, 0.01], "optimizer": ["sgd", "adam"] * 2, "score": [0.8, 0.5, 0.7, 0.9]}
    ... )
    >>> SearchHeatMapDisplay.from_frame(frame, x="lr", y="optimizer").cells_.loc["adam"].tolist()
    [0.9, 0.5]
    """

    def __init__(self, frame, *, x=None, y=None, metric=None, aggregate="best"):
        super().__init__(frame, metric=metric)
        self.x = x
        self.y = y
        self.aggregate = aggregate

    def plot(self, *, ax=None):
        """Draw the map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure of the size that the map needs.

        Returns
        -------
        self : SearchHeatMapDisplay
            With ``cells_``, ``ax_`` and ``figure_``.

        Raises
        ------
        ValueError
            If fewer than two parameters vary, a name is unknown, or no candidate has a score.
        """
        check_aggregate(self.aggregate)
        results = read_results(self.frame, self.metric)
        x, y = _choose_axes(results, self.x, self.y)
        self.cells_ = _cells(results, x, y, self.aggregate)
        self._draw_on(ax, _size(self.cells_))
        image = _draw(self.ax_, self.cells_, results.lower_is_better)
        bar = self.figure_.colorbar(image, ax=self.ax_, extend=_extend(image, self.cells_), fraction=0.05, pad=0.03)
        bar.set_label(results.label, color=GREY)
        bar.outline.set_visible(False)
        self.ax_.set(xlabel=x, ylabel=y)
        _write_ticks(self.ax_, self.cells_)
        write_lines(self.ax_, _title(results, x, y, self.aggregate))
        return self


def _choose_axes(results, x, y):
    for role, name in (("x", x), ("y", y)):
        if name is not None:
            results.check_parameter(name, role)
    free = [name for name in results.varied if name not in (x, y)]
    by_effect = sorted(free, key=lambda name: -_effect(results, name))
    chosen = sorted(by_effect[: 2 - (x is not None) - (y is not None)], key=results.parameters.index)
    y = y or (chosen.pop(0) if chosen and (x is not None or len(chosen) > 1) else None)
    x = x or (chosen.pop(0) if chosen else None)
    if x is None or y is None:
        raise ValueError(
            f"A heat map needs two parameters that vary, got {results.varied}. ScoreByParameterDisplay shows one."
        )
    return x, y


def _effect(results, name):
    means = results.frame.groupby(results.frame[name].astype(str))[results.metric].mean()
    return np.nan_to_num(means.max() - means.min())


def _cells(results, x, y, aggregate):
    import pandas as pd

    (columns, x_labels), (rows, y_labels) = (_places(results.frame[name]) for name in (x, y))
    table = pd.DataFrame({"row": rows, "column": columns, "score": results.scores}).dropna(subset=["row", "column"])
    how = "mean" if aggregate == "mean" else ("min" if results.lower_is_better else "max")
    cells = table.pivot_table(index="row", columns="column", values="score", aggfunc=how, dropna=False)
    cells = cells.reindex(index=range(len(y_labels)), columns=range(len(x_labels)))
    return cells.set_axis(y_labels, axis=0).set_axis(x_labels, axis=1)


def _places(values):
    """Row or column of each candidate, and what rows or columns are called."""
    axis = parameter_axis(values)
    if axis.scale == "steps":
        return axis.positions, axis.labels
    edges = bin_edges(axis)
    if edges is None:
        distinct = np.unique(axis.positions[~np.isnan(axis.positions)])
        steps = np.where(np.isnan(axis.positions), np.nan, np.searchsorted(distinct, axis.positions))
        return steps, axis.labels
    shown = [number_text(float(f"{edge:.2g}")) for edge in edges]
    return bins_of(axis.positions, edges), [f"{low} to {high}" for low, high in itertools.pairwise(shown)]


def _size(cells):
    left = max(text_width(label, TICK_SIZE) for label in short_labels(cells.index)) / 72
    below = max(text_width(label, TICK_SIZE) for label in short_labels(cells.columns, SLANTED)) / 72
    n_rows, n_columns = cells.shape
    width = np.clip(WIDEST_CELL * n_columns, 2.4, 11)
    below *= below > width / n_columns  # slanted
    height = np.clip(HIGHEST_CELL * n_rows, 1.4, 8)
    return width + max(left, 0.8 * below - width / n_columns / 2) + 1.5, height + 0.6 * below + 1.2


def _draw(ax, cells, lower_is_better):
    import matplotlib.pyplot as plt

    scores = cells.to_numpy(dtype=float)
    best = np.nanmin(scores) if lower_is_better else np.nanmax(scores)
    low, high = sorted((worst_shown(scores, lower_is_better), best))
    colours = plt.get_cmap("viridis_r" if lower_is_better else "viridis").with_extremes(bad="#ECECEC")
    high = high if high > low else low + 1e-9  # a single colour
    image = ax.imshow(np.ma.masked_invalid(scores), cmap=colours, aspect="auto", vmin=low, vmax=high)
    ax.spines[:].set_visible(False)
    ax.set_xticks(np.arange(1, scores.shape[1]) - 0.5, minor=True)
    ax.set_yticks(np.arange(1, scores.shape[0]) - 0.5, minor=True)
    ax.grid(which="minor", color="white", lw=1.5)
    ax.tick_params(which="both", length=0)
    _write_cells(ax, scores, image)
    row, column = np.unravel_index(np.nanargmin(scores) if lower_is_better else np.nanargmax(scores), scores.shape)
    ax.add_patch(plt.Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, ec=INK, lw=2.2, clip_on=False, zorder=4))
    return image


def _write_cells(ax, scores, image):
    texts = score_texts(scores.ravel())
    box = ax.get_window_extent()
    width, height = box.width / scores.shape[1] * 72 / ax.figure.dpi, box.height / scores.shape[0] * 72 / ax.figure.dpi
    if max(text_width(text, CELL_SIZE) for text in texts) > 0.9 * width or height < 1.3 * CELL_SIZE:
        return  # the colours alone then
    for (row, column), text in zip(np.ndindex(scores.shape), texts, strict=True):
        if np.isfinite(scores[row, column]):
            luminance = np.dot(image.cmap(image.norm(scores[row, column]))[:3], (0.299, 0.587, 0.114))
            colour = INK if luminance > 0.5 else "white"
            ax.text(column, row, text, ha="center", va="center", color=colour, fontsize=CELL_SIZE)


def _extend(image, cells):
    scores = cells.to_numpy(dtype=float)
    below, above = np.nanmin(scores) < image.norm.vmin, np.nanmax(scores) > image.norm.vmax
    return "min" if below else "max" if above else "neither"


def _write_ticks(ax, cells):
    families = font_families([*cells.columns, *cells.index])
    style = {"fontsize": TICK_SIZE, "fontfamily": families, "parse_math": False}
    columns = short_labels(cells.columns)
    ax.set_yticks(range(len(cells.index)), short_labels(cells.index), **style)
    room = ax.get_window_extent().width / len(columns) * 72 / ax.figure.dpi
    if max(text_width(label, TICK_SIZE, families) for label in columns) > room - 6:
        columns = short_labels(cells.columns, SLANTED)
        style |= {"rotation": 35, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(range(len(columns)), columns, **style)


def _title(results, x, y, aggregate):
    others = [name for name in results.varied if name not in (x, y)]
    if not others:
        return f"{results.label} of each pair; best framed"
    return f"{aggregate} {results.label} over {', '.join(others)}; best framed"
