"""The estimator that does the work inside a pipeline or a search."""


def unwrap_estimator(estimator, attribute):
    """Follow pipelines and searches inwards until an estimator has an attribute.

    Parameters
    ----------
    estimator : estimator
        Fitted. A ``Pipeline`` leads to its last step, a search to its ``best_estimator_``, and what wraps one
        fitted estimator (``FrozenEstimator``, ``TunedThresholdClassifierCV``) to that.
    attribute : str
        What to look for, such as "history_".

    Returns
    -------
    found : estimator or None
        The outermost one that has it; None if there is none.
    """
    while estimator is not None and not hasattr(estimator, attribute):
        steps = getattr(estimator, "steps", None)
        inner = steps[-1][1] if steps else getattr(estimator, "best_estimator_", getattr(estimator, "estimator_", None))
        estimator = getattr(estimator, "estimator", None) if inner is None else inner
    return estimator
