"""Probabilities of a classifier, or what to do without them."""


def predict_proba(estimator, X):
    """Ask a classifier for probabilities.

    Parameters
    ----------
    estimator : classifier
        Fitted.
    X : array-like
        Images in any form that it accepts.

    Returns
    -------
    y_proba : ndarray (n, n_classes)

    Raises
    ------
    ValueError
        If it gives no probabilities.
    """
    if not hasattr(estimator, "predict_proba"):
        raise ValueError(
            f"{type(estimator).__name__} has no predict_proba, which this display needs. Wrap it in "
            "sklearn.calibration.CalibratedClassifierCV, or choose a classifier that gives probabilities."
        )
    return estimator.predict_proba(X)
