"""How many images each class has."""

import numpy as np
from sklearn.utils import column_or_1d

from skimgcls.metrics._fit_label import fit_label
from skimgcls.metrics._list_names import list_names
from skimgcls.metrics._panels import LABEL_SIZE, NOTE_SIZE, panel_width, write_note
from skimgcls.metrics._text import font_families, text_width
from skimgcls.metrics._unwrap_estimator import unwrap_estimator

BLUE, ORANGE, GREY, PALE = "#0072B2", "#D55E00", "#595959", "0.93"
RARE = 0.5  # of an equal share
MOST_NAMED = 30  # classes of a new figure
ROW = 1.3 * LABEL_SIZE  # points that the bar of a named class needs at least
NAME_WIDTH = 130  # points


class ClassBalanceDisplay:
    """How many images each class has, from the largest class to the smallest.

    A dashed line marks an equal share; classes of less than half of it are orange. Where there are too many classes
    for names, the bars stand side by side and the largest and the smallest class are named above.

    Parameters
    ----------
    counts : array-like of shape (n_classes,)
        Images of each class.
    classes : array-like of shape (n_classes,)
        Labels of the classes.
    unit : str, default="images"
        What is counted, for the axis.

    Attributes
    ----------
    counts : ndarray of shape (n_classes,)
        From the largest to the smallest.
    classes : ndarray of shape (n_classes,)
        In that order.
    ratio_ : float
        Images of the largest class for each one of the smallest; infinite if that has none.
    ax_ : matplotlib Axes
        Set by ``plot``.
    figure_ : matplotlib Figure
        What it is part of. Set by ``plot``.

    Raises
    ------
    ValueError
        If there is not one count for each class, or there are no images.

    Examples
    --------
    >>> from skimgcls.metrics import ClassBalanceDisplay
    >>> display = ClassBalanceDisplay.from_labels(["cat"] * 30 + ["dog"] * 12 + ["owl"] * 3)
    >>> display.classes.tolist(), display.counts.tolist(), display.ratio_
    (['cat', 'dog', 'owl'], [30, 12, 3], 10.0)
    """

    def __init__(self, counts, classes, *, unit="images"):
        counts, classes = np.asarray(counts), np.asarray(classes)
        if counts.ndim != 1 or counts.shape != classes.shape or not counts.sum() > 0:
            raise ValueError(
                f"counts must hold one number for each class, and images of at least one; got counts of shape "
                f"{counts.shape} for {len(classes)} classes. Use ClassBalanceDisplay.from_labels(y)."
            )
        order = np.argsort(-counts, kind="stable")
        self.counts, self.classes, self.unit = counts[order], classes[order], unit
        self.ratio_ = float(self.counts[0] / self.counts[-1]) if self.counts[-1] else np.inf

    @classmethod
    def from_labels(cls, y, *, classes=None, ax=None):
        """Count labels and plot them.

        Parameters
        ----------
        y : array-like of shape (n,)
            Labels.
        classes : array-like of shape (n_classes,), default=None
            All classes, also those without images. None takes those of `y`.
        ax : matplotlib Axes, default=None
            See ``plot``.

        Returns
        -------
        display : ClassBalanceDisplay

        Raises
        ------
        ValueError
            If `y` holds labels that are no class.
        """
        y = column_or_1d(y)
        labels, counts = np.unique(y, return_counts=True)
        if classes is not None:
            count_of = dict(zip(labels.tolist(), counts.tolist(), strict=True))
            labels = np.asarray(classes)
            counts = np.array([count_of.pop(label, 0) for label in labels.tolist()])
            if count_of:
                raise ValueError(f"y holds labels that are no class: {list(count_of)[:5]}. Name all classes.")
        return cls(counts, labels).plot(ax=ax)

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Plot the images that a classifier was trained on, as its loss sees them.

        Images count by their weight (``sample_weight`` and ``class_weight``), and with ``sampling`` as often as an
        epoch draws them: what has been balanced looks balanced.

        Parameters
        ----------
        estimator : classifier
            Fitted classifier of skimgcls, also inside a pipeline or a search.
        ax : matplotlib Axes, default=None
            See ``plot``.

        Returns
        -------
        display : ClassBalanceDisplay

        Raises
        ------
        ValueError
            If the classifier does not keep how many images it has seen.
        """
        fitted = unwrap_estimator(estimator, "_class_counts")
        if fitted is None:
            raise ValueError(
                f"{type(estimator).__name__} is not fitted, or does not keep how many images of each class it saw. "
                "Use ClassBalanceDisplay.from_labels(y)."
            )
        return cls(fitted._class_counts[0], fitted.classes_, unit="images as training weighs them").plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw a bar for each class.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure, the higher the more classes there are.

        Returns
        -------
        self : ClassBalanceDisplay
            With ``ax_`` and ``figure_``.
        """
        n = len(self.classes)
        height = 1.2 + 0.24 * n if n <= MOST_NAMED else 3.2  # inches
        self.ax_ = _new_axes((5.6, height)) if ax is None else ax
        self.figure_ = self.ax_.figure.figure  # also from within a subfigure
        panel_width(self.ax_)  # lays the figure out
        named = self.ax_.get_window_extent().height * 72 / self.ax_.figure.dpi >= n * ROW
        share = self.counts.mean()
        colours = np.where(self.counts < RARE * share, ORANGE, BLUE)
        self.ax_.spines[["top", "right"]].set_visible(False)
        self.ax_.set_axisbelow(True)
        (self._draw_named if named else self._draw_many)(colours, share)
        write_note(self.ax_, self._note(named, share), GREY)
        return self

    def _draw_named(self, colours, share):
        ax, texts = self.ax_, [str(each) for each in self.classes.tolist()]
        families = font_families(texts)
        room = min(NAME_WIDTH, 0.4 * panel_width(ax))
        names = [fit_label(text, room, 1, lambda part: text_width(part, LABEL_SIZE, families))[0] for text in texts]
        places = np.arange(len(names))
        ax.barh(places, self.counts, height=0.75, color=colours)
        ax.set_yticks(places, names, fontsize=LABEL_SIZE, fontfamily=families)
        for label in ax.get_yticklabels():
            label.set_parse_math(False)
        ax.tick_params(axis="y", length=0)
        ax.axvline(share, color=GREY, lw=1, ls="--")
        white = {"facecolor": ax.get_facecolor(), "edgecolor": "none", "pad": 0.5}
        for place, count in zip(places, self.counts, strict=True):
            ax.annotate(
                _number(count), (count, place), (4, 0), textcoords="offset points", va="center", fontsize=NOTE_SIZE,
                color=GREY, bbox=white,
            )  # fmt: skip
        number = text_width(_number(self.counts[0]), NOTE_SIZE) + 8
        ax.set(xlim=(0, self.counts[0] / (1 - number / panel_width(ax))), ylim=(len(names) - 0.5, -0.5))
        ax.set(xticks=[], xlabel=self.unit)  # the numbers stand at the bars
        ax.spines["bottom"].set_visible(False)

    def _draw_many(self, colours, share):
        ax = self.ax_
        ax.bar(np.arange(len(self.counts)), self.counts, width=1, color=colours)
        ax.axhline(share, color=GREY, lw=1, ls="--")
        ax.set(xlim=(-0.5, len(self.counts) - 0.5), xticks=[], ylabel=self.unit)
        ax.yaxis.set_major_formatter("{x:,g}")
        ax.set_xlabel(f"{len(self.counts)} classes, from the largest to the smallest")
        ax.grid(axis="y", color=PALE, lw=0.8)

    def _note(self, named, share):
        largest, smallest = self.counts[[0, -1]]
        if smallest:
            times = f"{self.ratio_:,.0f}" if self.ratio_ >= 10 else f"{self.ratio_:.2g}"
            note = (
                "all classes are equally large" if times == "1" else f"the largest class is {times} times the smallest"
            )
        else:
            note = f"no images of {list_names(self.classes[self.counts == 0].tolist())}"
        note += " | dashed: an equal share" + "; orange: less than half of it" * bool(smallest < RARE * share)
        if named:
            return note
        ends = zip(("largest", "smallest"), self.classes[[0, -1]].tolist(), (largest, smallest), strict=True)
        return " | ".join([note, *(f"{end}: {list_names([label])}, {_number(count)}" for end, label, count in ends)])


def _new_axes(size):
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=size, layout="constrained")[1]


def _number(count):
    return f"{count:,.0f}" if count >= 10 or count == int(count) else f"{count:.2g}"
