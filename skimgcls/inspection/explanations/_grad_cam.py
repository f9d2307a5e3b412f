"""Grad-CAM: where the last feature map speaks for a class."""

from skimgcls.inspection.explanations._explained_classifier import ONLY_PROBABILITIES, ExplainedClassifier
from skimgcls.inspection.explanations._find_feature_map import find_feature_map
from skimgcls.utils._optional import import_optional


def grad_cam(estimator, X, target=None, *, layer=None, mean_gradients=False):
    """Show roughly where an image speaks for a class, by the gradient of its score on a feature map.

    Each value of the feature map is multiplied by its gradient and the channels are summed; what is positive is
    enlarged to the size of the image [1]_. It costs one forward and one backward pass.

    Parameters
    ----------
    estimator : classifier
        Fitted `CNNClassifier`, or another classifier of skimgcls whose network has feature maps. A pipeline or search
        around it is welcome; the transformers before it are applied first.
    X : array-like
        Images in any form that it accepts.
    target : label or array-like of shape (n,), default=None
        What to explain: one label for all images, or one for each. None means the predicted labels.
    layer : str or torch.nn.Module, default=None
        The layer with the feature map: its name, such as "features.conv3", as
        :func:`~skimgcls.architectures.summarize_layers` lists it, or the module itself out of
        ``estimator.net_.module_``. None takes the last feature map that has more than one place, which knows most of
        classes [1]_.
    mean_gradients : bool, default=False
        Whether to multiply by the mean of the gradients over all places of a channel, to the letter of [1]_. See the
        notes.

    Returns
    -------
    attributions : ndarray of shape (n, h, w)
        Not negative; larger where more speaks for the class. Compare places within an image, not images.

    Raises
    ------
    ImportError
        If captum is not installed: ``pip install "skimgcls[explain]"``.
    ValueError
        If the classifier has no network of ours, its network has no feature map (a flat `MLPClassifier`), `layer` is
        not one of its layers or gives none, or `target` is no class.

    See Also
    --------
    ExplanationDisplay : Draws it.
    integrated_gradients : The share of each pixel.

    Notes
    -----
    The score is that of ``decision_function``: the logit of the class, with two classes the difference of their
    logits. The network runs in evaluation mode and is left as it was found.

    In a network that ends with the mean over places, such as a residual network, the gradient of a channel is the same
    at all places, and its mean changes nothing. In one that flattens the feature map, as `CNNClassifier` does by
    default, places have weights of their own, and the mean mixes those that matter with those that do not [2]_. Where
    stripes in one quadrant of 16x16 pixels made the class, four such networks had 65 to 69 % of the map in that
    quadrant with the gradients of each place, and 28 to 66 % with their mean, for some images nothing.

    References
    ----------
    .. [1] Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", ICCV
       2017, equations 1 and 2 and section 4.
    .. [2] Draelos, Carin, "Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional neural
       networks", arXiv:2011.08891, 2020.

    Examples
    --------
    >>> from skimgcls import CNNClassifier
    >>> from skimgcls.datasets import load_digit_images
    >>> from skimgcls.inspection import grad_cam
    >>> X, y = load_digit_images(return_X_y=True)
    >>> clf = CNNClassifier(conv_channels=(8, 16), max_epochs=1, random_state=0).fit(X[:200], y[:200])
    >>> grad_cam(clf, X[:5], layer="features.conv2").shape
    (5, 8, 8)
    """
    attr = import_optional("captum.attr", extra="explain", purpose="grad_cam")
    import torch

    with ExplainedClassifier.open(estimator, X, target, gradients_for="grad_cam") as model:
        layer = find_feature_map(model.network, next(model.batches(1))[0], layer)
        if layer is None:
            raise ValueError(
                "grad_cam needs a layer with a feature map, rows and columns of places, and the network of "
                f"{model.name} has none: it takes the image as one long row. Use integrated_gradients, or "
                f"{ONLY_PROBABILITIES}."
            )
        kind = attr.LayerGradCam if mean_gradients else attr.LayerGradientXActivation
        method, size, maps = kind(model.scores, layer), model.dataset.layout.image_shape[:2], []
        for images, codes in model.batches(model.batch_size()):
            channels = method.attribute(images.requires_grad_(), codes).detach()
            places = channels.sum(1, keepdim=True).relu()  # (b, channels, rows, columns) -> (b, 1, rows, columns)
            maps.append(torch.nn.functional.interpolate(places, size, mode="bilinear")[:, 0].cpu())
        return torch.cat(maps).numpy()
