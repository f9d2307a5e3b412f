"""Mirror images."""

from numbers import Real

import torch
from sklearn.utils._param_validation import Interval, StrOptions

from skimgcls.preprocessing._augmentation import Augmentation
from skimgcls.preprocessing._pixels import lay_out_as, take_columns, take_rows


class RandomFlip(Augmentation):
    """Mirror each image with some probability.

    Parameters
    ----------
    p : float, default=0.5
        Probability in each direction.
    direction : {"horizontal", "vertical", "both"}, default="horizontal"
        "horizontal" swaps left and right; "both" draws for the two directions independently.

    See Also
    --------
    RandomCrop : The other half of the usual recipe.

    Notes
    -----
    Not for images that mean something else in the mirror, such as digits and letters. Bytes stay bytes. Of the views,
    each second is mirrored.

    References
    ----------
    .. [1] Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", NIPS 2012,
       section 4.1: horizontal reflections.

    Examples
    --------
    >>> import torch
    >>> from skimgcls.preprocessing import RandomFlip
    >>> RandomFlip(p=1.0)(torch.tensor([[[[1.0, 2.0, 3.0]]]]))
    tensor([[[[3., 2., 1.]]]])
    """

    n_draws = 2
    _parameter_constraints = {
        "p": [Interval(Real, 0, 1, closed="both")],
        "direction": [StrOptions({"horizontal", "vertical", "both"})],
    }

    def __init__(self, p=0.5, direction="horizontal"):
        self.p = p
        self.direction = direction

    def _augment(self, images, draws):
        (h, w), is_flipped = images.shape[2:], draws < self.p
        if self.direction != "vertical":
            images = take_columns(images, _mirrored(w, is_flipped[:, :1]))
        if self.direction != "horizontal":
            images = take_rows(images, _mirrored(h, is_flipped[:, 1:]))
        return images

    def _view(self, images, index, first_draw):
        if self.p == 0:
            return images
        axes = {"horizontal": (index % 2) * [3], "vertical": (index % 2) * [2]}
        axes["both"] = axes["horizontal"] + (index // 2 % 2) * [2]
        return lay_out_as(images.flip(axes[self.direction]), images)


def _mirrored(size, is_flipped):
    index = torch.arange(size, device=is_flipped.device)
    return torch.where(is_flipped, size - 1 - index, index)  # (b, size)
