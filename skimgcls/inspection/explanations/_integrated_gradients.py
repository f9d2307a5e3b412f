"""Integrated gradients: the share of each pixel in a score."""

from numbers import Integral

from sklearn.utils import check_scalar

from skimgcls.inspection.explanations._explained_classifier import ExplainedClassifier
from skimgcls.utils._optional import import_optional


def integrated_gradients(estimator, X, target=None, *, baseline=None, n_steps=50):
    """Divide the score of a class among the pixels, by gradients on the way from a baseline to the image.

    The gradient of the score is averaged over the straight way from the baseline to the image, and multiplied by their
    difference [1]_. The shares of an image add up to the difference of the two scores.

    Parameters
    ----------
    estimator : classifier
        Fitted `CNNClassifier`, `MLPClassifier` or another classifier of skimgcls. A pipeline or search around it is
        welcome; the transformers before it are applied first.
    X : array-like
        Images in any form that it accepts.
    target : label or array-like of shape (n,), default=None
        What to explain: one label for all images, or one for each. None means the predicted labels.
    baseline : float or array-like of shape (c,), (h, w) or (h, w, c), default=None
        What an image without content looks like, in the values of `X`: a number, a colour or an image. None means the
        mean colour of the training images, and of `X` itself where the classifier does not know it.
    n_steps : int, default=50
        Gradients on the way. The shares come closer to their sum with more; [1]_ finds 20 to 300 enough.

    Returns
    -------
    attributions : ndarray of shape (n, h, w)
        Summed over channels, in the units of the score. Positive speaks for the class, negative against it.

    Raises
    ------
    ImportError
        If captum is not installed: ``pip install "skimgcls[explain]"``.
    ValueError
        If the classifier has no network of ours, `target` is no class or `baseline` fits no image.

    See Also
    --------
    ExplanationDisplay : Draws it.
    shap : Shares of regions in a probability, for any classifier.

    Notes
    -----
    The score is that of ``decision_function``: the logit of the class, with two classes the difference of their
    logits. The network runs in evaluation mode and is left as it was found.

    References
    ----------
    .. [1] Sundararajan, Taly, Yan, "Axiomatic Attribution for Deep Networks", ICML 2017, sections 3 and 5.

    Examples
    --------
    >>> from skimgcls import MLPClassifier
    >>> from skimgcls.datasets import load_digit_images
    >>> from skimgcls.inspection import integrated_gradients
    >>> X, y = load_digit_images(return_X_y=True)
    >>> clf = MLPClassifier(hidden_units=32, max_epochs=2, random_state=0).fit(X[:200], y[:200])
    >>> shares = integrated_gradients(clf, X[:5], target=3, baseline=0)
    >>> shares.shape
    (5, 8, 8)
    >>> gain = clf.decision_function(X[:5])[:, 3] - clf.decision_function(X[:5] * 0)[:, 3]
    >>> bool(abs(shares.sum((1, 2)) - gain).max() < 0.01)
    True
    """
    attr = import_optional("captum.attr", extra="explain", purpose="integrated_gradients")
    import torch

    check_scalar(n_steps, "n_steps", Integral, min_val=1)
    with ExplainedClassifier.open(estimator, X, target, gradients_for="integrated_gradients") as model:
        method, batch_size = attr.IntegratedGradients(model.scores), model.batch_size()
        start = model.baseline(baseline).to(model.network.scaling.mean.device)
        shares = []
        for images, codes in model.batches(max(batch_size // n_steps, 1)):
            way = {"n_steps": n_steps, "internal_batch_size": batch_size}
            of_values = method.attribute(images, start.expand_as(images), codes, **way)  # (b, c, h, w)
            shares.append(of_values.detach().sum(1).cpu())  # -> (b, h, w)
        return torch.cat(shares).numpy()
