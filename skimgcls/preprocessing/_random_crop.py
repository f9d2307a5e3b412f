"""Shift images by whole pixels."""

from numbers import Integral, Real

import torch
from sklearn.utils._param_validation import Interval, RealNotInt, StrOptions

from skimgcls.preprocessing._augmentation import Augmentation
from skimgcls.preprocessing._pixels import FILLS, fill_values, fold_back, lay_out_as, take_columns, take_rows, to_pixels


class RandomCrop(Augmentation):
    """Pad each image and cut one of its size out at a random place: a shift by whole pixels.

    Parameters
    ----------
    padding : int or float, default=0.125
        Pixels added to each side, and so the largest shift; a float is a share of the height and of the width.
        The default is the 4 pixels on images of 32 x 32 that [1]_ and most recipes for CIFAR-10 since then use.
    fill : {"reflect", "edge", "mean"} or float, default="reflect"
        What stands in the padding: the image mirrored at its border, as in [2]_; its border pixel repeated; its own
        mean in each channel; or a number in the images' own scale.

    See Also
    --------
    RandomAffine : Shifts by parts of a pixel, turns and zooms.

    Notes
    -----
    The mirror stands at the outer edge of the border pixel, so that this is there twice: b a | a b c | c b. All shifts
    are equally likely. Bytes stay bytes.

    References
    ----------
    .. [1] He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2.
    .. [2] Zagoruyko, Komodakis, "Wide Residual Networks", BMVC 2016, section 3.

    Examples
    --------
    >>> import torch
    >>> from skimgcls.preprocessing import RandomCrop
    >>> images = torch.arange(16, dtype=torch.uint8).reshape(1, 1, 4, 4)
    >>> RandomCrop(padding=2, fill=0)(images).shape
    torch.Size([1, 1, 4, 4])
    """

    n_draws = 2
    _parameter_constraints = {
        "padding": [Interval(Integral, 0, None, closed="left"), Interval(RealNotInt, 0, 1, closed="both")],
        "fill": [StrOptions(set(FILLS)), Real],
    }

    def __init__(self, padding=0.125, *, fill="reflect"):
        self.padding = padding
        self.fill = fill

    def _augment(self, images, draws):
        h, w = images.shape[2:]
        rows, columns = _shifted(h, self.padding, draws[:, :1]), _shifted(w, self.padding, draws[:, 1:])
        moved = take_rows(images, fold_back(rows, h, self.fill))
        moved = take_columns(moved, fold_back(columns, w, self.fill))
        if self.fill in ("reflect", "edge"):
            return moved
        is_outside = _is_outside(rows, h)[:, None, :, None] | _is_outside(columns, w)[:, None, None]  # (b, 1, h, w)
        return lay_out_as(torch.where(is_outside, fill_values(images, self.fill), moved), images)


def _shifted(size, padding, draws):
    padding = to_pixels(padding, size)
    shift = (draws * (2 * padding + 1)).long() - padding  # (b, 1)
    return torch.arange(size, device=draws.device) + shift  # (b, size)


def _is_outside(index, size):
    return (index < 0) | (index >= size)
