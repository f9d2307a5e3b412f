"""The images that a classifier gets wrong, as a table."""

from skimgcls.inspection._rank_predictions import predict_all, rank_predictions
from skimgcls.inspection._shown_images import names_of


def misclassified_images(estimator, X, y, *, names=None, sort="confidence", random_state=None):
    """List the images that a classifier gets wrong, by default those it is most sure of first.

    Confident mistakes are where wrong labels in the data, look-alike classes and shortcuts of the model show first.

    Parameters
    ----------
    estimator : classifier
        Fitted, with ``predict_proba``.
    X : array-like
        Images in any form that it accepts.
    y : array-like of shape (n,)
        True labels. One that the classifier does not know counts as a mistake with an infinite loss.
    names : array-like of shape (n,), default=None
        Name of each image, such as its path. None takes the paths that `X` holds, if it holds paths.
    sort : {"confidence", "loss", "random"}, default="confidence"
        Order of the rows: falling confidence, falling loss, or shuffled.
    random_state : int, RandomState instance or None, default=None
        Seed of the random order.

    Returns
    -------
    mistakes : DataFrame, one row per misclassified image
        ``index`` (position in `X`), ``name`` (where there are names), ``true`` and ``predicted`` (labels),
        ``confidence`` (probability of the predicted label), ``true_probability``, ``loss`` (nats: minus the logarithm
        of the true label's probability).

    Raises
    ------
    ValueError
        If the classifier gives no probabilities, `y` has none of its labels or another length than `X`, or `sort` is
        unknown.

    See Also
    --------
    ClassifiedImagesDisplay : Shows the images.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skimgcls.inspection import misclassified_images
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = LogisticRegression(max_iter=100, C=0.001).fit(X[:500] / 16, y[:500])
    >>> mistakes = misclassified_images(clf, X[500:] / 16, y[500:])
    >>> mistakes.columns.tolist()
    ['index', 'true', 'predicted', 'confidence', 'true_probability', 'loss']
    >>> bool(mistakes["confidence"].is_monotonic_decreasing)
    True
    """
    y_pred, y_proba = predict_all(estimator, X)
    mistakes = rank_predictions(y, y_pred, y_proba, estimator.classes_, sort=sort, random_state=random_state)
    names = names_of(X, names)
    if names is not None:
        mistakes.insert(1, "name", names[mistakes["index"]])
    return mistakes
