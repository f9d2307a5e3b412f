"""The arithmetic of the one-standard-error rule."""

import numpy as np


def within_one_se(worth, best, std, n_folds):
    """Tell which candidates are within one standard error of the best.

    Parameters
    ----------
    worth : ndarray (n,)
        Mean scores of which more is better; -inf where there is none.
    best : int
        Place of the best.
    std : float
        Standard deviation of its scores over the folds, with their number in the denominator, as scikit-learn gives
        it.
    n_folds : int
        At least 2: of one fold there is no standard error.

    Returns
    -------
    is_within : ndarray of bool (n,)
        Equal up to rounding counts.
    """
    error = std / np.sqrt(n_folds - 1)  # the deviation with k - 1 in its denominator, by the square root of k
    rounding = 1e-12 * abs(worth[best])
    return (worth >= worth[best] - error - rounding) & np.isfinite(worth)
