"""Images whose grey values are used evenly."""

import numpy as np

from skimgcls.preprocessing.transformers._image_transformer import ImageTransformer, round_to_bytes

_LEVELS = 256


class HistogramEqualizer(ImageTransformer):
    """Spread the values of each image so that dark and light ones are about as frequent.

    It evens out differences in exposure and contrast between images. Each image and each channel is treated by itself,
    and a value becomes the share of pixels that are as dark or darker, those of the darkest value left out [1]_: the
    darkest becomes black and the lightest white. Bytes stay bytes. Floats are sorted into 256 levels between black and
    white, ``value_range_``, and stay floats of their type. Images of one single value stay as they are.

    Parameters
    ----------
    image_shape : tuple of int or None, default=None
        (height, width) or (height, width, channels) of flat rows; square greyscale rows need none.
    channels : {"auto", "first", "last"}, default="auto"
        Where the channel axis of 4-D input stands. "auto" takes the axis of size 1, 3 or 4 and raises where both fit.

    Attributes
    ----------
    image_shape_ : tuple of int
        (height, width, channels) of the images seen by fit.
    output_shape_ : tuple of int
        The same.
    value_range_ : tuple of float
        Black and white: 0 and 255 of bytes; of floats 0 and 1, or 255 where they reach beyond 1.
    n_features_in_ : int
        height * width * channels.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, when ``X`` was a DataFrame with string columns.

    References
    ----------
    .. [1] The formula of OpenCV's ``equalizeHist``; the idea is in Gonzalez and Woods, "Digital image processing",
       section 3.3.

    Examples
    --------
    >>> import numpy as np
    >>> from skimgcls.preprocessing import HistogramEqualizer
    >>> X = np.array([[[10, 11], [12, 13]]], dtype=np.uint8)  # an image with hardly any contrast
    >>> HistogramEqualizer().fit_transform(X)
    array([[[  0,  85],
            [170, 255]]], dtype=uint8)
    """

    def __init__(self, *, image_shape=None, channels="auto"):
        self.image_shape = image_shape
        self.channels = channels

    def _transform_images(self, images):
        if images.dtype == np.uint8:
            return _equalize(images)
        low, white = self._range_of(images)
        levels = np.rint((images - low) * ((_LEVELS - 1) / (white - low))).clip(0, _LEVELS - 1).astype(np.uint8)
        return (_equalize(levels) * ((white - low) / (_LEVELS - 1)) + low).astype(images.dtype)


def _equalize(images):
    """Equalize bytes (m, c, h, w), all images and channels at once."""
    n_planes, n_pixels = images.shape[0] * images.shape[1], images.shape[2] * images.shape[3]
    planes = images.reshape(n_planes, n_pixels).astype(np.intp)
    planes += np.arange(n_planes)[:, None] * _LEVELS  # a table of 256 values for each of them
    counts = np.bincount(planes.ravel(), minlength=n_planes * _LEVELS).reshape(n_planes, _LEVELS)
    of_darkest = np.take_along_axis(counts, (counts > 0).argmax(1, keepdims=True), 1)
    others = n_pixels - of_darkest
    table = round_to_bytes((counts.cumsum(1) - of_darkest) * ((_LEVELS - 1) / np.maximum(others, 1)))
    table = np.where(others > 0, table, np.arange(_LEVELS, dtype=np.uint8))
    return table.ravel()[planes].reshape(images.shape)
