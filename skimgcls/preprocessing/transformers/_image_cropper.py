"""A part of each image."""

from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from skimgcls.preprocessing.transformers._image_transformer import ImageTransformer, to_height_width


class ImageCropper(ImageTransformer):
    """Cut the same part out of each image.

    Values and their type stay as they are.

    Parameters
    ----------
    size : int, (int, int) or None, default=None
        Height and width of the part in pixels; an integer means a square. None is the largest square.
    position : "center" or (int, int), default="center"
        Row and column of the upper left pixel. In the centre, an odd rest is cut below and on the right.
    image_shape : tuple of int or None, default=None
        (height, width) or (height, width, channels) of flat rows; square greyscale rows need none.
    channels : {"auto", "first", "last"}, default="auto"
        Where the channel axis of 4-D input stands. "auto" takes the axis of size 1, 3 or 4 and raises where both fit.

    Attributes
    ----------
    image_shape_ : tuple of int
        (height, width, channels) of the images seen by fit.
    output_shape_ : tuple of int
        (height, width, channels) of the new images.
    value_range_ : tuple of float
        Black and white: 0 and 255 of bytes; of floats 0 and 1, or 255 where they reach beyond 1.
    n_features_in_ : int
        height * width * channels.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, when ``X`` was a DataFrame with string columns.

    See Also
    --------
    RandomCrop : Another part each time, as augmentation.

    Examples
    --------
    >>> from skimgcls.datasets import load_digit_images
    >>> from skimgcls.preprocessing import ImageCropper
    >>> X, y = load_digit_images(return_X_y=True)
    >>> ImageCropper(size=(8, 6)).fit_transform(X[:5]).shape
    (5, 8, 6)
    """

    _parameter_constraints = {
        **ImageTransformer._parameter_constraints,
        "size": [Interval(Integral, 1, None, closed="left"), "array-like", None],
        "position": [StrOptions({"center"}), "array-like"],
    }

    def __init__(self, size=None, *, position="center", image_shape=None, channels="auto"):
        self.size = size
        self.position = position
        self.image_shape = image_shape
        self.channels = channels

    def _shape_out(self, image_shape):
        self._part(image_shape)  # refuses one that does not fit
        return (*self._size(image_shape), image_shape[2])

    def _size(self, image_shape):
        return (min(image_shape[:2]),) * 2 if self.size is None else to_height_width(self.size, "size")

    def _part(self, image_shape):
        """Return the slices of rows and columns."""
        whole, size = image_shape[:2], self._size(image_shape)
        if isinstance(self.position, str):
            starts = [(side - part) // 2 for side, part in zip(whole, size, strict=True)]
        else:
            starts = np.ravel(self.position).tolist()
        fits = len(starts) == 2 and all(
            isinstance(start, int) and 0 <= start <= side - part
            for start, side, part in zip(starts, whole, size, strict=False)
        )
        if not fits:
            raise ValueError(
                f"A part of {size[0]} x {size[1]} pixels at position={self.position!r} does not lie within images of "
                f"{whole[0]} x {whole[1]}. Correct size or position, or enlarge the images with ImageResizer."
            )
        return tuple(slice(start, start + part) for start, part in zip(starts, size, strict=True))

    def _transform_images(self, images):
        rows, columns = self._part(self.image_shape_)
        return images[:, :, rows, columns]  # (m, c, h, w) -> (m, c, h', w')
