"""Occlusion: what a classifier loses where a part of the image is covered."""

from math import ceil

import numpy as np

from skimgcls.inspection.explanations._explained_classifier import ExplainedClassifier
from skimgcls.utils._optional import import_optional

VIEWS = 64  # covered images that are predicted together


def occlusion(estimator, X, target=None, *, window=None, baseline=None, image_shape=None):
    """Cover one part of an image after the other, and see how much of the probability of a class is lost.

    A window is moved over the image in steps of half its size [1]_; a pixel gets the mean loss over the windows that
    covered it.

    Parameters
    ----------
    estimator : classifier
        Fitted, with ``predict_proba``: a classifier of skimgcls or any other. A pipeline or search is welcome. In front
        of a network of ours, the transformers of a pipeline are applied first; of other pipelines `X` itself is
        covered.
    X : array-like
        Images in any form that it accepts.
    target : label or array-like of shape (n,), default=None
        What to explain: one label for all images, or one for each. None means the predicted labels.
    window : int or (int, int), default=None
        Height and width of the window in pixels. None means a quarter of those of the image, which takes about 50
        predictions for an image.
    baseline : float or array-like of shape (c,), (h, w) or (h, w, c), default=None
        What the window shows, in the values of `X`: a number, a colour or an image. None means the mean colour of the
        training images, and of `X` itself where the classifier does not know it.
    image_shape : tuple of int, default=None
        (h, w) or (h, w, c) of flat rows, where the classifier does not know it. None means a square.

    Returns
    -------
    attributions : ndarray of shape (n, h, w)
        Probability that is lost; negative where covering makes the class more probable.

    Raises
    ------
    ImportError
        If captum is not installed: ``pip install "skimgcls[explain]"``.
    ValueError
        If the classifier gives no probabilities, `target` is no class, or `window` or `baseline` fits no image.

    See Also
    --------
    ExplanationDisplay : Draws it.

    References
    ----------
    .. [1] Zeiler, Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014, section 4.2.

    Examples
    --------
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn.datasets import load_digits
    >>> from skimgcls.inspection import occlusion
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = RandomForestClassifier(n_estimators=20, random_state=0).fit(X[:500], y[:500])
    >>> occlusion(clf, X[500:503], baseline=0).shape
    (3, 8, 8)
    """
    attr = import_optional("captum.attr", extra="explain", purpose="occlusion")

    with ExplainedClassifier.open(estimator, X, target, image_shape=image_shape) as model:
        height, width, channels = model.dataset.layout.image_shape
        window = _check_window(window, height, width)
        form = {
            "sliding_window_shapes": (channels, *window),
            "strides": (channels, *(ceil(side / 2) for side in window)),
            "baselines": model.baseline(baseline),
            "perturbations_per_eval": VIEWS,
        }
        method = attr.Occlusion(model.probabilities)
        # all channels are covered together and have the same loss
        return np.stack([method.attribute(image, target=code, **form)[0, 0].numpy() for image, code in model.singles()])


def _check_window(window, height, width):
    if window is None:
        return max(height // 4, 1), max(width // 4, 1)
    sides = (window, window) if np.ndim(window) == 0 else tuple(window)
    if len(sides) != 2 or not (1 <= sides[0] <= height and 1 <= sides[1] <= width):
        raise ValueError(
            f"window must be one or two numbers of pixels that fit into images of {height} x {width}, got {window!r}."
        )
    return sides
