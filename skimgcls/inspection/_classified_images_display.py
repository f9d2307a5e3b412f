"""A grid of images with what they are and what they were taken for."""

from functools import partial
from numbers import Integral

import numpy as np
from sklearn.utils import check_consistent_length, check_scalar

from skimgcls.images import as_displayable
from skimgcls.inspection._image_grid import ImageGrid, choose_columns
from skimgcls.inspection._image_tiles import draw_heading, draw_image, start_grid, write_captions
from skimgcls.inspection._rank_predictions import predict_all, rank_predictions
from skimgcls.inspection._shown_images import model_name, names_of, read_shown, short_names

COLOURS = {True: "#00609C", False: "#B34700"}  # correct and incorrect; the marks say it without colour
MARKS = {True: "✓\xa0", False: "✗\xa0"}  # with a space that does not break
ORDER = {"confidence": "most confident first", "loss": "largest loss first", "random": "in random order"}
NOTE = "above: true label; below: prediction, its probability"


class ClassifiedImagesDisplay:
    """Images with their true label above; below it the prediction, its probability, and which image it is.

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
    names : list of str, default=None
        Index or file name of each image, to find it by.
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

    def __init__(self, images, *, y_true, y_pred, confidence, names=None, title=None):
        self.images = images
        self.y_true = y_true
        self.y_pred = y_pred
        self.confidence = confidence
        self.names = names
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
        names=None,
        name=None,
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
            Images in any form that it accepts. Of an array of paths, the first step of the pipeline that makes
            something else of them gives the images.
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
        names : array-like of shape (n,), default=None
            Name of each image, such as its path, of which the last part is shown. None takes paths in `X`, else
            the position in `X`.
        name : str, default=None
            Of the model, for the title. None means its class.
        image_shape : tuple of int, default=None
            (h, w) or (h, w, c) of flat rows. None takes the estimator's ``image_shape_``, or a square.
        n_columns : int, default=None
            Images in a row. None makes the grid a little wider than high, of 7 at most.
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
        return cls._from_ranked(
            X,
            rank_predictions(y, y_pred, y_proba, estimator.classes_, which=which, sort=sort, random_state=random_state),
            which=which,
            sort=sort,
            n_images=n_images,
            names=names,
            name=model_name(estimator) if name is None else name,
            n_columns=n_columns,
            ax=ax,
            image_shape=image_shape,
            estimator=estimator,
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
        names=None,
        name=None,
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
        y_proba : array-like of shape (n, n_classes) or (n,)
            Probabilities; one number per image is the probability of the second of two classes. The prediction is the
            label of the largest.
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
        names : array-like of shape (n,), default=None
            Name of each image, such as its path, of which the last part is shown. None takes the position in `X`.
        name : str, default=None
            Of the model, for the title. None leaves it out.
        image_shape : tuple of int, default=None
            (h, w) or (h, w, c) of flat rows. None means a square.
        channels : {"auto", "first", "last"}, default="auto"
            Where the channel axis stands.
        n_columns : int, default=None
            Images in a row. None makes the grid a little wider than high, of 7 at most.
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
        check_consistent_length(X, y_true)
        return cls._from_ranked(
            X,
            rank_predictions(y_true, None, y_proba, classes, which=which, sort=sort, random_state=random_state),
            which=which,
            sort=sort,
            n_images=n_images,
            names=names,
            name=name,
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
            Images in a row. None makes the grid a little wider than high, of 7 at most.

        Returns
        -------
        self : ClassifiedImagesDisplay
            With ``axes_`` and ``figure_``.
        """
        n_images = len(self.images)
        n_columns = n_columns or choose_columns(n_images)
        note = "" if not n_images else NOTE if self.names is None else NOTE + ", and which image it is"
        heading = (self.title or "", note)
        form = (self.images.shape[1:3], self._captions(), n_columns, heading)
        grid, ax = start_grid(partial(ImageGrid, *form, names=self.names), ax)
        self.figure_ = ax.figure.figure  # also from within a subfigure
        self.axes_ = np.array([ax.inset_axes(grid.place(index)) for index in range(n_images)], dtype=object)
        for index, tile in enumerate(self.axes_):
            is_correct = bool(self.y_true[index] == self.y_pred[index])
            name = None if grid.names is None else grid.names[index]
            draw_image(tile, self.images[index], is_stretched=grid.is_stretched)
            write_captions(tile, grid, *grid.captions[index], COLOURS[is_correct], name)
        draw_heading(ax, grid)
        return self

    @classmethod
    def _from_ranked(cls, X, ranked, *, which, sort, n_images, names, name, n_columns, ax, **form):
        n_shown = check_scalar(n_images, "n_images", Integral, min_val=1)
        shown, names = ranked.head(n_shown), names_of(X, names)
        rows = shown["index"].tolist()
        images = as_displayable(read_shown(X, rows, **form), channels="first") if rows else np.empty((0, 1, 1))
        kind = f"{which} image" if which != "all" else "image"
        if rows:
            title = f"{len(rows)} of {len(ranked)} {kind}{'s' * (len(ranked) != 1)}, {ORDER[sort]}"
        else:
            title = f"no {kind}s"
        columns = {"y_true": "true", "y_pred": "predicted", "confidence": "confidence"}
        display = cls(
            images,
            **{parameter: shown[column].to_numpy() for parameter, column in columns.items()},
            names=short_names(names, rows),
            title=title if name is None else f"{name}: {title}",
        )
        return display.plot(ax=ax, n_columns=n_columns)

    def _captions(self):
        rows = zip(self.y_true, self.y_pred, self.confidence, strict=True)
        return [(str(true), MARKS[bool(true == pred)], str(pred), f" ({percent(share)})") for true, pred, share in rows]


def percent(share):
    """Write a share in percent, without claiming a certainty that is not there."""
    if 0.9995 <= share < 1:
        return ">99.9%"
    return f"{share:.0%}" if share < 0.995 or share == 1 else f"{share:.1%}"
