"""A results table as displays see it: what is score, what is parameter, and on what scale that stands."""

import re
from dataclasses import dataclass

import numpy as np

INK, GREY, LIGHT = "#222222", "#595959", "#B0B0B0"
# Okabe and Ito's palette without its yellow, which is too light for a line.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
WIDEST_LABEL, SLANTED = 28, 20  # characters
N_BINS = 8
MOST_STEPS = 12  # distinct numbers that each get a place of their own


@dataclass
class PlottedResults:
    """A table in which each candidate stands once, with what displays must know about it.

    Parameters
    ----------
    frame : DataFrame
        Without pruned and failed trials; of halving the last iteration of each candidate; numbered from 0.
    metric : str
        Column of the score.
    label : str
        Words for it.
    lower_is_better : bool
        Of the score.
    parameters : list of str
        Columns of parameters.
    """

    frame: object
    metric: str
    label: str
    lower_is_better: bool
    parameters: list

    @property
    def varied(self):
        """Parameters with more than one value, in their order."""
        return [name for name in self.parameters if self.frame[name].nunique(dropna=False) > 1]

    @property
    def scores(self):
        """Scores as floats (n,)."""
        return self.frame[self.metric].to_numpy(dtype=float)

    @property
    def worth(self):
        """Scores of which more is better (n,), -inf where a fit failed."""
        worth = -self.scores if self.lower_is_better else self.scores
        return np.where(np.isnan(worth), -np.inf, worth)

    @property
    def worst_shown(self):
        """See `worst_shown`."""
        return worst_shown(self.scores, self.lower_is_better)

    def check_parameter(self, name, role):
        """Raise a ValueError unless there is such a parameter."""
        if name not in self.parameters:
            raise ValueError(f"{role}={name!r} is no parameter of the table. Expected one of {self.parameters}.")

    def names(self, rows=None):
        """What tells some candidates from each other: list of str; `rows` are their places, None takes all."""
        frame = self.frame if rows is None else self.frame.iloc[rows]
        differing = [name for name in self.parameters if frame[name].nunique(dropna=False) > 1]
        columns = differing or self.varied or self.parameters
        texts = {
            name: short_labels([value_name(name, value) for value in frame[name]], len(name) + SLANTED)
            for name in columns
        }
        return [", ".join(row) for row in zip(*texts.values(), strict=True)] or [""] * len(frame)


@dataclass
class ParameterAxis:
    """Where values of a parameter stand.

    Parameters
    ----------
    positions : ndarray (n,)
        One for each candidate; NaN where a number is not set.
    ticks : ndarray (k,)
        Where labels stand.
    labels : list of k str
        What they say.
    scale : {"steps", "linear", "log"}
        "steps" are at 0, 1, 2...
    """

    positions: object
    ticks: object
    labels: list
    scale: str


def read_results(frame, metric=None):
    """Find out what is what in a table.

    Parameters
    ----------
    frame : DataFrame
        From ``results_frame``, or one like it: parameters, then the score, then the rest.
    metric : str, default=None
        Column of the score. None means the one that ``results_frame`` ranked by.

    Returns
    -------
    results : PlottedResults

    Raises
    ------
    ValueError
        If there is no score, or no candidate with one.
    """
    main = frame.attrs.get("metric") or _first_score(frame)
    metric = metric or main
    if metric not in frame:
        raise ValueError(
            f"The table has no column {metric!r} for the score. Pass one of results_frame, or metric= with one of "
            f"{list(frame.columns)}."
        )
    is_main = metric == frame.attrs.get("metric")
    first = frame.columns.get_loc(main if main in frame else metric)
    parameters = list(frame.columns[:first])
    if "state" in frame:
        frame = frame[frame["state"] == "complete"]
    if "iteration" in frame:
        frame = frame.sort_values("iteration", kind="stable").drop_duplicates(parameters, keep="last").sort_index()
    if not np.isfinite(frame[metric].to_numpy(dtype=float)).any():
        raise ValueError(f"No candidate has a {metric}: there is nothing to plot. See the error of a fit that failed.")
    return PlottedResults(
        frame=frame.reset_index(drop=True),
        metric=metric,
        label=frame.attrs["metric_label"] if is_main else metric.replace("_", " "),
        lower_is_better=bool(is_main and frame.attrs["lower_is_better"]),
        parameters=parameters,
    )


def parameter_axis(values, name=""):
    """Choose the scale of a parameter.

    Parameters
    ----------
    values : Series (n,)
        Of a table of ``results_frame``.
    name : str, default=""
        Of the parameter.

    Returns
    -------
    axis : ParameterAxis
        Numbers on a logarithmic scale where they are positive, spread over a factor of 5, and lie more evenly there;
        other numbers on a linear one, unless that would press some together; anything else in steps, in
        the order in which it first came.
    """
    if not _is_numeric(values):
        texts = values.astype(str)
        order = _natural_order(list(dict.fromkeys(texts)))
        return ParameterAxis(
            np.array([order.index(each) for each in texts], float), np.arange(len(order)), order, "steps"
        )
    positions = values.to_numpy(dtype=float)
    distinct = np.unique(positions[~np.isnan(positions)])
    labels = [number_text(each) for each in distinct]
    scale = _scale(distinct)
    if scale == "steps":
        steps = np.where(np.isnan(positions), np.nan, np.searchsorted(distinct, positions))
        return ParameterAxis(steps, np.arange(len(distinct)), labels, "steps")
    if len(distinct) > MOST_STEPS:
        ticks = _round_ticks(distinct, scale)
        return ParameterAxis(positions, ticks, [number_text(each) for each in ticks], scale)
    return ParameterAxis(positions, distinct, labels, scale)


def value_name(name, value):
    """Write a value of a parameter: a word by itself, anything else with the name of the parameter."""
    if isinstance(value, str) and value not in ("None", "not set") and not re.match(r"[\d.(\[-]", value):
        return value
    return f"{name}={value if isinstance(value, (str, bool, np.bool_)) else number_text(value, digits=3)}"


def number_text(value, _position=None, *, digits=4):
    """Write a number in a few digits, ``1e-05`` as ``1e-5``; a formatter of matplotlib's axes too."""
    return re.sub(r"e([+-])0*", lambda found: "e" + found.group(1).replace("+", ""), f"{value:.{digits}g}")


def short_labels(labels, width=WIDEST_LABEL):
    """Cut labels to a number of characters, and number those that differ and would then be the same."""
    short, taken = {}, set()
    for label in labels:
        if label not in short:
            cut = label if len(label) <= width else label[: width - 1] + "…"
            number = 2
            while cut in taken:
                cut, number = f"{label[: width - 4]}… {number}", number + 1
            taken.add(cut)
            short[label] = cut
    return [short[label] for label in labels]


def score_texts(scores):
    """Write scores with as many digits as tell them apart, at least two and at most four after the point."""
    finite = np.asarray(scores, dtype=float)[np.isfinite(scores)]
    spread = np.ptp(finite) if len(finite) else 0
    digits = 3 if spread == 0 else int(np.clip(2 - np.floor(np.log10(spread)), 2, 4))
    if len(finite) and np.abs(finite).max() >= 1000:
        return [number_text(each) for each in scores]
    return [f"{each:.{digits}f}" for each in scores]


def worst_shown(scores, lower_is_better):
    """Where colours and axes end, so that a few hopeless candidates do not squeeze all others together.

    Parameters
    ----------
    scores : array-like (n,)
        With at least one number.
    lower_is_better : bool
        Of them.

    Returns
    -------
    limit : float
        The worst score, or, where that is six times as far below the best as the median, the place at four times.
    """
    scores = np.asarray(scores, dtype=float)
    best, worst = (np.nanmin, np.nanmax)[:: 1 if lower_is_better else -1]
    gap = np.nanmedian(scores) - best(scores)
    return best(scores) + 4 * gap if abs(worst(scores) - best(scores)) > 6 * abs(gap) > 0 else worst(scores)


def cut_axis(ax, scores, lower_is_better):
    """End a y axis where only hopeless candidates follow.

    Parameters
    ----------
    ax : matplotlib Axes
        With the scores drawn.
    scores : array-like (n,)
        With at least one number.
    lower_is_better : bool
        Of them.

    Returns
    -------
    n_cut : int
        Scores beyond that end.
    """
    limit = worst_shown(scores, lower_is_better)
    n_cut = int(np.sum(np.asarray(scores) > limit if lower_is_better else np.asarray(scores) < limit))
    if n_cut:
        bottom, top = ax.get_ylim()
        ax.set_ylim((bottom, limit) if lower_is_better else (limit, top))
    return n_cut


def bin_edges(axis):
    """Edges of 8 bins on the scale of a parameter with many numbers; None where each value has its own place."""
    distinct = np.unique(axis.positions[~np.isnan(axis.positions)])
    if axis.scale == "steps" or len(distinct) <= MOST_STEPS:
        return None
    space = np.geomspace if axis.scale == "log" else np.linspace
    return space(distinct[0], distinct[-1], N_BINS + 1)


def bins_of(positions, edges):
    """Number of the bin of each position, NaN for NaN; the last bin holds its upper edge."""
    bins = np.clip(np.searchsorted(edges, positions, side="right") - 1, 0, len(edges) - 2)
    return np.where(np.isnan(positions), np.nan, bins)


def style_axes(ax, grid="y"):
    """Light lines to read values by, no frame."""
    ax.spines[["top", "right"]].set_visible(False)
    if grid:
        ax.grid(axis=grid, color="0.9", lw=0.8)
    ax.set_axisbelow(True)


def _first_score(frame):
    return next((name for name in frame.columns if name == "score" or f"{name}_std" in frame), "score")


def _is_numeric(values):
    return values.dtype.kind in "iuf"


def _natural_order(texts):
    """Numbers by size, after None; other texts as they come."""
    numbers = {text: float(text) for text in texts if re.fullmatch(r"-?\d+(\.\d*)?(e[+-]?\d+)?", text)}
    if len(numbers) + ("None" in texts) < len(texts) or not numbers:
        return texts
    return sorted(texts, key=lambda text: numbers.get(text, -np.inf))


def _scale(distinct):
    low, high = (distinct[0], distinct[-1]) if len(distinct) else (0, 0)
    if low > 0 and high / low >= 5:
        middle = np.median(distinct)
        off_middle = abs(middle - (low + high) / 2) / (high - low)
        off_log_middle = abs(np.log(middle) - np.log(low * high) / 2) / np.log(high / low)
        return "log" if len(distinct) == 2 or off_log_middle < off_middle else "linear"
    gaps = np.diff(distinct)
    is_pressed = low <= 0 and 2 < len(distinct) <= MOST_STEPS and gaps.max() >= 8 * gaps.min()
    return "steps" if is_pressed else "linear"


def _round_ticks(distinct, scale):
    from matplotlib.ticker import LogLocator, MaxNLocator

    low, high = distinct[0], distinct[-1]
    locator = LogLocator(subs=(1.0,) if high / low > 30 else (1.0, 2.0, 5.0)) if scale == "log" else MaxNLocator(5)
    ticks = np.asarray(locator.tick_values(low, high))
    ticks = ticks[(ticks >= low * 0.999) & (ticks <= high * 1.001)]
    return ticks if len(ticks) > 1 else np.array([low, high])
