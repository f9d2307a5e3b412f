"""Turn, shift and zoom images."""

import math
from numbers import Real

import torch
from sklearn.utils._param_validation import Interval, StrOptions
from torch.nn.functional import grid_sample

from skimgcls.preprocessing._augmentation import Augmentation
from skimgcls.preprocessing._color import as_floats
from skimgcls.preprocessing._pixels import FILLS, fill_values, lay_out_as

_PADDING_MODES = {"reflect": "reflection", "edge": "border"}


class RandomAffine(Augmentation):
    """Turn, shift and zoom each image around its centre.

    Parameters
    ----------
    degrees : float, default=15.0
        Largest rotation, in degrees, in either direction; the default is that of [1]_.
    translate : float, default=0.0
        Largest shift, as a share of the height and of the width.
    zoom : float, default=0.0
        0.1 draws a factor from 1 / 1.1 to 1.1, uniform in its logarithm; larger ones enlarge.
    fill : {"reflect", "edge", "mean"} or float, default="reflect"
        What stands beyond the border: the image mirrored there, its border pixel repeated, its own mean in each
        channel, or a number in the images' own scale.

    See Also
    --------
    RandomCrop : Shifts by whole pixels, which is faster and keeps them sharp.
    RandomFlip : Mirrors.

    Notes
    -----
    All three are one interpolation, bilinear, between the four nearest pixels. Bytes become float32.

    References
    ----------
    .. [1] Ciresan, Meier, Gambardella, Schmidhuber, "Deep, Big, Simple Neural Nets for Handwritten Digit Recognition",
       Neural Computation 22, 2010.

    Examples
    --------
    >>> import torch
    >>> from skimgcls.preprocessing import RandomAffine
    >>> RandomAffine(degrees=10, zoom=0.2)(torch.zeros(5, 3, 8, 8)).shape
    torch.Size([5, 3, 8, 8])
    """

    n_draws = 4
    _parameter_constraints = {
        "degrees": [Interval(Real, 0, 180, closed="both")],
        "translate": [Interval(Real, 0, 1, closed="both")],
        "zoom": [Interval(Real, 0, None, closed="left")],
        "fill": [StrOptions(set(FILLS)), Real],
    }

    def __init__(self, degrees=15.0, *, translate=0.0, zoom=0.0, fill="reflect"):
        self.degrees = degrees
        self.translate = translate
        self.zoom = zoom
        self.fill = fill

    def _augment(self, images, draws):
        floats = as_floats(images)
        if floats.dtype.itemsize < 4:  # positions in half precision are off by pixels
            floats = floats.float()
        grid = self._source_positions(floats, 2 * draws - 1)
        if self.fill in _PADDING_MODES:
            warped = grid_sample(floats, grid, padding_mode=_PADDING_MODES[self.fill], align_corners=False)
        else:  # beyond the border stands 0: let that be what fills
            fill = fill_values(floats, self.fill)
            warped = fill + grid_sample(floats - fill, grid, align_corners=False)
        warped = lay_out_as(warped, floats)
        return warped.to(images.dtype) if images.is_floating_point() else warped

    def _source_positions(self, images, swings):
        """Where each pixel comes from, (b, h, w, 2): x and y, from -1 at one outer edge to 1 at the other."""
        h, w = images.shape[2:]
        angle, shift_x, shift_y, log_zoom = swings.to(images.dtype).T[:, :, None, None]  # each (b, 1, 1)
        angle = angle * math.radians(self.degrees)
        shrink = torch.exp(-log_zoom * math.log1p(self.zoom))
        cos, sin = shrink * angle.cos(), shrink * angle.sin()
        x = torch.arange(w, device=images.device) - (w - 1) / 2 - shift_x * (self.translate * w)  # (b, 1, w)
        y = torch.arange(h, device=images.device).unsqueeze(1) - (h - 1) / 2 - shift_y * (self.translate * h)
        grid = images.new_empty(len(images), h, w, 2)
        torch.sub(2 / w * cos * x, 2 / w * sin * y, out=grid[..., 0])
        torch.add(2 / h * sin * x, 2 / h * cos * y, out=grid[..., 1])
        return grid
