"""LIME: a linear model of what a classifier does near an image."""

from skimgcls.inspection.explanations._attribute_regions import attribute_regions
from skimgcls.utils._optional import import_optional

KERNEL_WIDTH = 0.25  # of the cosine distance, as the authors' own lime package has it for images


def lime(
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
    """Explain a prediction by a linear model of the regions of an image that are shown or hidden.

    The image is divided into superpixels. Some are hidden at random, again and again, and a ridge regression predicts
    the probability of the class from what is left, with more weight on images that hide little [1]_. The attribution of
    a region is its coefficient.

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
        Each pixel has the coefficient of its region: about what showing the region adds to the probability.

    Raises
    ------
    ImportError
        If captum or scikit-image is not installed: ``pip install "skimgcls[explain]"``.
    ValueError
        If the classifier gives no probabilities, `target` is no class or `baseline` fits no image.

    See Also
    --------
    shap : Shares that add up.
    ExplanationDisplay : Draws it.

    Notes
    -----
    Ridge regression of strength 1, and weights ``sqrt(exp(-d**2 / 0.25**2))`` of the cosine distance d between what is
    shown and the whole, are those of the authors' own package for images.

    References
    ----------
    .. [1] Ribeiro, Singh, Guestrin, "'Why Should I Trust You?': Explaining the Predictions of Any Classifier", KDD
       2016.
    .. [2] Achanta et al., "SLIC Superpixels Compared to State-of-the-Art Superpixel Methods", TPAMI 2012.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skimgcls.inspection import lime
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = RandomForestClassifier(n_estimators=20, random_state=0).fit(X[:500], y[:500])
    >>> lime(clf, X[500:502], n_samples=100, baseline=0, random_state=0).shape
    (2, 8, 8)
    """
    attr = import_optional("captum.attr", extra="explain", purpose="lime")
    linear = import_optional("captum._utils.models.linear_model", extra="explain", purpose="lime")

    def make_method(probabilities):
        return attr.Lime(probabilities, linear.SkLearnRidge(alpha=1.0), similarity_func=_similarity)

    return attribute_regions(
        make_method,
        estimator,
        X,
        target,
        purpose="lime",
        n_segments=n_segments,
        n_samples=n_samples,
        baseline=baseline,
        image_shape=image_shape,
        random_state=random_state,
    )


def _similarity(_image, _perturbed, shown, **_):
    """Weight of a sample, by the cosine distance between the regions it shows (1, m) and all of them."""
    distance = 1 - shown.double().mean().sqrt()
    return (-(distance**2) / KERNEL_WIDTH**2 / 2).exp()
