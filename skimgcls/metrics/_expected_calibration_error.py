"""How far confidence is from accuracy, as one number."""

import numpy as np

from skimgcls.metrics._calibration_bins import calibration_bins


def expected_calibration_error(y_true, y_proba, *, classes=None, n_bins=15):
    """Compute how far confidence is from accuracy on average.

    Images are put into bins of equal width by the probability of their predicted label, the largest one. In each bin
    the mean confidence is compared with the share of correct labels; the absolute differences are averaged,
    weighted by the number of images [1]_. The value depends on the bins, and is biased upwards where these hold few
    images [2]_: compare models on the same images and with the same bins.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels. One that is not in `classes` counts as a mistake.
    y_proba : array-like of shape (n, n_classes) or (n,)
        Probabilities. The prediction is the label of the largest, the first of several. One number per image is the
        probability of the second of two classes.
    classes : array-like of shape (n_classes,), default=None
        Labels of the columns of `y_proba`. None means the sorted labels of `y_true`.
    n_bins : int, default=15
        Bins between 0 and 1, each without its lower edge and with its upper one; 15 as in [1]_.

    Returns
    -------
    error : float
        From 0, perfectly calibrated, to 1.

    Raises
    ------
    ValueError
        If labels and probabilities do not fit together, probabilities are not between 0 and 1, or `n_bins` is not a
        positive integer.

    See Also
    --------
    ReliabilityDisplay : Draws accuracy against confidence.

    References
    ----------
    .. [1] Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", ICML 2017: equation 3, and
       15 bins in table 1.
    .. [2] Kumar, Liang and Ma, "Verified Uncertainty Calibration", NeurIPS 2019.

    Examples
    --------
    >>> from skimgcls.metrics import expected_calibration_error
    >>> y_proba = [[0.2, 0.8], [0.2, 0.8], [0.6, 0.4], [0.6, 0.4]]
    >>> round(expected_calibration_error(["cat", "dog", "cat", "cat"], y_proba), 3)
    0.35
    """
    bins = calibration_bins(y_true, y_proba, classes=classes, n_bins=n_bins)
    is_filled = bins["n_images"] > 0
    gaps = np.abs(bins["accuracy"] - bins["confidence"])[is_filled]
    return float(np.average(gaps, weights=bins["n_images"][is_filled]))
