"""What must not change while training goes on."""

import numpy as np

from skimgcls.utils._is_same import is_same


def check_unchanged(estimator, classes):
    """Refuse parameters that no longer fit the trained network, and other classes than those of the first call.

    Parameters
    ----------
    estimator : BaseImageClassifier
        Fitted.
    classes : array-like or None
        As given to ``partial_fit``.
    """
    name = type(estimator).__name__
    for param, fitted in estimator._fitted_architecture.items():
        value = getattr(estimator, param)
        if not is_same(value, fitted):
            raise ValueError(
                f"{param}={value!r} cannot replace {param}={fitted!r} while training goes on: it shapes the network. "
                f"Set it back, or train a new {name} with fit."
            )
    if classes is not None and not np.array_equal(np.unique(classes), estimator.classes_):
        raise ValueError(
            f"classes={list(classes)} is not the same as at the first call of partial_fit: "
            f"{estimator.classes_.tolist()}. Leave it out, or train a new {name}."
        )
