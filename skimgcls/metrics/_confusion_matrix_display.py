"""A confusion matrix that can be read with 2 classes and with 100."""

import math

import numpy as np
from sklearn import metrics
from sklearn.metrics import confusion_matrix
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import unique_labels

from skimgcls.metrics._check_probabilities import label_codes
from skimgcls.metrics._confusion_labels import LONGEST, label_axes, mark_strongest
from skimgcls.metrics._list_names import list_names
from skimgcls.metrics._panels import LABEL_SIZE, write_note
from skimgcls.metrics._suit_paper import suit_paper
from skimgcls.metrics._text import font_families, text_width

GREY = "#595959"
CORRECT, WRONG = "Blues", "Oranges"
LEAST_SCALE = 0.1  # of the colours of mistakes: in a matrix with few of them, none should look grave
CELL, SMALLEST, LARGEST = 34, 190, 400  # points: a cell, and the side of the matrix of a new figure
MOST_FONT, LEAST_FONT = 9.0, 6.0  # points; where numbers would be smaller there are none
NOTES = {
    "true": "percent of the images of each true class",
    "pred": "percent of the images of each predicted class",
    "all": "percent of all images",
    None: "number of images",
}


class ConfusionMatrixDisplay(metrics.ConfusionMatrixDisplay):
    """What was taken for what: scikit-learn's display with defaults for many classes and long names.

    Correct predictions are blue, mistakes orange, on a scale that ends with the largest one (with 10 % if all are
    smaller); what never happened is blank. Where cells are too small for numbers, a ring marks the strongest
    confusions, and their classes are named at the axes.

    Parameters
    ----------
    confusion_matrix : ndarray (n_classes, n_classes)
        Rows are true classes: counts, or shares from 0 to 1.
    display_labels : array-like (n_classes,), default=None
        Names of the classes. None means 0 to n_classes - 1.
    normalize : {"true", "pred", "all"}, default=None
        What the shares are shares of. None means counts.

    Attributes
    ----------
    confusion_matrix, display_labels, normalize
        As they were given.
    im_ : matplotlib AxesImage
        The correct ones. Set by ``plot``.
    text_ : ndarray of matplotlib Text (n_classes, n_classes), or None
        Numbers; None of a blank cell, and None where no number is shown. Set by ``plot``.
    ax_ : matplotlib Axes
        Set by ``plot``.
    figure_ : matplotlib Figure
        What it is part of. Set by ``plot``.

    Examples
    --------
    >>> from skimgcls.metrics import ConfusionMatrixDisplay
    >>> display = ConfusionMatrixDisplay.from_predictions(["cat", "cat", "dog"], ["cat", "dog", "dog"])
    >>> display.confusion_matrix
    array([[0.5, 0.5],
           [0. , 1. ]])
    >>> [[text and text.get_text() for text in row] for row in display.text_]
    [['50', '50'], [None, '100']]
    """

    def __init__(self, confusion_matrix, *, display_labels=None, normalize=None):
        super().__init__(confusion_matrix, display_labels=display_labels)
        self.normalize = normalize

    @classmethod
    def from_estimator(cls, estimator, X, y, *, normalize="true", ax=None):
        """Let a classifier predict images and plot what it took for what.

        Parameters
        ----------
        estimator : classifier
            Fitted. A pipeline or search is welcome.
        X : array-like
            Images in any form that it accepts.
        y : array-like of shape (n,)
            True labels. Those that the classifier does not know have rows below the others.
        normalize : {"true", "pred", "all", None}, default="true"
            What percentages are shares of: the images of a true class (a row), of a predicted class (a column), or
            all. None shows counts.
        ax : matplotlib Axes, default=None
            See ``plot``.

        Returns
        -------
        display : ConfusionMatrixDisplay

        Raises
        ------
        ValueError
            If the classifier knows none of the labels, or `normalize` is unknown.
        """
        y_pred, y = estimator.predict(X), column_or_1d(y)
        known = column_or_1d(estimator.classes_)
        unknown = np.unique(y[label_codes(y, known) < 0]).tolist()
        classes = np.array([*known.tolist(), *unknown], dtype=object) if unknown else known
        return cls.from_predictions(y, y_pred, classes=classes, normalize=normalize, ax=ax)

    @classmethod
    def from_predictions(cls, y_true, y_pred, *, classes=None, normalize="true", ax=None):
        """Plot predictions that are there already.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            True labels.
        y_pred : array-like of shape (n,)
            Predicted labels.
        classes : array-like of shape (n_classes,), default=None
            Labels of the rows and columns, in their order; images of other labels are left out. None means the
            sorted labels of both.
        normalize : {"true", "pred", "all", None}, default="true"
            What percentages are shares of: the images of a true class (a row), of a predicted class (a column), or
            all. None shows counts.
        ax : matplotlib Axes, default=None
            See ``plot``.

        Returns
        -------
        display : ConfusionMatrixDisplay

        Raises
        ------
        ValueError
            If the labels do not fit together, or `normalize` is unknown.
        """
        y_true, y_pred = column_or_1d(y_true), column_or_1d(y_pred)
        classes = unique_labels(y_true, y_pred) if classes is None else column_or_1d(classes)
        codes = [label_codes(labels, classes) for labels in (y_true, y_pred)]
        matrix = confusion_matrix(*codes, labels=range(len(classes)), normalize=normalize)
        return cls(matrix, display_labels=classes, normalize=normalize).plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw the matrix.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure of the size that the classes need.

        Returns
        -------
        self : ConfusionMatrixDisplay
            With ``ax_`` and ``figure_``.
        """
        matrix = np.asarray(self.confusion_matrix)
        n_classes = len(matrix)
        names = [str(name) for name in (range(n_classes) if self.display_labels is None else self.display_labels)]
        super().plot(include_values=False, cmap=CORRECT, colorbar=False, ax=_new_axes(names) if ax is None else ax)
        self.figure_ = self.ax_.figure.figure  # also from within a subfigure
        whole = 1 if self.normalize else max(matrix.sum(axis=1).max(), 1)
        is_wrong = ~np.eye(n_classes, dtype=bool)
        self.im_.set(data=np.ma.masked_array(matrix, is_wrong | (matrix == 0)), clim=(0, 1.25 * whole))
        mistakes = np.ma.masked_array(matrix, ~is_wrong | (matrix == 0))
        top = max(mistakes.max() if mistakes.count() else 0, LEAST_SCALE * whole)
        wrong = self.ax_.imshow(mistakes, cmap=WRONG, vmin=0, vmax=1.5 * top, interpolation="nearest")
        self.ax_.spines[:].set(color="0.8")
        self.ax_.tick_params(length=0)
        width = label_axes(self.ax_, names)
        size = _font_size(self._texts(matrix), width / n_classes)
        n_rings = 0 if size else mark_strongest(self.ax_, matrix, names, self._format)
        write_note(self.ax_, self._note(matrix, names, n_rings), GREY)
        suit_paper([self.ax_])  # before the numbers, whose paper are their cells
        self.text_ = _write(self.ax_, self._texts(matrix), size, (self.im_, wrong)) if size else None
        return self

    def _texts(self, matrix):
        return [[self._format(value) if value else "" for value in row] for row in matrix.tolist()]

    def _format(self, value):
        if self.normalize is None:
            return f"{value:,}"
        percent = 100 * value
        if percent < 0.05 or 99.95 <= percent < 100:  # rounding must claim neither never nor always
            return "<0.1" if percent < 0.05 else ">99.9"
        return f"{percent:.1f}" if percent < 0.95 or 99.5 <= percent < 100 else f"{percent:.0f}"

    def _note(self, matrix, names, n_rings):
        note = NOTES[self.normalize]
        if n_rings:
            note += f" | ringed: the {n_rings} strongest confusions"
        missing = [name for name, row in zip(names, matrix, strict=True) if not row.any()]
        if missing:
            note += f" | no image of {list_names(missing)}"
        return note


def _new_axes(names):
    import matplotlib.pyplot as plt

    side = np.clip(CELL * len(names), SMALLEST, LARGEST)
    families = font_families(names)
    room = min(max(text_width(name, LABEL_SIZE, families) for name in names), LONGEST)
    return plt.subplots(figsize=((side + room + 40) / 72, (side + room + 50) / 72), layout="constrained")[1]


def _font_size(texts, cell):
    """The size at which the widest number fits its cell; None where it would be too small to read."""
    widest = max((text_width(text, 1) for text in {text for row in texts for text in row}), default=1) or 1
    size = min(MOST_FONT, 0.9 * cell / widest, 0.7 * cell)
    return math.floor(2 * size) / 2 if size >= LEAST_FONT else None


def _write(ax, texts, size, images):
    written = np.full((len(texts), len(texts)), None, dtype=object)
    for i, row in enumerate(texts):
        for j, text in enumerate(row):
            if text:
                image = images[i != j]
                background = image.cmap(image.norm(image.get_array()[i, j]))[:3]
                colour = "white" if np.dot(background, (0.299, 0.587, 0.114)) < 0.55 else "#222222"
                written[i, j] = ax.text(j, i, text, ha="center", va="center", fontsize=size, color=colour)
    return written
