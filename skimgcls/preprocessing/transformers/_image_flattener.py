"""Images as rows of a table."""

import numpy as np

from skimgcls.preprocessing.transformers._image_transformer import ImageTransformer, _pixel_names


class ImageFlattener(ImageTransformer):
    """Turn images into flat rows, one column for each value, for classifiers that want a table.

    Values and their type stay as they are. The order is that of the images seen by fit, rows of pixels from above, with
    their channels side by side or one after another; images whose channels stand elsewhere are brought to it.

    Parameters
    ----------
    image_shape : tuple of int or None, default=None
        (height, width) or (height, width, channels) of flat rows, which stay as they are.
    channels : {"auto", "first", "last"}, default="auto"
        Where the channel axis of 4-D input stands. "auto" takes the axis of size 1, 3 or 4 and raises where both fit.

    Attributes
    ----------
    image_shape_ : tuple of int
        (height, width, channels) of the images seen by fit.
    output_shape_ : tuple of int
        The same: what a network would be told of the rows as ``image_shape``.
    value_range_ : tuple of float
        Black and white: 0 and 255 of bytes; of floats 0 and 1, or 255 where they reach beyond 1.
    n_features_in_ : int
        height * width * channels.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, when ``X`` was a DataFrame with string columns.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from skimgcls.datasets import load_digit_images
    >>> from skimgcls.preprocessing import ImageFlattener, ImageNormalizer
    >>> X, y = load_digit_images(return_X_y=True)
    >>> clf = make_pipeline(ImageNormalizer(), ImageFlattener(), LogisticRegression()).fit(X[:1000], y[:1000])
    >>> bool(clf.score(X[1000:], y[1000:]) > 0.9)
    True
    >>> ImageFlattener().fit(X).get_feature_names_out()[:3]
    array(['pixel_0_0', 'pixel_0_1', 'pixel_0_2'], dtype=object)
    """

    _makes_rows = True

    def __init__(self, *, image_shape=None, channels="auto"):
        self.image_shape = image_shape
        self.channels = channels

    def get_feature_names_out(self, input_features=None):
        """Name the columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of flat rows, which are kept. None takes those seen by ``fit``.

        Returns
        -------
        names : ndarray of str
            ``pixel_<row>_<column>``, with ``_<channel>`` behind where there are several channels.
        """
        names = super().get_feature_names_out(input_features)
        if input_features is None and not hasattr(self, "feature_names_in_"):
            return np.array(_pixel_names(self._layout), dtype=object)
        return names

    def _transform_images(self, images):
        return self._in_form(images, 2, None)  # (m, c, h, w) -> (m, h * w * c)
