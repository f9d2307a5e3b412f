"""Images brought to another size."""

from numbers import Integral

import torch
from sklearn.utils._param_validation import Interval, StrOptions

from skimgcls.preprocessing.transformers._image_transformer import ImageTransformer, to_height_width

_MODES = {"bilinear": "bilinear", "bicubic": "bicubic", "nearest": "nearest-exact"}


class ImageResizer(ImageTransformer):
    """Resize images.

    The whole image is brought to the new size, so that one of another shape is stretched; an `ImageCropper` before it
    keeps the proportions. Where it becomes smaller, the values of all its pixels are averaged (antialiasing), as
    Pillow does. Bytes stay bytes and floats stay floats of their type.

    Files of any size may be given as paths: they are decoded at the new size, the shorter side scaled to it and the
    centre kept.

    Parameters
    ----------
    size : int or (int, int), default=32
        New height and width in pixels; an integer means a square.
    interpolation : {"bilinear", "bicubic", "nearest"}, default="bilinear"
        How values between pixels are found. "nearest" invents no value, "bicubic" is sharper and overshoots at edges.
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
    ImageCropper : Cuts a part out.

    Examples
    --------
    >>> from skimgcls.datasets import load_digit_images
    >>> from skimgcls.preprocessing import ImageResizer
    >>> X, y = load_digit_images(return_X_y=True)
    >>> ImageResizer(size=(16, 12)).fit_transform(X[:5]).shape
    (5, 16, 12)
    """

    _parameter_constraints = {
        **ImageTransformer._parameter_constraints,
        "size": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "interpolation": [StrOptions(set(_MODES))],
    }

    def __init__(self, size=32, *, interpolation="bilinear", image_shape=None, channels="auto"):
        self.size = size
        self.interpolation = interpolation
        self.image_shape = image_shape
        self.channels = channels

    @property
    def _image_size(self):
        return to_height_width(self.size, "size")

    def _shape_out(self, image_shape):
        return (*to_height_width(self.size, "size"), image_shape[2])

    def _transform_images(self, images):
        if images.shape[2:] == self.output_shape_[:2]:
            return images
        mode = _MODES[self.interpolation]
        antialias = {} if self.interpolation == "nearest" else {"antialias": True}
        new = torch.nn.functional.interpolate(
            torch.from_numpy(images), self.output_shape_[:2], mode=mode, **antialias
        )  # (m, c, h, w) -> (m, c, h', w')
        return new.numpy()
