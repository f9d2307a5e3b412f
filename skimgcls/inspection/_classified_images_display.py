"""A grid of images with what they are and what they were taken for."""

import math

import numpy as np

from skimgcls.images._displayable import as_displayable
from skimgcls.inspection._image_grid import LINE, NOTE_SIZE, PAD, TITLE_SIZE, ImageGrid
from skimgcls.inspection._rank_predictions import predict_all, rank_predictions
from skimgcls.metrics._unwrap_estimator import unwrap_estimator

INK, GREY = "#222222", "#595959"
COLOURS = {True: "#00609C", False: "#B34700"}  # correct and incorrect; the marks say it without colour
MARKS = {True: "✓\xa0", False: "✗\xa0"}  # with a space that does not break
ORDER = {"confidence": "most confident first", "loss": "largest loss first", "random": "in random order"}
NOTE = "above: true label; below: prediction and its probability"
PIXELATED = 64  # pixels: smaller images are shown with sharp pixels


class ClassifiedImagesDisplay:
    """Images with their true label above, and the prediction with its probability below.

    Parameters
    ----------
    images : ndarray of uint8, (n, h, w) or (n, h, w, 3 or 4)
        Grey or colour images.
    y_true : array-like (n,)
        True labels.
    y_pred : array-like (n,)
        Predicted labels.
    confidence : array-like (n,)
        Probability of the predicted label.
    title : str, default=None
        Words above the grid.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes (n,)
        One for each image. Set by ``plot``.
    figure_ : matplotlib Figure
        What they are part of. Set by ``plot``.

    See Also
    --------
    misclassified_images : The same images as a table.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skimgcls.inspection import ClassifiedImagesDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = LogisticRegression(max_iter=100, C=0.001).fit(X[:500] / 16, y[:500])
    >>> display = ClassifiedImagesDisplay.from_estimator(clf, X[500:] / 16, y[500:], n_images=6)
    >>> len(display.axes_), display.images.shape
    (6, (6, 8, 8))
    """

    def __init__(self, images, *, y_true, y_pred, confidence, title=None):
        self.images = images
        self.y_true = y_true
        self.y_pred = y_pred
        self.confidence = confidence
        self.title = title

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        which="incorrect",
        n_images=15,
        sort="confidence",
        random_state=None,
        image_shape=None,
        n_columns=None,
        ax=None,
    ):
        """Let a classifier predict images and show some of them.

        Parameters
        ----------
        estimator : classifier
            Fitted, with ``predict_proba``. A pipeline or search is welcome.
        X : array-like
            Images in any form that it accepts.
        y : array-like of shape (n,)
            True labels.
        which : {"incorrect", "correct", "all"}, default="incorrect"
            Which predictions to show.
        n_images : int, default=15
            Most images shown.
        sort : {"confidence", "loss", "random"}, default="confidence"
            Which of them come first: the most confident, those of the largest loss, or any.
        random_state : int, RandomState instance or None, default=None
            Seed of the random order.
        image_shape : tuple of int, default=None
            (h, w) or (h, w, c) of flat rows. None takes the estimator's ``image_shape_``, or a square.
        n_columns : int, default=None
            Images in a row. None makes the grid a little wider than high.
        ax : matplotlib Axes, default=None
            See ``plot``.

        Returns
        -------
        display : ClassifiedImagesDisplay

        Raises
        ------
        ValueError
            If the classifier gives no probabilities, labels and images do not fit together, or an option is unknown.
        """
        y_pred, y_proba = predict_all(estimator, X)
        fitted = unwrap_estimator(estimator, "image_shape_")
        return cls._from_ranked(
            X,
            rank_predictions(y, y_pred, y_proba, estimator.classes_, which=which, sort=sort, random_state=random_state),
            which=which,
            sort=sort,
            n_images=n_images,
            n_columns=n_columns,
            ax=ax,
            image_shape=getattr(fitted, "image_shape_", None) if image_shape is None else image_shape,
            fitted_layout=getattr(fitted, "_layout", None) if image_shape is None else None,
        )

    @classmethod
    def from_predictions(
        cls,
        X,
        y_true,
        y_proba,
        classes=None,
        *,
        which="incorrect",
        n_images=15,
        sort="confidence",
        random_state=None,
        image_shape=None,
        channels="auto",
        n_columns=None,
        ax=None,
    ):
        """Show some images whose probabilities are there already.

        Parameters
        ----------
        X : array-like
            Images (n, h, w), (n, h, w, c) or (n, c, h, w), or flat rows (n, h * w * c).
        y_true : array-like of shape (n,)
            True labels.
        y_proba : array-like of shape (n, n_classes)
            Probabilities. The prediction is the label of the largest.
        classes : array-like of shape (n_classes,), default=None
            Labels of the columns of `y_proba`. None means the sorted labels of `y_true`.
        which : {"incorrect", "correct", "all"}, default="incorrect"
            Which predictions to show.
        n_images : int, default=15
            Most images shown.
        sort : {"confidence", "loss", "random"}, default="confidence"
            Which of them come first: the most confident, those of the largest loss, or any.
        random_state : int, RandomState instance or None, default=None
            Seed of the random order.
        image_shape : tuple of int, default=None
            (h, w) or (h, w, c) of flat rows. None means a square.
        channels : {"auto", "first", "last"}, default="auto"
            Where the channel axis stands.
        n_columns : int, default=None
            Images in a row. None makes the grid a little wider than high.
        ax : matplotlib Axes, default=None
            See ``plot``.

        Returns
        -------
        display : ClassifiedImagesDisplay

        Raises
        ------
        ValueError
            If labels, probabilities and images do not fit together, or an option is unknown.
        """
        return cls._from_ranked(
            X,
            rank_predictions(y_true, None, y_proba, classes, which=which, sort=sort, random_state=random_state),
            which=which,
            sort=sort,
            n_images=n_images,
            n_columns=n_columns,
            ax=ax,
            image_shape=image_shape,
            channels=channels,
        )

    def plot(self, *, ax=None, n_columns=None):
        """Draw the grid.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; the grid fills it. None makes a new figure of the size that the grid needs.
        n_columns : int, default=None
            Images in a row. None makes the grid a little wider than high.

        Returns
        -------
        self : ClassifiedImagesDisplay
            With ``axes_`` and ``figure_``.
        """
        n_images = len(self.images)
        n_columns = n_columns or max(1, math.ceil(math.sqrt(n_images * 5 / 3)))
        heading = (self.title or "", NOTE if n_images else "")
        form = (self.images.shape[1:3], self._captions(), n_columns, heading)
        if ax is None:
            grid = ImageGrid(*form)
            ax = _new_axes(grid)
        else:
            grid = ImageGrid(*form, size=_size_of(ax))
        ax.set_axis_off()
        self.figure_ = ax.figure.figure  # also from within a subfigure
        self.axes_ = np.array([ax.inset_axes(grid.place(index)) for index in range(n_images)], dtype=object)
        for index, tile in enumerate(self.axes_):
            is_correct = bool(self.y_true[index] == self.y_pred[index])
            _draw_tile(tile, self.images[index], grid, grid.captions[index], COLOURS[is_correct])
        _draw_heading(ax, grid)
        return self

    @classmethod
    def _from_ranked(cls, X, ranked, *, which, sort, n_images, n_columns, ax, **form):
        shown = ranked.head(n_images)
        images = as_displayable(_take(X, shown["index"].tolist()), **form) if len(shown) else np.empty((0, 1, 1))
        kind = f"{which} image" if which != "all" else "image"
        if len(shown):
            title = f"{len(shown)} of {len(ranked)} {kind}{'s' * (len(ranked) != 1)}, {ORDER[sort]}"
        else:
            title = f"no {kind}s"
        columns = shown["true"].to_numpy(), shown["predicted"].to_numpy(), shown["confidence"].to_numpy()
        display = cls(images, y_true=columns[0], y_pred=columns[1], confidence=columns[2], title=title)
        return display.plot(ax=ax, n_columns=n_columns)

    def _captions(self):
        rows = zip(self.y_true, self.y_pred, self.confidence, strict=True)
        return [(str(true), MARKS[bool(true == pred)], str(pred), _percent(share)) for true, pred, share in rows]


def _take(X, rows):
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    return [X[row] for row in rows] if isinstance(X, (list, tuple)) else X[rows]


def _percent(share):
    if 0.9995 <= share < 1:
        return " (>99.9%)"  # rounding must not claim certainty
    return f" ({share:.0%})" if share < 0.995 or share == 1 else f" ({share:.1%})"


def _new_axes(grid):
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(grid.width / 72, grid.height / 72))
    return figure.add_axes((0, 0, 1, 1))


def _size_of(ax):
    if ax.figure.figure.get_layout_engine() is not None:
        ax.figure.figure.draw_without_rendering()  # until then the axes are not where they will be
    box = ax.get_window_extent()
    return box.width * 72 / ax.figure.dpi, box.height * 72 / ax.figure.dpi


def _draw_tile(tile, image, grid, caption, colour):
    tile.imshow(
        image,
        cmap="gray",
        vmin=0,
        vmax=255,
        interpolation="nearest" if max(image.shape[:2]) < PIXELATED else None,
        aspect="auto" if grid.is_stretched else "equal",
    )
    tile.set(xticks=[], yticks=[])
    tile.spines[:].set(color="0.8", lw=0.5)
    above, below = caption
    text = {"ha": "center", "fontsize": grid.font_size, "fontfamily": grid.families, "parse_math": False}
    text |= {"xycoords": "axes fraction", "textcoords": "offset points", "linespacing": LINE, "annotation_clip": False}
    # on a common baseline, with room for the descenders
    tile.annotate("\n".join(above), (0.5, 1), (0, PAD + 0.2 * grid.font_size), va="baseline", color=INK, **text)
    tile.annotate("\n".join(below), (0.5, 0), (0, -PAD), va="top", color=colour, **text)


def _draw_heading(ax, grid):
    title, note = grid.heading
    text = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "top", "fontfamily": grid.families}
    text |= {"parse_math": False, "linespacing": LINE, "annotation_clip": False}
    left = grid.place(0)[0]
    ax.annotate("\n".join(title), (left, 1), (0, -PAD), color=INK, fontsize=TITLE_SIZE, **text)
    below_title = -PAD - LINE * TITLE_SIZE * len(title)
    ax.annotate("\n".join(note), (left, 1), (0, below_title), color=GREY, fontsize=NOTE_SIZE, **text)
