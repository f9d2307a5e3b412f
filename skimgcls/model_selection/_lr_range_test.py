"""Which learning rates a network learns at, from a hundred batches."""

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import clone
from sklearn.utils._param_validation import Interval, validate_params

from skimgcls.exceptions import DivergedError
from skimgcls.model_selection.displays._lr_range_display import LrRangeDisplay

_FEWEST = 10  # batches from which a course can be read


@validate_params(
    {
        "min_lr": [Interval(Real, 0, None, closed="neither")],
        "max_lr": [Interval(Real, 0, None, closed="neither")],
        "n_steps": [Interval(Integral, _FEWEST, None, closed="left")],
    },
    prefer_skip_nested_validation=False,  # or bad parameters of the estimator would pass
)
def lr_range_test(estimator, X, y, *, min_lr=1e-6, max_lr=1.0, n_steps=100, **fit_params):
    """Train on batches whose learning rate grows from one to the next, and see where the loss falls.

    Too low a rate learns nothing, one that is too high explodes; in between the loss falls [1]_. This takes a hundred
    batches, where a search takes many epochs, and finds the order of magnitude: the place to start a search from.

    A copy of the estimator is trained; the estimator stays as it is. Its callbacks, schedule, early stopping and
    limits are left out, everything else (optimizer, batch size, augmentation, regularizers) applies. The test ends
    early where the loss explodes: where it is not finite, or four times the lowest.

    Parameters
    ----------
    estimator : CNNClassifier, MLPClassifier or Pipeline that ends in one
        What to train. What stands before it in a pipeline is fitted once.
    X : array-like of shape (n, ...)
        Images, in any form that the estimator takes. They come round again where there are fewer than needed.
    y : array-like of shape (n,)
        Labels.
    min_lr : float, default=1e-6
        Learning rate of the first batch: a tenth of the lowest that is in use, so that the loss begins level.
    max_lr : float, default=1.0
        That of the last, if the loss has not exploded before; plain gradient descent is used up to there [1]_.
    n_steps : int, default=100
        Number of batches, at least 10; as many as fastai takes [2]_.
    **fit_params : dict
        Handed to ``fit``, such as ``sample_weight``.

    Returns
    -------
    display : LrRangeDisplay
        With ``frame``, ``suggestions_`` and ``suggestion_``; call its ``plot()``.

    Raises
    ------
    TypeError
        If the estimator is none of ours, nor a pipeline that ends in one.
    ValueError
        If `max_lr` is not above `min_lr`, or the loss explodes within the first ten batches.

    Warns
    -----
    UserWarning
        If the loss never fell, or still falls at `max_lr`.

    See Also
    --------
    estimate_cost : What the search takes that follows.

    Notes
    -----
    Learning rates are spaced evenly on a logarithmic scale.

    References
    ----------
    .. [1] L. N. Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017, section 3.3.
    .. [2] J. Howard, S. Gugger, "Fastai: A Layered API for Deep Learning", Information 11(2), 2020.

    Examples
    --------
    >>> from skimgcls import MLPClassifier
    >>> from skimgcls.datasets import load_digit_images
    >>> from skimgcls.model_selection import lr_range_test
    >>> X, y = load_digit_images(return_X_y=True)
    >>> display = lr_range_test(MLPClassifier(random_state=0), X, y)
    >>> 1e-4 < display.suggestion_ < 1e-2
    True
    """
    import pandas as pd

    if max_lr <= min_lr:
        raise ValueError(f"max_lr must be above min_lr, got min_lr={min_lr:g} and max_lr={max_lr:g}.")
    lrs = np.geomspace(min_lr, max_lr, n_steps)
    losses = _losses_at(lrs, estimator, X, y, fit_params)
    finite = [loss for loss in losses if np.isfinite(loss)]  # only the last may be none
    if len(finite) < _FEWEST:
        raise ValueError(
            f"The loss exploded at batch {len(losses)}, with lr={lrs[len(losses) - 1]:.2g}: there is no course to "
            f"read. Lower min_lr (try {min_lr / 1000:g}), or look for extreme values in X."
        )
    display = LrRangeDisplay(pd.DataFrame({"lr": lrs[: len(finite)], "loss": finite}))
    if len(display.suggestions_) < 2:
        warnings.warn(f"lr_range_test: {display.note}. Raise max_lr, or set n_steps higher.", stacklevel=3)
    return display


def _losses_at(lrs, estimator, X, y, fit_params):
    """Loss of each batch, up to where it explodes."""
    from skimgcls.training._lr_ramp import LrRamp

    losses = []
    settings = {
        "lr": float(lrs[0]),
        "callbacks": [LrRamp(lrs, losses)],
        "max_epochs": len(lrs),  # more than needed: the ramp stops after its last batch
        "lr_schedule": None,
        "early_stopping": False,
        "validation_fraction": None,
        "time_limit": None,
        "verbose": 0,
    }
    prefix = _prefix_of_network(estimator)
    copied = clone(estimator).set_params(**{f"{prefix}{name}": value for name, value in settings.items()})
    try:
        copied.fit(X, y, **fit_params)
    except DivergedError:  # weights that explode between the last batch of an epoch and the next
        if not losses:
            raise
    return losses


def _prefix_of_network(estimator):
    """What stands before the names of its parameters; "" where there is no pipeline around it."""
    prefix, network = "", estimator
    while getattr(network, "steps", None):
        name, network = network.steps[-1]
        prefix += f"{name}__"
    if isinstance(network, type) or not hasattr(network, "_build_module"):
        raise TypeError(
            f"lr_range_test takes an image classifier of this library, or a Pipeline that ends in one, got "
            f"{type(estimator).__name__}. Pass one such as CNNClassifier(); of a search, its estimator."
        )
    return prefix
