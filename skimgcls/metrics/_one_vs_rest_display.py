"""What the pictures of curves of each class have in common."""

import numpy as np

from skimgcls.metrics._draw_key import draw_key
from skimgcls.metrics._list_names import list_names
from skimgcls.metrics._one_vs_rest import one_vs_rest_curves
from skimgcls.metrics._panels import NOTE_SIZE, write_note
from skimgcls.metrics._predict_proba import predict_proba
from skimgcls.metrics._suit_paper import suit_paper

INK, GREY, FAINT = "#222222", "#595959", "#9A9A9A"
# Okabe and Ito's palette, the text in darker shades of it.
COLOURS = (("#D55E00", "#A84A00"), ("#0072B2", "#00609C"), ("#009E73", "#00704F"), ("#CC79A7", "#A0437A"))
ALL_NAMED = 4  # classes
WORST_NAMED = 3  # of more classes than that
KEY_SIZE = (0.5, 0.3)  # about, in those of the panel
ZOOMS = (0.02, 0.05, 0.1, 0.2, 0.3)  # sides of the corner that is shown larger
FARTHEST = 0.45  # of that side: where the worst named curve may pass its diagonal
INSET = 0.66  # side of the inset, in those of the panel


class OneVsRestDisplay:
    """Curves of each class against the rest, in a square.

    A subclass has ``_LABELS`` of the axes, ``_AREA`` (name, and name of the column), ``_CORNER`` of a perfect model,
    ``_KEYS`` (corners for the key), ``_DRAWSTYLE`` of lines, ``_curve`` and ``_mean_of`` for ``one_vs_rest_curves``,
    ``_corner_distance`` of a curve along a diagonal, and ``_draw_guessing``.

    Parameters
    ----------
    curves : dict of OneVsRestCurve by label
        One for each class; of two classes the second alone.
    averages : dict of OneVsRestCurve, default=None
        "macro" and "micro"; None of two classes.
    left_out : list of labels, default=()
        Classes that no curve can be drawn of.
    name : str, default=None
        Words above the curves, such as the name of the model.
    """

    def __init__(self, curves, *, averages=None, left_out=(), name=None):
        self.curves = curves
        self.averages = averages
        self.left_out = left_out
        self.name = name

    @classmethod
    def from_estimator(cls, estimator, X, y, *, name=None, ax=None):
        """Let a classifier predict images and plot the curves.

        Parameters
        ----------
        estimator : classifier
            Fitted, with ``predict_proba``. A pipeline or search is welcome.
        X : array-like
            Images in any form that it accepts.
        y : array-like of shape (n,)
            True labels.
        name : str, default=None
            Words above the curves, such as the name of the model.
        ax : matplotlib Axes, default=None
            See ``plot``.

        Returns
        -------
        display : object of this class

        Raises
        ------
        ValueError
            If the classifier gives no probabilities, `y` does not fit, or no class has a curve.
        """
        return cls.from_predictions(y, predict_proba(estimator, X), classes=estimator.classes_, name=name, ax=ax)

    @classmethod
    def from_predictions(cls, y_true, y_proba, *, classes=None, name=None, ax=None):
        """Plot the curves of probabilities that are there already.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            True labels. One that is not in `classes` is the rest to all of them.
        y_proba : array-like of shape (n, n_classes) or (n,)
            Probabilities; one number per image is the probability of the second of two classes.
        classes : array-like of shape (n_classes,), default=None
            Labels of the columns of `y_proba`. None means the sorted labels of `y_true`.
        name : str, default=None
            Words above the curves, such as the name of the model.
        ax : matplotlib Axes, default=None
            See ``plot``.

        Returns
        -------
        display : object of this class

        Raises
        ------
        ValueError
            If labels and probabilities do not fit together, or no class has images as well as images of the rest.
        """
        curves, averages, left_out = one_vs_rest_curves(y_true, y_proba, classes, cls._curve, cls._mean_of)
        return cls(curves, averages=averages, left_out=left_out, name=name).plot(ax=ax)

    @property
    def frame(self):
        """The areas as a table.

        Returns
        -------
        frame : DataFrame, one row per class and average
            Columns ``class`` (label; "macro" or "micro" of the averages), the area and ``n_images``.
        """
        import pandas as pd

        both = [*self.curves.items(), *(self.averages or {}).items()]
        rows = [(label, curve.area, curve.n_images) for label, curve in both]
        return pd.DataFrame(rows, columns=["class", self._AREA[1], "n_images"])

    def plot(self, *, ax=None):
        """Draw the curves.

        Averages are black, up to four classes, of more classes the three of the smallest areas, are in colour and
        carry their names, and the others are grey. Where good models crowd the corner, an inset shows it larger.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.

        Returns
        -------
        self : object of this class
            With ``ax_`` and ``figure_``.
        """
        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots(figsize=(5.0, 5.2), layout="constrained")[1]
        self.ax_, self.figure_ = ax, ax.figure.figure  # also from within a subfigure
        named = self._named()
        self._draw(ax, named)
        ax.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal", xlabel=self._LABELS[0], ylabel=self._LABELS[1])
        self._note(ax, len(named))
        farthest = max(self._corner_distance(curve) for _, curve, *_ in named)
        zoom = next((zoom for zoom in ZOOMS if farthest <= FARTHEST * zoom), None)
        self._add_key(ax if zoom is None else self._zoom_in(ax, zoom, named), named)
        suit_paper([ax])
        return self

    def _named(self):
        """What is drawn strong and gets a label: (name, curve, colour of the line, of the text, width, line style)."""
        averages = [
            (f"{kind} average", curve, INK, INK, 2.4 if kind == "macro" else 1.6, "-" if kind == "macro" else "--")
            for kind, curve in (self.averages or {}).items()
        ]
        classes = sorted(self.curves.items(), key=lambda item: item[1].area)
        classes = classes[: ALL_NAMED if len(classes) <= ALL_NAMED else WORST_NAMED]
        return averages + [
            (str(label), curve, *colours, 1.5 if averages else 2.2, "-")
            for (label, curve), colours in zip(classes, COLOURS, strict=False)
        ]

    def _draw(self, ax, named):
        strong = {id(curve) for _, curve, *_ in named}
        faint = [curve for curve in self.curves.values() if id(curve) not in strong]
        for curve in faint:
            self._draw_line(ax, curve, color=FAINT, lw=0.8, alpha=0.8 if len(faint) <= 20 else 0.35)
        for z, (_, curve, colour, _, width, style) in enumerate(reversed(named), start=3):
            self._draw_line(ax, curve, color=colour, lw=width, ls=style, zorder=z)
        self._draw_guessing(ax)
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(color="0.92", lw=0.8)
        ax.set_axisbelow(True)

    def _draw_line(self, ax, curve, **style):
        ax.plot(curve.x, curve.y, drawstyle=self._DRAWSTYLE, solid_joinstyle="round", **style)

    def _note(self, ax, n_named):
        if self.averages:
            is_grey = len(self.curves) + len(self.averages) > n_named
            rest = f"in colour the {WORST_NAMED} worst, in grey the others; " if is_grey else ""
            note = f"each class against the rest | {rest}dotted: guessing"
        else:
            note = f"positive class: {list_names(list(self.curves))} | dotted: guessing"
        if self.left_out:
            note += f" | left out, no image in y: {list_names(self.left_out)}"
        write_note(ax, note if self.name is None else f"{self.name} | {note}", GREY)

    def _zoom_in(self, ax, zoom, named):
        """Show the corner of good models in the empty one across."""
        x, _ = self._CORNER
        inset = ax.inset_axes([0.97 - INSET if x == 0 else 0.13, 0.09, INSET, INSET])
        self._draw(inset, named)
        margin = 0.012 * zoom
        inset.set(xlim=(x * (1 - zoom) - margin, x * (1 - zoom) + zoom + margin), ylim=(1 - zoom - margin, 1 + margin))
        ticks = np.linspace(0, zoom, 3)
        inset.set(xticks=ticks if x == 0 else 1 - ticks[::-1], yticks=1 - ticks[::-1])
        inset.xaxis.set_major_formatter("{x:.3g}")
        inset.yaxis.set_major_formatter("{x:.3g}")
        inset.tick_params(labelsize=NOTE_SIZE, length=2, color=GREY, labelcolor=GREY)
        inset.spines[:].set(visible=True, color=FAINT, lw=0.8)
        ax.indicate_inset_zoom(inset, edgecolor=FAINT, alpha=1, lw=0.8)
        return inset

    def _add_key(self, ax, named):
        """Areas and names in the corner that the curves leave empty: at their ends they all meet."""
        from matplotlib.lines import Line2D

        draw_key(
            ax,
            [Line2D([], [], color=colour, lw=width, ls=style) for _, _, colour, _, width, style in named],
            [(_rounded(area), name) for name, (_, _, area, _), *_ in named],
            title=self._AREA[0],
            loc=min(self._KEYS, key=lambda corner: _count_behind(ax, corner, named)),
            colours=[text_colour for _, _, _, text_colour, *_ in named],
        )


def _count_behind(ax, corner, named):
    """How many of the points of the strong curves a key in a corner would cover."""
    vertical, horizontal = corner.split()
    x = np.linspace(*ax.get_xlim(), 200)
    share = np.linspace(0, 1, 200)
    in_x = share < KEY_SIZE[0] if horizontal == "left" else share > 1 - KEY_SIZE[0]
    bottom, top = ax.get_ylim()
    heights = (np.array([np.interp(x[in_x], curve.x, curve.y) for _, curve, *_ in named]) - bottom) / (top - bottom)
    return int((heights < KEY_SIZE[1] if vertical == "lower" else heights > 1 - KEY_SIZE[1]).sum())


def _rounded(area):
    return ">0.999" if 0.9995 <= area < 1 else f"{area:.3f}"  # rounding must not claim perfection
