"""Add noise."""

from numbers import Real

import torch
from sklearn.utils._param_validation import Interval

from skimgcls.preprocessing._augmentation import Augmentation
from skimgcls.preprocessing._color import as_floats, join_alpha, split_alpha


class GaussianNoise(Augmentation):
    """Add normally distributed noise to each pixel.

    Parameters
    ----------
    std : float, default=0.1
        Standard deviation of the noise as a share of the image's own, taken over its pixels and channels.

    See Also
    --------
    ColorJitter : Changes all pixels of an image alike.

    Notes
    -----
    Images are not clipped, as the range of their values is not known here. Of four channels the last is taken for alpha
    and left as it is. Bytes become float32.

    Examples
    --------
    >>> import torch
    >>> from skimgcls.preprocessing import GaussianNoise
    >>> images = torch.rand(2, 3, 100, 100)
    >>> round(float((GaussianNoise(std=0.5)(images) - images).std() / images.std()), 1)
    0.5
    """

    in_views = False
    _parameter_constraints = {"std": [Interval(Real, 0, None, closed="left")]}

    def __init__(self, std=0.1):
        self.std = std

    def __call__(self, images, targets=None, *, generator=None):
        self._check(images)
        floats = as_floats(images)
        colors, alpha = split_alpha(floats)
        b, c, h, w = colors.shape
        # drawn in one order of pixels and channels, whatever the memory format
        noise = torch.randn(b, h, w, c, generator=generator, device=images.device, dtype=floats.dtype)
        spread = colors.std((1, 2, 3), correction=0, keepdim=True)
        noisy = torch.addcmul(colors, noise.permute(0, 3, 1, 2), self.std * spread)
        noisy = join_alpha(noisy, alpha, floats)
        return noisy if targets is None else (noisy, targets)
