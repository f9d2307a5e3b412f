"""The handwritten digits that come with scikit-learn, as images."""

import numpy as np
from sklearn.datasets import load_digits

from skimgcls.datasets._dataset_bunch import dataset_bunch

_DESCR = """Scans of handwritten digits, bundled with scikit-learn

1,797 images of 8 x 8 grey pixels (uint8, 0 is the background, 255 full ink), ten classes 0 to 9 of 174 to 183 images.
Each pixel is the number of inked pixels, 0 to 16, in a block of 4 x 4 of the scan, times 255 / 16 and rounded.

Source: https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits, its test set.
Licence: Creative Commons Attribution 4.0.
Citation: E. Alpaydin, C. Kaynak, "Optical recognition of handwritten digits", UCI Machine Learning Repository, 1998.
"""


def load_digit_images(*, return_X_y=False):
    """Load scikit-learn's 1,797 scans of handwritten digits as uint8 images; no network needed.

    Parameters
    ----------
    return_X_y : bool, default=False
        Return the images and the labels alone.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        data : ndarray of shape (1797, 8, 8), uint8
            Images: the 17 ink levels 0 to 16 of :func:`sklearn.datasets.load_digits` times 255 / 16, rounded.
        target : ndarray of shape (1797,), int64
            Labels 0 to 9.
        target_names : ndarray of shape (10,), str
            "0" to "9".
        filenames : None
            There are no files.
        DESCR : str
            Source, licence and citation.
    (data, target) : tuple of ndarray
        If `return_X_y` is True.

    References
    ----------
    .. [1] E. Alpaydin, C. Kaynak, "Optical recognition of handwritten digits", UCI Machine Learning Repository, 1998.

    Examples
    --------
    >>> from skimgcls.datasets import load_digit_images
    >>> X, y = load_digit_images(return_X_y=True)
    >>> X.shape, X.dtype, int(X.max()), y[:4].tolist()
    ((1797, 8, 8), dtype('uint8'), 255, [0, 1, 2, 3])
    """
    digits = load_digits()
    images = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    return dataset_bunch(images, digits.target, np.arange(10), descr=_DESCR, return_X_y=return_X_y)
