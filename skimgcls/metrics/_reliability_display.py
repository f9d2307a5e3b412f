"""Accuracy against confidence."""

from collections.abc import Mapping

import numpy as np

from skimgcls.metrics._calibration_bins import calibration_bins
from skimgcls.metrics._draw_key import draw_key
from skimgcls.metrics._panels import LABEL_SIZE, NOTE_SIZE, make_axes, panel_width, write_note
from skimgcls.metrics._predict_proba import predict_proba
from skimgcls.metrics._suit_paper import suit_paper
from skimgcls.metrics._text import text_width

GREY, PALE = "#595959", "0.93"
OVER, UNDER = "#D55E00", "#0072B2"  # Okabe and Ito's vermilion and blue
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LEVEL = 1.959964  # standard errors of a 95 % interval
HEIGHTS = (3.2, 1)  # of the panels


class ReliabilityDisplay:
    """Accuracy against confidence in bins, and below how many images have which confidence.

    Confidence is the probability of the predicted label. On the diagonal it is right: of the images that a model is
    80 % sure of, 80 % are labelled correctly. Below the diagonal a model is surer than it should be. Bars show the gap,
    and whiskers the 95 % interval of each accuracy [1]_, which is wide where a bin holds few images. Several models are
    lines in the same axes.

    Parameters
    ----------
    bins : DataFrame, or dict of DataFrame by name
        One row per bin: ``low`` and ``high`` (edges), ``n_images``, ``confidence`` (mean) and ``accuracy``. A dict
        holds up to seven models.
    name : str, default=None
        Words above the plot, such as the name of the model.

    Attributes
    ----------
    bins : DataFrame, or dict of DataFrame by name
        As it was given.
    errors_ : dict of float
        Expected calibration error by name of the model; the name of a single one is its ``name``.
    axes_ : ndarray of 2 matplotlib Axes
        Accuracy, and the number of images. Set by ``plot``.
    figure_ : matplotlib Figure
        What they are part of. Set by ``plot``.

    Raises
    ------
    ValueError
        If there is no model, or more than seven.

    See Also
    --------
    expected_calibration_error : The mean gap as a number.

    References
    ----------
    .. [1] Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
       Statistical Association 22, 1927.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skimgcls.metrics import ReliabilityDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = LogisticRegression(max_iter=100, C=0.1).fit(X[:500] / 16, y[:500])
    >>> display = ReliabilityDisplay.from_estimator(clf, X[500:] / 16, y[500:], n_bins=5)
    >>> display.bins.loc[3, ["confidence", "accuracy"]].round(1).tolist()  # surer than 0.6, at most 0.8
    [0.7, 1.0]
    """

    def __init__(self, bins, *, name=None):
        self.bins = bins
        self.name = name
        models = self._models()
        if not 1 <= len(models) <= len(COLOURS):
            raise ValueError(f"bins must hold 1 to {len(COLOURS)} models, got {len(models)}. Plot fewer of them.")
        self.errors_ = {each: _error(table) for each, table in models.items()}

    @classmethod
    def from_estimator(cls, estimator, X, y, *, n_bins=15, name=None, ax=None):
        """Let a classifier, or several, predict images and plot how far they can be trusted.

        Parameters
        ----------
        estimator : classifier, or dict of classifiers by name
            Fitted, with ``predict_proba``. Pipelines and searches are welcome.
        X : array-like
            Images in any form that they accept.
        y : array-like of shape (n,)
            True labels.
        n_bins : int, default=15
            Bins of equal width between 0 and 1, as in ``expected_calibration_error``.
        name : str, default=None
            Words above the plot, such as the name of the model.
        ax : matplotlib Axes or array-like of 2 Axes, default=None
            See ``plot``.

        Returns
        -------
        display : ReliabilityDisplay

        Raises
        ------
        ValueError
            If a classifier gives no probabilities, or `y` does not fit.
        """
        estimators = estimator if isinstance(estimator, Mapping) else {None: estimator}
        tables = {
            each: _table(y, predict_proba(one, X), classes=one.classes_, n_bins=n_bins)
            for each, one in estimators.items()
        }
        return cls(tables if isinstance(estimator, Mapping) else tables[None], name=name).plot(ax=ax)

    @classmethod
    def from_predictions(cls, y_true, y_proba, *, classes=None, n_bins=15, name=None, ax=None):
        """Plot probabilities that are there already.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            True labels. One that is not in `classes` counts as a mistake.
        y_proba : array-like of shape (n, n_classes) or (n,), or dict of these by name
            Probabilities; a dict holds those of several models.
        classes : array-like of shape (n_classes,), default=None
            Labels of the columns of `y_proba`. None means the sorted labels of `y_true`.
        n_bins : int, default=15
            Bins of equal width between 0 and 1, as in ``expected_calibration_error``.
        name : str, default=None
            Words above the plot, such as the name of the model.
        ax : matplotlib Axes or array-like of 2 Axes, default=None
            See ``plot``.

        Returns
        -------
        display : ReliabilityDisplay

        Raises
        ------
        ValueError
            If labels and probabilities do not fit together.
        """
        options = {"classes": classes, "n_bins": n_bins}
        if isinstance(y_proba, Mapping):
            bins = {each: _table(y_true, proba, **options) for each, proba in y_proba.items()}
        else:
            bins = _table(y_true, y_proba, **options)
        return cls(bins, name=name).plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw both panels.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of 2 Axes, default=None
            Two Axes are drawn into, accuracy first. One is divided in two. None makes a new figure.

        Returns
        -------
        self : ReliabilityDisplay
            With ``axes_`` and ``figure_``.

        Raises
        ------
        ValueError
            If `ax` is neither one nor two Axes.
        """
        self.axes_ = make_axes(ax, figsize=(5.0, 5.6), heights=HEIGHTS)
        self.figure_ = self.axes_[0].figure.figure  # also from within a subfigure
        above, below = self.axes_
        models = self._models()
        _style(above, below)
        if len(models) == 1:
            (table,) = models.values()
            _draw_gaps(above, table)
            _draw_counts(below, table)
        else:
            for table, colour in zip(models.values(), COLOURS, strict=False):
                _draw_line(above, table, colour)
                below.stairs(table["n_images"], [*table["low"], table["high"].iloc[-1]], color=colour, lw=1.5)
            draw_key(
                above,
                [line for line in above.lines if line.get_marker() == "o"],
                [(f"{error:.3f}", str(each)) for each, error in self.errors_.items()],
                title="calibration error",
                loc="best",
                colours=["#222222"] * len(models),
            )
        write_note(above, self._note(), GREY)
        suit_paper(self.axes_)
        return self

    def _models(self):
        return dict(self.bins) if isinstance(self.bins, Mapping) else {self.name: self.bins}

    def _note(self):
        n_bins = max(len(table) for table in self._models().values())
        note = f"95 % intervals (Wilson) | {n_bins} bins of equal width"
        if len(self.errors_) == 1:
            (error,) = self.errors_.values()
            note = f"expected calibration error {error:.3f}, {n_bins} bins | whiskers: 95 % intervals (Wilson)"
        return note if self.name is None else f"{self.name} | {note}"


def _table(y_true, y_proba, **options):
    import pandas as pd

    return pd.DataFrame(calibration_bins(y_true, y_proba, **options))


def _error(table):
    filled = table[table["n_images"] > 0]
    return float(np.average((filled["accuracy"] - filled["confidence"]).abs(), weights=filled["n_images"]))


def _style(above, below):
    above.plot([0, 1], [0, 1], color=GREY, lw=1, ls=":", zorder=1)
    above.set(xlim=(0, 1), ylim=(0, 1.01), ylabel="accuracy")
    above.tick_params(labelbottom=False)
    above.grid(color=PALE, lw=0.8)
    below.set(xlim=(0, 1), xlabel="confidence", ylabel="images")
    for ax in (above, below):
        ax.spines[["top", "right"]].set_visible(False)
        ax.set_axisbelow(True)


def _draw_gaps(ax, table):
    table = table[table["n_images"] > 0]
    gap = (table["confidence"] - table["accuracy"]).to_numpy()
    ax.bar(
        table["low"], gap, width=table["high"] - table["low"], bottom=table["accuracy"], align="edge", alpha=0.3,
        color=np.where(gap > 0, OVER, UNDER), edgecolor="white", zorder=2,
    )  # fmt: skip
    _draw_line(ax, table, "#222222", ls="none")
    text = {"fontsize": LABEL_SIZE, "transform": ax.transAxes, "zorder": 1}
    ax.text(0.98, 0.03, "overconfident", color=OVER, ha="right", va="bottom", **text)
    ax.text(0.02, 0.97, "underconfident", color=UNDER, ha="left", va="top", **text)


def _draw_line(ax, table, colour, ls="-"):
    table = table[table["n_images"] > 0]
    ax.plot(table["confidence"], table["accuracy"], color=colour, ls=ls, marker="o", ms=4, lw=1.6, zorder=4)
    ax.vlines(table["confidence"], *_wilson(table["accuracy"], table["n_images"]), color=colour, lw=1, zorder=3)


def _wilson(share, n):
    """The Wilson score interval of a share of n: never empty, never beyond 0 and 1."""
    share, n = share.to_numpy(), n.to_numpy()
    middle = (share + LEVEL**2 / (2 * n)) / (1 + LEVEL**2 / n)
    half = LEVEL * np.sqrt(share * (1 - share) / n + LEVEL**2 / (4 * n**2)) / (1 + LEVEL**2 / n)
    return (middle - half).clip(0, 1), (middle + half).clip(0, 1)


def _draw_counts(ax, table):
    ax.bar(table["low"], table["n_images"], width=table["high"] - table["low"], align="edge", color="0.75", ec="white")
    ax.spines["left"].set_visible(False)
    ax.set(yticks=[], ylim=(0, 1.25 * table["n_images"].max()))
    size = min(
        NOTE_SIZE, 0.95 * panel_width(ax) / len(table) / max(text_width(_short(n), 1) for n in table["n_images"])
    )
    if size < 5:  # points; smaller numbers cannot be read
        return
    for row in table[table["n_images"] > 0].itertuples():
        ax.annotate(
            _short(row.n_images), ((row.low + row.high) / 2, row.n_images), (0, 1), textcoords="offset points",
            ha="center", va="bottom", fontsize=size, color=GREY,
        )  # fmt: skip


def _short(n):
    if n < 1000:
        return str(n)
    return f"{n / 1000:.1f}k" if n < 9950 else f"{n / 1000:.0f}k"
