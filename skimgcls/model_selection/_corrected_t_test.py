"""The t-test for differences that were measured on resamples of the same data."""

from typing import NamedTuple

import numpy as np
from scipy import stats


class _TTestResult(NamedTuple):
    mean: np.ndarray
    standard_error: np.ndarray
    statistic: np.ndarray
    p_value: np.ndarray
    df: int

    def half_width(self, alpha):
        """Half the width of the confidence interval of level 1 - `alpha` around the mean."""
        return stats.t.isf(np.asarray(alpha) / 2, self.df) * self.standard_error


def corrected_t_test(differences, *, test_train_ratio, n_test=None):
    """Test whether paired differences over folds have mean zero, by the corrected resampled t-test.

    The training sets of a cross-validation overlap, so the scores of its folds vary together, and the usual t-test
    finds differences where there are none. Nadeau and Bengio [1]_ replace the factor 1/n of the variance of the mean
    by 1/n + n_test/n_train; Bouckaert and Frank [2]_ use the same for repeated k-fold cross-validation.

    Parameters
    ----------
    differences : array-like of shape (n,) or (n, n_tests)
        Score of one candidate less that of the other, split by split; each column is a test of its own.
    test_train_ratio : float
        Size of a test set over that of its training set; 1 / (k - 1) for k folds.
    n_test : int, default=None
        Images in a test set. Where all n differences are the same number d, which happens to accuracies on few images,
        their variance says nothing; that of a share, ``|d| (1 - |d|) / n_test``, then takes its place. None takes such
        differences for certain.

    Returns
    -------
    result : named tuple
        ``mean``, ``standard_error``, ``statistic`` and two-sided ``p_value``, each of shape () or (n_tests,); ``df``,
        the n - 1 degrees of freedom; and the method ``half_width(alpha)`` of the confidence interval. Differences that
        are all zero have the statistic 0 and the p-value 1.

    Raises
    ------
    ValueError
        If there are fewer than two differences, or one is not finite.

    References
    ----------
    .. [1] C. Nadeau, Y. Bengio, "Inference for the generalization error", Machine Learning 52, 2003, section 5.
    .. [2] R. Bouckaert, E. Frank, "Evaluating the replicability of significance tests for comparing learning
       algorithms", PAKDD 2004, equation 3.

    Examples
    --------
    >>> from skimgcls.model_selection import corrected_t_test
    >>> result = corrected_t_test([0.01, 0.02, 0.00, 0.03, 0.01], test_train_ratio=1 / 4)
    >>> print(f"{result.mean:.3f} ± {result.half_width(alpha=0.05):.3f}, p = {result.p_value:.2f}")
    0.014 ± 0.021, p = 0.14
    """
    differences = np.asarray(differences, dtype=float)
    n = len(differences)
    if n < 2:
        raise ValueError(f"A t-test needs at least two differences, got {n}. Use more folds or more seeds.")
    if not np.isfinite(differences).all():
        raise ValueError("The differences must be finite. Leave out candidates whose fits failed.")
    mean, variance = differences.mean(axis=0), differences.var(axis=0, ddof=1)
    scale = np.abs(differences).max(axis=0)
    variance = np.where(np.ptp(differences, axis=0) <= 1e-12 * scale, 0, variance)  # rounding is no variance
    if n_test is not None:
        variance = np.where(variance == 0, np.clip(scale * (1 - scale), 0, None) / n_test, variance)
    standard_error = np.sqrt((1 / n + test_train_ratio) * variance)
    certain = np.where(mean == 0, 0.0, np.copysign(np.inf, mean))
    statistic = np.divide(mean, standard_error, out=certain, where=standard_error > 0)
    return _TTestResult(mean, standard_error, statistic, 2 * stats.t.sf(np.abs(statistic), n - 1), n - 1)
