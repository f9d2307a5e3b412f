"""Images beside what explains their predictions."""

from functools import partial
from itertools import chain
from math import ceil
from numbers import Integral

import numpy as np
from sklearn.utils import check_consistent_length, check_scalar

from skimgcls.images._displayable import as_displayable
from skimgcls.inspection._classified_images_display import COLOURS, MARKS, percent
from skimgcls.inspection._image_grid import GAP, SLACK, ImageGrid
from skimgcls.inspection._image_tiles import INK, draw_heading, draw_image, start_grid, write_captions
from skimgcls.inspection._rank_predictions import _probability_of, check_option, predict_all
from skimgcls.inspection._shown_images import model_name, take
from skimgcls.inspection.explanations._explained_classifier import ExplainedClassifier
from skimgcls.inspection.explanations._grad_cam import grad_cam
from skimgcls.inspection.explanations._heat_over_image import heat_over_image
from skimgcls.inspection.explanations._integrated_gradients import integrated_gradients
from skimgcls.inspection.explanations._lime import lime
from skimgcls.inspection.explanations._occlusion import occlusion
from skimgcls.inspection.explanations._shap import shap
from skimgcls.metrics._fit_label import fit_label

METHODS = {
    "grad_cam": grad_cam,
    "integrated_gradients": integrated_gradients,
    "occlusion": occlusion,
    "lime": lime,
    "shap": shap,
}
LABELS = {
    "grad_cam": "Grad-CAM",
    "integrated_gradients": "integrated gradients",
    "occlusion": "occlusion",
    "lime": "LIME",
    "shap": "SHAP",
}
TILES_ACROSS = 6
LEAST_WIDTH = 300.0  # points, for a heading over few images
NOTE = "red speaks for the label, blue against it, in each picture on a scale of its own"
NOTE_WITH_TRUTH = "true label above, prediction below; " + NOTE


class ExplanationDisplay:
    """Images, each beside what speaks for a label in it and what against, by one or several methods.

    Parameters
    ----------
    images : ndarray of uint8, (n, h, w) or (n, h, w, 3 or 4)
        Grey or colour images.
    attributions : dict of str to ndarray (n, h, w)
        What each method says, by its name. Positive speaks for the label.
    y_pred : array-like (n,)
        Predicted labels.
    confidence : array-like (n,)
        Probability of the predicted label.
    y_true : array-like (n,), default=None
        True labels. None shows none.
    target : array-like (n,), default=None
        Labels that are explained. None means the predicted ones.
    target_confidence : array-like (n,), default=None
        Probability of `target`; needed with it.
    title : str, default=None
        Words above the grid.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes (n, 1 + number of methods)
        Of each image and of what explains it. Set by ``plot``.
    figure_ : matplotlib Figure
        What they are part of. Set by ``plot``.

    See Also
    --------
    grad_cam : Where the last feature map of a network speaks for a class.
    integrated_gradients : Shares of pixels in the score of a network.
    occlusion : What is lost where a part is covered.
    lime : A linear model of the regions of an image.
    shap : Fair shares of the regions.

    Examples
    --------
    >>> from skimgcls import CNNClassifier
    >>> from skimgcls.datasets import load_digit_images
    >>> from skimgcls.inspection import ExplanationDisplay
    >>> X, y = load_digit_images(return_X_y=True)
    >>> clf = CNNClassifier(conv_channels=(8, 16), max_epochs=1, random_state=0).fit(X[:200], y[:200])
    >>> display = ExplanationDisplay.from_estimator(
    ...     clf, X[200:], y[200:], method=["grad_cam", "occlusion"], n_images=4
    ... )
    >>> display.axes_.shape, display.attributions["occlusion"].shape
    ((4, 3), (4, 8, 8))
    """

    def __init__(
        self,
        images,
        attributions,
        *,
        y_pred,
        confidence,
        y_true=None,
        target=None,
        target_confidence=None,
        title=None,
    ):
        self.images = images
        self.attributions = attributions
        self.y_pred = y_pred
        self.confidence = confidence
        self.y_true = y_true
        self.target = target
        self.target_confidence = target_confidence
        self.title = title

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y=None,
        *,
        method="grad_cam",
        target=None,
        n_images=6,
        layer=None,
        baseline=None,
        image_shape=None,
        random_state=None,
        n_columns=None,
        ax=None,
    ):
        """Explain the predictions of some images and show them.

        Parameters
        ----------
        estimator : classifier
            Fitted, with ``predict_proba``. A pipeline or search is welcome. "grad_cam" and "integrated_gradients" need
            a network of skimgcls in it, the others do not.
        X : array-like
            Images in any form that it accepts. The first `n_images` are explained.
        y : array-like of shape (n,), default=None
            True labels, to be shown.
        method : str or list of str, default="grad_cam"
            One or several of "grad_cam", "integrated_gradients", "occlusion", "lime" and "shap", side by side.
        target : label or array-like of shape (n,), default=None
            What to explain: one label for all images, or one for each. None means the predicted labels.
        n_images : int, default=6
            Most images shown.
        layer : str or torch.nn.Module, default=None
            For "grad_cam", see :func:`~skimgcls.inspection.grad_cam`.
        baseline : float or array-like of shape (c,), (h, w) or (h, w, c), default=None
            For all others: what stands for missing pixels, see :func:`~skimgcls.inspection.integrated_gradients`.
        image_shape : tuple of int, default=None
            (h, w) or (h, w, c) of flat rows, where the classifier does not know it. None means a square.
        random_state : int, RandomState instance or None, default=None
            Seed of "lime" and "shap".
        n_columns : int, default=None
            See ``plot``.
        ax : matplotlib Axes, default=None
            See ``plot``.

        Returns
        -------
        display : ExplanationDisplay

        Raises
        ------
        ImportError
            If captum or scikit-image is not installed: ``pip install "skimgcls[explain]"``.
        ValueError
            If a method is unknown or has no meaning for the classifier, the classifier gives no probabilities, or an
            option does not fit.
        """
        methods = [method] if isinstance(method, str) else list(method)
        for name in methods:
            check_option("method", name, tuple(METHODS))
        check_consistent_length(X, y)
        rows = list(range(min(check_scalar(n_images, "n_images", Integral, min_val=1), len(X))))
        X, y, target = take(X, rows), _labels(y, rows), _labels(target, rows)
        y_pred, y_proba = predict_all(estimator, X)
        options = {"layer": layer, "baseline": baseline, "image_shape": image_shape, "random_state": random_state}
        attributions = {
            name: _explain(name, estimator, X, y_pred if target is None else target, options) for name in methods
        }
        shown = ExplainedClassifier(estimator, X, image_shape).dataset
        labels = None if target is None else np.broadcast_to(target, len(rows))
        probability_of = partial(_probability_of, y_proba=y_proba, classes=estimator.classes_)
        display = cls(
            as_displayable(shown.slice(0, len(shown))[0].numpy(), channels="first"),
            attributions,
            y_pred=y_pred,
            confidence=probability_of(y_pred),
            y_true=y,
            target=labels,
            target_confidence=None if labels is None else probability_of(labels),
            title=f"{model_name(estimator)}: what speaks for {_describe(target)}",
        )
        return display.plot(ax=ax, n_columns=n_columns)

    def plot(self, *, ax=None, n_columns=None):
        """Draw the images, each followed by its explanations.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; the grid fills it. None makes a new figure of the size that the grid needs.
        n_columns : int, default=None
            Images in a row, each with its explanations. None takes as many as stay readable.

        Returns
        -------
        self : ExplanationDisplay
            With ``axes_`` and ``figure_``.
        """
        n_images, n_tiles = len(self.images), 1 + len(self.attributions)
        n_columns = n_columns or _choose_columns(n_images, n_tiles)
        captions = list(chain.from_iterable(map(self._captions, range(n_images))))
        heading = (self.title or "", NOTE if self.y_true is None else NOTE_WITH_TRUTH)
        grid, ax = start_grid(partial(_Grid, self.images.shape[1:3], captions, n_columns * n_tiles, heading), ax)
        self.figure_ = ax.figure.figure  # also from within a subfigure
        tiles = [ax.inset_axes(grid.place(index)) for index in range(n_images * n_tiles)]
        self.axes_ = np.array(tiles, dtype=object).reshape(n_images, n_tiles)
        for index, tile in enumerate(tiles):
            image, explanation = divmod(index, n_tiles)
            draw_image(tile, self._picture(image, explanation), is_stretched=grid.is_stretched)
            write_captions(tile, grid, *grid.captions[index], INK if explanation else self._colour(image))
        draw_heading(ax, grid)
        return self

    def _captions(self, image):
        """Captions of an image and of its explanations, as `ImageGrid` takes them."""
        true = "" if self.y_true is None else str(self.y_true[image])
        mark = "" if self.y_true is None else MARKS[self._is_correct(image)]
        first = (true, mark, str(self.y_pred[image]), f" ({percent(self.confidence[image])})")
        explained = ("", "", "")
        if self.target is not None:
            explained = ("for\xa0", str(self.target[image]), f" ({percent(self.target_confidence[image])})")
        return [first, *((LABELS.get(name, name), *explained) for name in self.attributions)]

    def _picture(self, image, explanation):
        if explanation == 0:
            return self.images[image]
        return heat_over_image(self.images[image], list(self.attributions.values())[explanation - 1][image])

    def _colour(self, image):
        return INK if self.y_true is None else COLOURS[self._is_correct(image)]

    def _is_correct(self, image):
        return bool(self.y_true[image] == self.y_pred[image])


class _Grid(ImageGrid):
    """Breaks a heading into lines instead of being as wide as it."""

    def _heading_width(self, heading):
        return min(super()._heading_width(heading), LEAST_WIDTH)

    def _wrap(self, text, size):
        return fit_label(text, (self.width - GAP) / SLACK, 2, self._measure(size)) if text else []


def _choose_columns(n_images, n_tiles):
    """Images in a row: as many as stay readable, the same in each row."""
    n_rows = ceil(n_images / max(TILES_ACROSS // n_tiles, 1))
    return ceil(n_images / n_rows)


def _labels(labels, rows):
    """Some of the labels as an array; one for all, or None, as it is."""
    return labels if np.ndim(labels) == 0 else np.asarray(take(labels, rows))


def _explain(name, estimator, X, target, options):
    method = METHODS[name]
    return method(estimator, X, target, **{key: options[key] for key in options.keys() & method.__kwdefaults__})


def _describe(target):
    if target is None:
        return "the predicted label"
    return "the label named below" if np.ndim(target) else f"the label {target}"
