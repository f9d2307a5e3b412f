"""Change brightness, contrast and colour."""

from numbers import Real

from sklearn.utils._param_validation import Interval

from skimgcls.preprocessing._augmentation import Augmentation
from skimgcls.preprocessing._color import as_floats, join_alpha, luma, split_alpha


class ColorJitter(Augmentation):
    """Change brightness, contrast and saturation of each image by random factors.

    Parameters
    ----------
    brightness : float, default=0.2
        Values are multiplied by a factor from ``1 - brightness`` to ``1 + brightness``.
    contrast : float, default=0.2
        Distances from the image's mean grey value are multiplied by such a factor.
    saturation : float, default=0.2
        Distances from the grey value of the pixel are multiplied by such a factor. Only images of 3 or 4 channels have
        one.

    See Also
    --------
    GaussianNoise : Changes each pixel by itself.

    Notes
    -----
    Factors and formulas are those of torchvision's ``ColorJitter``, without its clipping, as the range of values is not
    known here, and always in one order. Brightness takes zero for black, which it is not after standardization; set it
    to 0 for such images. The grey value is 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601). Of four channels the last
    is taken for alpha and left as it is. Bytes become float32.

    References
    ----------
    .. [1] Howard, "Some Improvements on Deep Convolutional Neural Network Based Image Classification", arXiv 1312.5402,
       2013, section 2.2: the three manipulations, there by factors from 0.5 to 1.5 on ImageNet; the default is milder.

    Examples
    --------
    >>> import torch
    >>> from skimgcls.preprocessing import ColorJitter
    >>> ColorJitter(brightness=0.5)(torch.zeros(1, 3, 2, 2, dtype=torch.uint8)).dtype
    torch.float32
    """

    n_draws = 3
    _parameter_constraints = {
        "brightness": [Interval(Real, 0, 1, closed="both")],
        "contrast": [Interval(Real, 0, 1, closed="both")],
        "saturation": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(self, brightness=0.2, contrast=0.2, saturation=0.2):
        self.brightness = brightness
        self.contrast = contrast
        self.saturation = saturation

    def _augment(self, images, draws):
        images = as_floats(images)
        colors, alpha = split_alpha(images)
        swings = (2 * draws - 1).to(images.dtype).T[:, :, None, None, None]  # (3, b, 1, 1, 1)
        brightness, contrast = 1 + self.brightness * swings[0], 1 + self.contrast * swings[1]
        grey = luma(colors)  # (b, 1, h, w)
        factor = brightness * contrast
        rest = brightness * (1 - contrast) * grey.mean((2, 3), keepdim=True)
        if colors.shape[1] != 3:
            return join_alpha(factor * colors + rest, alpha, images)
        saturation = 1 + self.saturation * swings[2]  # leaves the grey value as it is, so that all three are one sum
        rest = rest + factor * (1 - saturation) * grey
        colors = (factor * saturation) * colors
        for channel in colors.split(1, dim=1):  # one by one: broadcasting over three takes twice as long
            channel += rest
        return join_alpha(colors, alpha, images)
