"""Hide a square of each image."""

from numbers import Integral, Real

import torch
from sklearn.utils._param_validation import Interval, RealNotInt, StrOptions

from skimgcls.preprocessing._augmentation import Augmentation
from skimgcls.preprocessing._pixels import as_images, as_rows, fill_values, is_channels_last, to_pixels


class Cutout(Augmentation):
    """Hide a rectangle of each image, at a random place.

    Parameters
    ----------
    size : int or float, default=0.25
        Side of the hidden square in pixels; a float hides that share of the height and of the width, at least one
        pixel. The paper [1]_ found 16 of 32 pixels best for CIFAR-10, 8 for CIFAR-100 and 20 for SVHN, in 200 epochs
        of a large network; the smallest of these suits short training.
    fill : "mean" or float, default="mean"
        What is put there: the image's own mean in each channel, or a number in the images' own scale. In the paper it
        is zero after standardization, which is the mean.

    See Also
    --------
    CutMix : Puts a part of another image there.

    Notes
    -----
    Its centre is any pixel with the same probability, and what reaches over the border is cut off: the paper found it
    important that some images keep most of what they show. Bytes stay bytes.

    References
    ----------
    .. [1] DeVries, Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout", arXiv 1708.04552,
       2017, sections 3 and 4.

    Examples
    --------
    >>> import torch
    >>> from skimgcls.preprocessing import Cutout
    >>> int((Cutout(size=1, fill=0)(torch.ones(1, 1, 4, 4)) == 0).sum())
    1
    """

    n_draws = 2
    in_views = False
    _parameter_constraints = {
        "size": [Interval(Integral, 1, None, closed="left"), Interval(RealNotInt, 0, 1, closed="right")],
        "fill": [StrOptions({"mean"}), Real],
    }

    def __init__(self, size=0.25, *, fill="mean"):
        self.size = size
        self.fill = fill

    def _augment(self, images, draws):
        b, c, h, w = images.shape
        ys, xs = _hidden(h, self.size, draws[:, :1]), _hidden(w, self.size, draws[:, 1:])  # (b, s), (b, t)
        pixels = (ys[:, :, None] * w + xs[:, None]).flatten(1)  # (b, s * t)
        fill = fill_values(images, self.fill).expand(b, c, 1, 1)
        rows = as_rows(images).clone()
        if is_channels_last(images):
            index = pixels[:, :, None].expand(-1, -1, c)
            rows.view(b, h * w, c).scatter_(1, index, fill.reshape(b, 1, c).expand_as(index))
        else:
            index = pixels[:, None].expand(-1, c, -1)
            rows.view(b, c, h * w).scatter_(2, index, fill.reshape(b, c, 1).expand_as(index))
        return as_images(rows, images)


def _hidden(side, size, draws):
    """Positions (b, s) that are hidden along a side; those beyond the border are put onto it, where all is hidden."""
    size = min(max(to_pixels(size, side), 1), 2 * side)
    first = (draws * side).long() - size // 2  # (b, 1)
    return (first + torch.arange(size, device=draws.device)).clamp(0, side - 1)
