"""Put a part of another image into each."""

from numbers import Real

import torch
from sklearn.utils._param_validation import Interval

from skimgcls.preprocessing._augmentation import Augmentation
from skimgcls.preprocessing._mixing import check_targets, draw_partners, draw_shares, mix
from skimgcls.preprocessing._pixels import as_images, as_rows, per_value


class CutMix(Augmentation):
    """Replace a rectangle of each image by that of another one of the batch, and mix targets by its area.

    Parameters
    ----------
    alpha : float, default=1.0
        The share that stays is drawn from Beta(alpha, alpha), uniform for the default, which is that of [1]_.
    p : float, default=1.0
        Probability that an image is mixed at all; [1]_ uses 1 for ImageNet and 0.5 for CIFAR.

    See Also
    --------
    Mixup : Blends whole images.
    Cutout : Puts nothing there.

    Notes
    -----
    The rectangle has the proportions of the image, its centre is any pixel with the same probability, and what reaches
    over the border is cut off. Targets are probabilities (b, n_classes); their shares are those of the pixels, exactly.
    Bytes stay bytes.

    References
    ----------
    .. [1] Yun, Han, Oh, Chun, Choe, Yoo, "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable
       Features", ICCV 2019, sections 3.2 and 4.1.

    Examples
    --------
    >>> import torch
    >>> from skimgcls.preprocessing import CutMix
    >>> images = torch.arange(2.0).reshape(2, 1, 1, 1).expand(2, 1, 8, 8)
    >>> mixed, targets = CutMix()(images, torch.eye(2))
    >>> torch.equal(mixed.mean((1, 2, 3)), targets[:, 1])
    True
    """

    mixes_targets = True
    in_views = False
    _parameter_constraints = {
        "alpha": [Interval(Real, 0, None, closed="neither")],
        "p": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(self, alpha=1.0, *, p=1.0):
        self.alpha = alpha
        self.p = p

    def __call__(self, images, targets=None, *, generator=None):
        self._check(images)
        if targets is not None:
            check_targets("CutMix", images, targets)
        b, (h, w), device = len(images), images.shape[2:], images.device
        partners = draw_partners(b, generator, device)
        side = (1 - draw_shares(b, self.alpha, self.p, generator, device)).sqrt()  # (b,), as a share of h and of w
        centres = torch.rand(2, b, generator=generator, device=device)
        in_rows, in_columns = _is_inside(h, side, centres[0]), _is_inside(w, side, centres[1])  # (b, h), (b, w)
        rows = as_rows(images)
        is_replaced = in_rows[:, None, :, None] & per_value(in_columns, images)[:, None, None]
        mixed = as_images(torch.where(is_replaced, rows.index_select(0, partners), rows), images)
        if targets is None:
            return mixed
        kept = 1 - in_rows.sum(1) * in_columns.sum(1) / (h * w)
        return mixed, mix(targets, partners, kept)


def _is_inside(size, side, centre):
    """Whether a pixel (b, size) lies in an interval of a length of `side` times size around a random pixel."""
    length = (side * size).long()
    first = (centre * size).long() - length // 2
    position = torch.arange(size, device=side.device) - first[:, None]
    return (position >= 0) & (position < length[:, None])
