"""Images with stronger edges."""

from numbers import Real

import numpy as np
from sklearn.utils._param_validation import Interval

from skimgcls.preprocessing.transformers._image_transformer import ImageTransformer, round_to_bytes


class ImageSharpener(ImageTransformer):
    """Sharpen images by an unsharp mask.

    What a Gaussian blur takes away from an image is added to it: ``image + amount * (image - blurred)``, as
    ``skimage.filters.unsharp_mask`` has it. The result is kept between black and white, ``value_range_``. Bytes are
    rounded and stay bytes, floats stay floats of their type.

    Parameters
    ----------
    amount : float, default=1.0
        How much is added. 0 leaves images as they are.
    radius : float, default=1.0
        Standard deviation of the blur in pixels: the size of the details that are sharpened.
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

    Examples
    --------
    >>> import numpy as np
    >>> from skimgcls.preprocessing import ImageSharpener
    >>> X = np.array([[[60, 60, 60, 120, 120, 120]]], dtype=np.uint8)  # one edge
    >>> ImageSharpener(radius=0.5).fit_transform(X)
    array([[[ 60,  60,  54, 126, 120, 120]]], dtype=uint8)
    """

    _parameter_constraints = {
        **ImageTransformer._parameter_constraints,
        "amount": [Interval(Real, 0, None, closed="left")],
        "radius": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(self, amount=1.0, *, radius=1.0, image_shape=None, channels="auto"):
        self.amount = amount
        self.radius = radius
        self.image_shape = image_shape
        self.channels = channels

    def _transform_images(self, images):
        from scipy.ndimage import gaussian_filter

        values = images.astype(np.float32) if images.dtype == np.uint8 else images
        blurred = gaussian_filter(values, (0, 0, self.radius, self.radius), mode="reflect")
        sharp = np.clip(values + self.amount * (values - blurred), *self._range_of(images))
        return round_to_bytes(sharp) if images.dtype == np.uint8 else sharp.astype(images.dtype)
