"""Colour images in grey."""

import numpy as np

from skimgcls.preprocessing._color import LUMA
from skimgcls.preprocessing.transformers._image_transformer import ImageTransformer

_LUMA_OF_BYTES = (19595, 38470, 7471)  # LUMA in 65536ths, as Pillow has it


class GrayscaleTransformer(ImageTransformer):
    """Turn colour images into grey ones of one channel.

    Grey is 0.299 red + 0.587 green + 0.114 blue [1]_; bytes are rounded as Pillow's ``convert("L")`` does and stay
    bytes, floats stay floats of their type. A fourth channel is opacity: what is transparent becomes white. Images of
    one channel stay as they are, of any other number of channels the mean is taken. The axis of channels stays, with
    one channel.

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
        (height, width, 1).
    value_range_ : tuple of float
        Black and white: 0 and 255 of bytes; of floats 0 and 1, or 255 where they reach beyond 1.
    n_features_in_ : int
        height * width * channels.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, when ``X`` was a DataFrame with string columns.

    References
    ----------
    .. [1] ITU-R, "Recommendation BT.601: Studio encoding parameters of digital television".

    Examples
    --------
    >>> from skimgcls.datasets import make_images
    >>> from skimgcls.preprocessing import GrayscaleTransformer
    >>> X, y = make_images(n_samples=12, image_shape=(16, 16, 3), random_state=0, return_X_y=True)
    >>> X.shape, GrayscaleTransformer().fit_transform(X).shape
    ((12, 16, 16, 3), (12, 16, 16, 1))
    """

    def __init__(self, *, image_shape=None, channels="auto"):
        self.image_shape = image_shape
        self.channels = channels

    def _shape_out(self, image_shape):
        return (*image_shape[:2], 1)

    def _transform_images(self, images):
        n_channels = images.shape[1]
        if n_channels == 1:
            return images
        if n_channels not in (3, 4):
            grey = images.mean(1, dtype=np.float64 if images.dtype == np.uint8 else images.dtype)
        elif images.dtype == np.uint8:
            grey = np.einsum("mchw,c->mhw", images[:, :3], np.array(_LUMA_OF_BYTES, np.uint32), dtype=np.uint32)
            grey = (grey + 2**15) >> 16  # (m, h, w)
        else:
            grey = np.einsum("mchw,c->mhw", images[:, :3], np.array(LUMA, images.dtype))
        if n_channels == 4:
            white = self._range_of(images)[1]
            grey = white + (grey - white) * (images[:, 3] / white)
        grey = np.rint(grey) if images.dtype == np.uint8 else grey
        return grey.astype(images.dtype)[:, None]  # (m, h, w) -> (m, 1, h, w)
