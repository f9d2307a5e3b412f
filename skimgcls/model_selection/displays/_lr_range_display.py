"""Loss against a learning rate that grew from batch to batch."""

import numpy as np

from skimgcls.model_selection.displays._place_labels import place_labels, write_lines
from skimgcls.model_selection.displays._plotted_results import COLOURS, GREY, INK, number_text, style_axes

STEEPEST, TENTH = "steepest descent", "a tenth of the lowest"
_SMOOTHING = 0.03  # standard deviation of the weights, as a share of all batches
_MOST_NOISE = 2  # a fall of the loss by less, in standard deviations of a batch, is none
_ABOUT = 0.1  # of the fall of the loss
_END = 0.05  # share of the batches that count as the last


class LrRangeDisplay:
    """Loss against the learning rate, with a rate that this suggests.

    Grey points are single batches, each with the loss before its step. The line is their mean under Gaussian weights,
    which look as far ahead as back: a running average would lag, and call for rates that are too high.

    Parameters
    ----------
    frame : DataFrame
        Columns ``lr`` (ascending) and ``loss`` (nats), one row for each batch, as ``lr_range_test`` gives them.

    Attributes
    ----------
    frame : DataFrame
        The same, with the column ``smoothed_loss``.
    suggestions_ : dict of str to float
        Learning rates that others suggest [1]_: "steepest descent", where the smoothed loss falls fastest with the
        logarithm of the rate; and "a tenth of the lowest", that of the lowest smoothed loss (the first minimum about as
        low), divided by ten. The second is not there where the loss still fell at the end; neither is where it never
        fell.
    suggestion_ : float
        Halfway, in logarithms, between the steepest descent and the lowest loss, which trained better than either of
        `suggestions_` in most of our tries; the steepest descent where the loss still fell at the end, NaN where it
        never fell.
    ax_ : matplotlib Axes
        Where it is drawn. Set by ``plot``.
    figure_ : matplotlib Figure
        What that is part of. Set by ``plot``.

    See Also
    --------
    lr_range_test : Make one.

    References
    ----------
    .. [1] J. Howard, S. Gugger, "Fastai: A Layered API for Deep Learning", Information 11(2), 2020: its learning-rate
       finder suggests both.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from skimgcls.model_selection import LrRangeDisplay
    >>> lrs = np.geomspace(1e-5, 1, 51)
    >>> display = LrRangeDisplay(pd.DataFrame({"lr": lrs, "loss": (np.log10(lrs) + 2) ** 2}))
    >>> round(display.suggestions_["a tenth of the lowest"], 6)
    0.001
    """

    def __init__(self, frame):
        lrs, losses = (frame[name].to_numpy(dtype=float) for name in ("lr", "loss"))
        smoothed = _smooth(losses)
        self.frame = frame.assign(smoothed_loss=smoothed)
        lowest = _first_low(smoothed)
        noise = np.std(losses[: lowest + 1] - smoothed[: lowest + 1])
        self._lowest = lowest if smoothed[0] - smoothed[lowest] > _MOST_NOISE * noise else None
        self.suggestions_, self.suggestion_ = {}, float("nan")
        if self._lowest:
            steepest = lrs[np.argmin(np.gradient(smoothed, np.log(lrs))[:lowest])]
            self.suggestions_[STEEPEST] = self.suggestion_ = float(steepest)
            if not self._falls_to_the_end:
                self.suggestions_[TENTH] = float(lrs[lowest] / 10)
                self.suggestion_ = float(np.sqrt(steepest * lrs[lowest]))

    def __repr__(self):
        others = "".join(f", {name} {_short(lr)}" for name, lr in self.suggestions_.items())
        found = f"suggestion {_short(self.suggestion_)}{others}" if others else "no suggestion"
        return f"<{type(self).__name__}: {found}; {self.note}>"

    @property
    def note(self):
        """What was tried and how it ended, in words."""
        lrs = self.frame["lr"].to_numpy(dtype=float)
        tried = f"{len(lrs)} batches, lr from {_short(lrs[0])} to {_short(lrs[-1])}"
        if self._lowest is None:
            return f"{tried}; the loss never fell"
        return f"{tried}; the loss still fell at the end" if self._falls_to_the_end else tried

    @property
    def _falls_to_the_end(self):
        return self._lowest >= (1 - _END) * len(self.frame) - 1

    def plot(self, *, ax=None):
        """Draw points, line and suggestions.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.

        Returns
        -------
        self : LrRangeDisplay
            With ``ax_`` and ``figure_``.
        """
        import matplotlib.pyplot as plt

        self.ax_ = plt.subplots(figsize=(6.4, 4.2), layout="constrained")[1] if ax is None else ax
        self.figure_ = self.ax_.figure.figure  # also from within a subfigure
        lrs, losses, smoothed = (self.frame[name].to_numpy(dtype=float) for name in ("lr", "loss", "smoothed_loss"))
        self.ax_.plot(lrs, losses, "o", ms=3, mfc=GREY, mec="none", alpha=0.45)
        self.ax_.plot(lrs, smoothed, color=COLOURS[0], lw=2)
        self.ax_.set(xscale="log", xlabel="learning rate", ylabel="loss of a batch (nats)")
        self.ax_.set_ylim(_limits(losses, smoothed))
        style_axes(self.ax_)
        self._mark_suggestions()
        write_lines(self.ax_, self.note)
        return self

    def _mark_suggestions(self):
        if not self.suggestions_:
            return
        text = f"suggestion\n{_short(self.suggestion_)}"
        style = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "color": COLOURS[1]}
        self.ax_.axvline(self.suggestion_, color=COLOURS[1], lw=1.5, ls=(0, (4, 2)), zorder=1)
        self.ax_.annotate(text, (self.suggestion_, 1), (5, -4), va="top", fontsize=9, **style)
        lrs, smoothed = (self.frame[name].to_numpy() for name in ("lr", "smoothed_loss"))
        marks = dict(self.suggestions_)
        if TENTH in marks:
            marks["lowest"] = lrs[self._lowest]
        heights = np.interp(np.log(list(marks.values())), np.log(lrs), smoothed)
        self.ax_.plot(list(marks.values()), heights, "o", ms=6, mfc="white", mec=COLOURS[0], mew=1.5, zorder=5)
        labels = [(lr, y, f"{name} {_short(lr)}", INK) for (name, lr), y in zip(marks.items(), heights, strict=True)]
        place_labels(
            self.ax_, labels, self.frame[["lr", "loss"]].to_numpy(), lines=[_upright(self.ax_, self.suggestion_)]
        )


def _short(lr):
    return number_text(lr, digits=2)


def _upright(ax, x):
    bottom, top = ax.get_ylim()
    return (x, bottom), (x, top)


def _smooth(losses):
    """Mean of the neighbours under Gaussian weights; at the ends of those that there are."""
    places = np.arange(len(losses))
    weights = np.exp(-0.5 * ((places[:, None] - places) / max(1.0, _SMOOTHING * len(losses))) ** 2)
    return weights @ losses / weights.sum(axis=1)


def _first_low(smoothed):
    """Place of the first minimum about as low as the lowest: one beyond a hill is that of a network half broken."""
    lowest = smoothed.min()
    low = int(np.argmax(smoothed <= lowest + _ABOUT * (smoothed[0] - lowest)))
    rises = np.flatnonzero(np.diff(smoothed[low:]) > 0)
    return low + int(rises[0]) if len(rises) else int(np.argmin(smoothed))


def _limits(losses, smoothed):
    """Room above the start for names, and none for the explosion."""
    bottom, start = losses.min(), max(smoothed[0], np.median(losses))
    return bottom - 0.05 * (start - bottom), start + 0.4 * max(start - bottom, 0.1)
