"""Images with mean 0 and spread 1."""

import numpy as np
from sklearn.utils import gen_batches
from sklearn.utils._param_validation import StrOptions

from skimgcls.preprocessing.transformers._image_transformer import ImageTransformer

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
_CHUNK_VALUES = 2**18  # of float64


class ImageNormalizer(ImageTransformer):
    """Subtract a mean from the values of images and divide them by a standard deviation.

    Bytes become float32; floats stay floats of their type. The networks of this library do the same by themselves
    (with ``statistics="channel"``) and need no normalizer; other classifiers and pretrained networks do.

    Parameters
    ----------
    statistics : {"channel", "dataset", "imagenet"}, default="channel"
        Whose mean and standard deviation: those of each channel over all training images, those of all channels
        together, or the constants of ImageNet [1]_, for values brought to 0-1 by ``value_range_``. Grey images get the
        mean of the three channels' constants.
    image_shape : tuple of int or None, default=None
        (height, width) or (height, width, channels) of flat rows; square greyscale rows need none.
    channels : {"auto", "first", "last"}, default="auto"
        Where the channel axis of 4-D input stands. "auto" takes the axis of size 1, 3 or 4 and raises where both fit.

    Attributes
    ----------
    mean_ : ndarray of shape (n_channels,)
        Subtracted from each channel, in the values of the images.
    scale_ : ndarray of shape (n_channels,)
        Each channel is divided by it; 1 for channels without spread.
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
    .. [1] The constants of torchvision's weights, of the training images of Russakovsky et al., "ImageNet large scale
       visual recognition challenge", IJCV 2015.

    Examples
    --------
    >>> from skimgcls.datasets import load_digit_images
    >>> from skimgcls.preprocessing import ImageNormalizer
    >>> X, y = load_digit_images(return_X_y=True)
    >>> normalizer = ImageNormalizer().fit(X)
    >>> normalizer.mean_.round()
    array([78.])
    >>> float(normalizer.transform(X).std().round(3))
    1.0
    """

    _parameter_constraints = {
        **ImageTransformer._parameter_constraints,
        "statistics": [StrOptions({"channel", "dataset", "imagenet"})],
    }

    def __init__(self, statistics="channel", *, image_shape=None, channels="auto"):
        self.statistics = statistics
        self.image_shape = image_shape
        self.channels = channels

    def _shape_out(self, image_shape):
        if self.statistics == "imagenet" and image_shape[2] not in (1, 3):
            raise ValueError(
                f"ImageNet's constants are of three channels, but the images have {image_shape[2]}. Use "
                "statistics='channel', or drop the channels that carry no colour."
            )
        return image_shape

    def _learn(self, images):
        n_channels = images.shape[1]
        if self.statistics == "imagenet":
            white = self.value_range_[1]
            mean, std = np.array([IMAGENET_MEAN, IMAGENET_STD])
            mean, std = (mean, std) if n_channels == 3 else (mean.mean(keepdims=True), std.mean(keepdims=True))
            self.mean_, self.scale_ = mean * white, std * white
            return
        mean = images.mean((0, 2, 3), dtype=np.float64)
        if self.statistics == "dataset":
            mean[:] = mean.mean()
        square = np.zeros(n_channels)
        for chunk in gen_batches(len(images), max(1, _CHUNK_VALUES // self.n_features_in_)):
            square += np.square(images[chunk] - mean[:, None, None]).sum((0, 2, 3))
        variance = square * n_channels / images.size
        if self.statistics == "dataset":
            variance[:] = variance.mean()
        constant = variance <= (64 * np.finfo(np.float64).eps * mean) ** 2  # what is left is rounding
        self.mean_, self.scale_ = mean, np.where(constant, 1.0, np.sqrt(variance))

    def _transform_images(self, images):
        images = images.astype(np.float32) if images.dtype == np.uint8 else images
        images -= self.mean_[:, None, None].astype(images.dtype)
        images /= self.scale_[:, None, None].astype(images.dtype)
        return images
