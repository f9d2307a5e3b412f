"""SHAP: the fair share of each region in a probability."""

from skimgcls.inspection.explanations._attribute_regions import attribute_regions
from skimgcls.utils._optional import import_optional


def shap(
    estimator,
    X,
    target=None,
    *,
    n_segments=40,
    n_samples=1000,
    baseline=None,
    image_shape=None,
    random_state=None,
):
    """Divide the probability of a class fairly among the regions of an image, by Kernel SHAP.

    The share of a superpixel is its Shapley value: what showing it adds to the probability, averaged over all orders in
    which the regions of a hidden image could be shown [1]_. It is estimated from random choices of regions. The shares
    of an image add up to its probability minus that of the hidden image.

    Parameters
    ----------
    estimator : classifier
        Fitted, with ``predict_proba``: a classifier of skimgcls or any other. A pipeline or search is welcome. In front
        of a network of ours, the transformers of a pipeline are applied first; of other pipelines `X` itself is
        hidden.
    X : array-like
        Images in any form that it accepts.
    target : label or array-like of shape (n,), default=None
        What to explain: one label for all images, or one for each. None means the predicted labels.
    n_segments : int, default=40
        About how many superpixels (SLIC [2]_) to divide an image into; fewer where they would have less than 4 pixels.
    n_samples : int, default=1000
        Predictions for each image.
    baseline : float or array-like of shape (c,), (h, w) or (h, w, c), default=None
        What stands in hidden regions, in the values of `X`: a number, a colour or an image. None means the mean colour
        of the training images, and of `X` itself where the classifier does not know it.
    image_shape : tuple of int, default=None
        (h, w) or (h, w, c) of flat rows, where the classifier does not know it. None means a square.
    random_state : int, RandomState instance or None, default=None
        Seed of what is hidden. With an integer, the explanation of an image does not depend on the other images.

    Returns
    -------
    attributions : ndarray of shape (n, h, w)
        Each pixel has the share of its region.

    Raises
    ------
    ImportError
        If captum or scikit-image is not installed: ``pip install "skimgcls[explain]"``.
    ValueError
        If the classifier gives no probabilities, `target` is no class or `baseline` fits no image.

    See Also
    --------
    lime : Coefficients of a linear model near the image.
    ExplanationDisplay : Draws it.

    References
    ----------
    .. [1] Lundberg, Lee, "A Unified Approach to Interpreting Model Predictions", NeurIPS 2017, theorem 2.
    .. [2] Achanta et al., "SLIC Superpixels Compared to State-of-the-Art Superpixel Methods", TPAMI 2012.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skimgcls.inspection import shap
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = RandomForestClassifier(n_estimators=20, random_state=0).fit(X[:500], y[:500])
    >>> shap(clf, X[500:502], n_samples=100, baseline=0, random_state=0).shape
    (2, 8, 8)
    """
    attr = import_optional("captum.attr", extra="explain", purpose="shap")
    return attribute_regions(
        attr.KernelShap,
        estimator,
        X,
        target,
        purpose="shap",
        n_segments=n_segments,
        n_samples=n_samples,
        baseline=baseline,
        image_shape=image_shape,
        random_state=random_state,
    )
