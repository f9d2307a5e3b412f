"""Differences between candidates with their intervals, one below the other."""

import itertools
import math
import textwrap

import numpy as np

from skimgcls.metrics._panels import LABEL_SIZE, write_note
from skimgcls.metrics._text import font_families, text_width
from skimgcls.model_selection._comparison_text import BEST, BETTER, REFERENCE, SAME, TIE, WORSE, level, score_format

# Okabe and Ito's blue and vermilion; the words beside the intervals say the same.
INK, GREY = "#222222", "#595959"
COLOURS = {BEST: INK, REFERENCE: INK, BETTER: "#0072B2", WORSE: "#D55E00", TIE: GREY, SAME: GREY}
FILLED = {BEST, REFERENCE, BETTER, WORSE}
NAME_CHARACTERS, NAME_LINES = 38, 3
PANEL = 250  # points of a new figure's width for the intervals
PAD = 10  # points between the intervals and the words
OFF_SCALE = 4  # an interval that reaches this many times as far as the next one would squeeze all others


class ComparisonDisplay:
    """Forest plot: how far each candidate is from the best, or from the reference, with an interval.

    Every candidate has a line: its name, the difference of its mean score with the confidence interval, its mean and
    the verdict. Filled marks differ from the reference, hollow ones do not detectably. What lies so far out that it
    would squeeze all others is an arrow at the edge.

    Parameters
    ----------
    frame : DataFrame
        As ``Comparison.frame``: one row per candidate with ``mean``, ``difference``, ``difference_low``,
        ``difference_high`` and ``verdict``.
    metric_label : str, default="score"
        What is compared.
    reference : str, default=None
        Name of the candidate that others are compared with. None means the best.
    note : str, default=""
        Words above the plot; " | " may break them.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Set by ``plot``.
    figure_ : matplotlib Figure
        What it is part of. Set by ``plot``.

    See Also
    --------
    compare : Fits and compares candidates.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skimgcls.model_selection import ComparisonDisplay, compare
    >>> X, y = load_iris(return_X_y=True)
    >>> comparison = compare((DecisionTreeClassifier(), {"max_depth": [1, 2, 3]}), X, y, random_state=0)
    >>> display = ComparisonDisplay.from_comparison(comparison)
    >>> display.ax_.get_xlabel()
    'difference in accuracy to the best'
    """

    def __init__(self, frame, *, metric_label="score", reference=None, note=""):
        self.frame = frame
        self.metric_label = metric_label
        self.reference = reference
        self.note = note

    @classmethod
    def from_comparison(cls, comparison, *, ax=None):
        """Plot what ``compare`` returned.

        Parameters
        ----------
        comparison : Comparison
            Of two or more candidates.
        ax : matplotlib Axes, default=None
            See ``plot``.

        Returns
        -------
        display : ComparisonDisplay
        """
        note = f"{level(comparison)} intervals | a difference is detected where they leave out zero"
        display = cls(comparison.frame, metric_label=comparison.metric_label, reference=comparison.reference, note=note)
        return display.plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw the differences.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure of the size that the candidates need.

        Returns
        -------
        self : ComparisonDisplay
            With ``ax_`` and ``figure_``.
        """
        names = [_wrap(str(name)) for name in self.frame.index]
        words = self._words()
        families = font_families([*names, *words, self.reference or ""])
        room = max(text_width(text, LABEL_SIZE, families) for text in words) + 2 * PAD
        self.ax_ = _new_axes(names, room, families) if ax is None else ax
        self.figure_ = self.ax_.figure.figure  # also from within a subfigure
        heights = np.arange(len(names))[::-1]  # the first on top
        text = {"fontsize": LABEL_SIZE, "fontfamily": families, "parse_math": False}
        self.ax_.set_yticks(heights, names, **text)
        self.ax_.set_ylim(-0.6, len(names) - 0.4)
        self.ax_.tick_params(axis="y", length=0)
        self.ax_.spines[["top", "right", "left"]].set_visible(False)
        limits = _limits(self.frame)
        for height, row in zip(heights, self.frame.itertuples(), strict=True):
            _draw_interval(self.ax_, height, row, limits)
        self.ax_.axvline(0, color=GREY, lw=1, zorder=1)  # above the grid
        label = f"difference in {self.metric_label} to {_shorten(self.reference or 'the best')}"
        self.ax_.set_xlabel(label, fontfamily=families, parse_math=False)
        edge = _make_room(self.ax_, limits, room)
        for height, verdict, words_ in zip(heights, self.frame["verdict"], words, strict=True):
            self.ax_.annotate(
                words_, (edge, height), (PAD, 0), textcoords="offset points", va="center",
                color=COLOURS.get(verdict, GREY), annotation_clip=False, **text,
            )  # fmt: skip
        if self.note:
            write_note(self.ax_, self.note, GREY)
        return self

    def _words(self):
        score = score_format(self.frame)
        rows = zip(self.frame["mean"], self.frame["verdict"], strict=True)
        return [verdict if np.isnan(mean) else f"{score(mean)}  {verdict}" for mean, verdict in rows]


def _wrap(name):
    lines = textwrap.wrap(name, NAME_CHARACTERS, break_on_hyphens=False) or [""]
    if len(lines) > NAME_LINES:
        lines = [*lines[: NAME_LINES - 1], _shorten(" ".join(lines[NAME_LINES - 1 :]))]
    return "\n".join(lines)


def _shorten(text):
    return text if len(text) <= NAME_CHARACTERS else f"{text[: NAME_CHARACTERS - 1]}…"


def _new_axes(names, room, families):
    import matplotlib.pyplot as plt

    longest = max(text_width(line, LABEL_SIZE, families) for name in names for line in name.split("\n"))
    n_lines = max(name.count("\n") for name in names) + 1
    height = 70 + len(names) * max(22, 1.3 * LABEL_SIZE * n_lines + 6)
    size = (longest + PANEL + room + 30) / 72, height / 72
    return plt.subplots(figsize=size, layout="constrained")[1]


def _limits(frame):
    """How far the x axis reaches to both sides; less than some intervals where these lie far off."""
    low = frame["difference_low"].fillna(frame["difference"]).fillna(0).to_numpy()
    high = frame["difference_high"].fillna(frame["difference"]).fillna(0).to_numpy()
    reach = np.sort(np.maximum(abs(low), abs(high)))
    for nearer, farther in itertools.pairwise(reach):
        n_beyond = int((reach >= farther).sum())
        if nearer > 0 and farther > OFF_SCALE * nearer and n_beyond <= len(reach) // 6:
            low, high = np.clip(low, -1.3 * nearer, None), np.clip(high, None, 1.3 * nearer)
            break
    left, right = min(low.min(), 0), max(high.max(), 0)
    margin = 0.04 * (right - left) or 0.5
    return left - margin, right + margin


def _draw_interval(ax, height, row, limits):
    if np.isnan(row.difference):
        return
    colour = COLOURS[row.verdict]
    low, middle, high = (np.clip(x, *limits) for x in (row.difference_low, row.difference, row.difference_high))
    if middle != row.difference:  # off the scale: an arrow to where it lies
        inset = 0.02 * (limits[1] - limits[0])
        x, arrow = (middle + inset, "<") if row.difference < middle else (middle - inset, ">")
        ax.plot(x, height, arrow, color=colour, ms=7)
        return
    face = colour if row.verdict in FILLED else "white"
    if not np.isnan(low):
        ax.hlines(height, low, high, color=colour, lw=2)
    ax.plot(middle, height, "D" if row.verdict in (BEST, REFERENCE) else "o", ms=7, mfc=face, mec=colour, mew=1.5)


def _make_room(ax, limits, room):
    """Set the x axis so that the words end inside the panel; return where they begin."""
    from matplotlib.ticker import MaxNLocator

    left, right = limits
    if ax.figure.figure.get_layout_engine() is not None:
        ax.figure.figure.draw_without_rendering()  # until then the axes are not as wide as they will be
    width = ax.get_window_extent().width * 72 / ax.figure.dpi  # points
    share = min(room / width, 0.7)
    ax.set_xlim(left, left + (right - left) / (1 - share))
    most = max(2, math.floor(width * (1 - share) / 45))
    ax.set_xticks([tick for tick in MaxNLocator(most).tick_values(left, right) if left <= tick <= right])
    ax.spines["bottom"].set_bounds(left, right)
    ax.grid(axis="x", color="0.92", lw=0.8)
    ax.set_axisbelow(True)
    ax.xaxis.label.set_x((1 - share) / 2)
    return right
