"""Scores of a search against one of its parameters."""

import numpy as np

from skimgcls.metrics._text import font_families, text_width
from skimgcls.model_selection.displays._place_labels import name_line_ends, not_crowded, write_lines
from skimgcls.model_selection.displays._plotted_results import (
    COLOURS,
    GREY,
    SLANTED,
    bin_edges,
    bins_of,
    cut_axis,
    parameter_axis,
    read_results,
    short_labels,
    style_axes,
    value_name,
)
from skimgcls.model_selection.displays._search_display import SearchDisplay, check_aggregate

TICK_SIZE = 9  # points
MOST_GROUPS = len(COLOURS)


class ScoreByParameterDisplay(SearchDisplay):
    """Score against one parameter, with error bars.

    Every candidate is a grey point. A line joins the best candidates of each value (or the means of all, as the note
    above it says), with bars of one standard deviation over the folds (or over the candidates); of a parameter with
    more than 12 numbers it joins those of 8 bins. With `group`, there is such a line for each value of a second
    parameter, named at its end. Learning rates and their like stand on a logarithmic axis, words and other objects at
    equal steps.

    Parameters
    ----------
    frame : DataFrame
        Table of candidates, from ``results_frame``.
    parameter : str, default=None
        Along the x axis. None takes the first that varies.
    group : str, default=None
        Parameter of which each value, up to 7, gets a line of its own.
    metric : str, default=None
        Column of the score. None means the one that ``results_frame`` ranked by.
    aggregate : {"best", "mean"}, default="best"
        What the line shows of several candidates.

    Attributes
    ----------
    lines_ : dict of DataFrame
        Columns ``value``, ``score`` and ``std`` (NaN where not known) of each line, by its name; "" without `group`.
        The index holds a row of the table with that value. Set by ``plot``.
    ax_ : matplotlib Axes
        Where it is drawn. Set by ``plot``.
    figure_ : matplotlib Figure
        What that is part of. Set by ``plot``.

    Raises
    ------
    ValueError
        If a name is unknown, `group` has too many values, or no candidate has a score.

    See Also
    --------
    SearchHeatMapDisplay : Two parameters, as colours.

    Examples
    --------
    >>> import pandas as pd
    >>> from skimgcls.model_selection import ScoreByParameterDisplay
    >>> frame = pd.DataFrame({"lr": [0.1, 0.01, 0.001], "score": [0.4, 0.8, 0.7], "score_std": [0.1, 0.02, 0.01]})
    >>> display = ScoreByParameterDisplay.from_frame(frame, parameter="lr")
    >>> display.ax_.get_xscale(), display.lines_[""]["score"].tolist()
    ('log', [0.7, 0.8, 0.4])
    """

    def __init__(self, frame, *, parameter=None, group=None, metric=None, aggregate="best"):
        super().__init__(frame, metric=metric)
        self.parameter = parameter
        self.group = group
        self.aggregate = aggregate

    def plot(self, *, ax=None):
        """Draw points and lines.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.

        Returns
        -------
        self : ScoreByParameterDisplay
            With ``lines_``, ``ax_`` and ``figure_``.

        Raises
        ------
        ValueError
            If a name is unknown, `group` has too many values, or no candidate has a score.
        """
        check_aggregate(self.aggregate)
        results = read_results(self.frame, self.metric)
        parameter = _choose(results, self.parameter)
        groups = _groups(results, self.group)
        axis = parameter_axis(results.frame[parameter])
        self._draw_on(ax, (6.4, 4.2))
        self.lines_ = {name: _line(results, parameter, axis, rows, self.aggregate) for name, rows in groups.items()}
        places = {name: axis.positions[line.index] for name, line in self.lines_.items()}
        _draw(self.ax_, axis, results.scores, self.lines_, places)
        self.ax_.set(xlabel=parameter, ylabel=results.label)
        is_cut = self.aggregate == "best" and cut_axis(self.ax_, results.scores, results.lower_is_better) > 0
        if self.group:
            drawn = zip(COLOURS, self.lines_.items(), strict=False)
            ends = [(places[n][-1], line["score"].iloc[-1], n, colour) for colour, (n, line) in drawn if len(line)]
            name_line_ends(self.ax_, ends)
        _write_ticks(self.ax_, axis)
        write_lines(self.ax_, _title(results, parameter, self.group, self.aggregate, bin_edges(axis), is_cut))
        return self


def _write_ticks(ax, axis):
    """Put the values below the axis, slanted where they are long; leave out what finds no room."""
    from matplotlib.ticker import NullLocator

    labels, style = short_labels(axis.labels), {"fontsize": TICK_SIZE, "parse_math": False}
    style["fontfamily"] = font_families(labels)
    ax.xaxis.set_minor_locator(NullLocator())
    places = ax.transData.transform([(tick, ax.get_ylim()[0]) for tick in axis.ticks])[:, 0] * 72 / ax.figure.dpi
    kept = not_crowded(places, [text_width(label, TICK_SIZE, style["fontfamily"]) + 6 for label in labels])
    if axis.scale == "steps" and len(kept) < len(places):
        kept = not_crowded(places, [1.5 * TICK_SIZE] * len(places))
        labels = short_labels(axis.labels, SLANTED)
        style |= {"rotation": 35, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(axis.ticks[kept], [labels[index] for index in kept], **style)


def _choose(results, parameter):
    if parameter is not None:
        results.check_parameter(parameter, "parameter")
        return parameter
    if not results.parameters:
        raise ValueError("The table has no parameter to plot the score against.")
    return (results.varied or results.parameters)[0]


def _groups(results, group):
    """Rows of each line, by its name."""
    if group is None:
        return {"": np.ones(len(results.frame), dtype=bool)}
    results.check_parameter(group, "group")
    values = results.frame[group]
    distinct = sorted(values.unique()) if values.dtype.kind in "iuf" else list(dict.fromkeys(values))
    if len(distinct) > MOST_GROUPS:
        raise ValueError(
            f"group={group!r} has {len(distinct)} values, and more than {MOST_GROUPS} lines cannot be told apart. Use "
            "SearchHeatMapDisplay."
        )
    return {value_name(group, value): (values == value).to_numpy() for value in distinct}


def _line(results, parameter, axis, rows, aggregate):
    """Best or mean of each value or bin, along the axis; the index is that of the best candidate."""
    import pandas as pd

    std = results.frame.get(f"{results.metric}_std", pd.Series(np.nan, index=results.frame.index)).to_numpy(dtype=float)
    edges = bin_edges(axis)
    positions = axis.positions if edges is None else bins_of(axis.positions, edges)
    line = {}
    for place in np.unique(positions[rows & np.isfinite(positions) & np.isfinite(results.scores)]):
        here = np.flatnonzero(rows & (positions == place) & np.isfinite(results.scores))
        best = here[np.argmax(results.worth[here])]
        score, spread = results.scores[best], std[best]
        if aggregate == "mean":
            score, spread = results.scores[here].mean(), results.scores[here].std(ddof=1) if len(here) > 1 else np.nan
        line[best] = {"value": results.frame[parameter].iloc[best], "score": score, "std": spread}
    return pd.DataFrame.from_dict(line, orient="index", columns=["value", "score", "std"])


def _draw(ax, axis, scores, lines, places):
    style_axes(ax)
    if axis.scale == "log":
        ax.set_xscale("log")
    ax.plot(axis.positions, scores, "o", ms=4, mfc=GREY, mec="none", alpha=0.35, zorder=2)
    for colour, (name, line) in zip(COLOURS, lines.items(), strict=False):
        bars = np.nan_to_num(line["std"].to_numpy(dtype=float))
        ax.errorbar(
            places[name], line["score"], bars, color=colour, marker="o", ms=5, lw=1.8, elinewidth=1, capsize=3, zorder=3
        )
    if axis.scale == "steps":
        ax.set_xlim(-0.5, len(axis.ticks) - 0.5)


def _title(results, parameter, group, aggregate, edges, is_cut):
    others = [name for name in results.varied if name not in (parameter, group)]
    parts = [f"{aggregate} over {', '.join(others)}" if others else "each candidate"]
    if edges is not None:
        parts.append(f"line: the {aggregate} in each of {len(edges) - 1} bins")
    if f"{results.metric}_std" in results.frame or aggregate == "mean":
        parts.append(f"bars: one standard deviation over {'candidates' if aggregate == 'mean' else 'folds'}")
    return "; ".join(parts + ["the worst are off the axis"] * is_cut)
