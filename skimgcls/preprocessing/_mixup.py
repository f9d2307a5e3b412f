"""Blend images and their targets."""

from numbers import Real

from sklearn.utils._param_validation import Interval

from skimgcls.preprocessing._augmentation import Augmentation
from skimgcls.preprocessing._color import as_floats
from skimgcls.preprocessing._mixing import check_targets, draw_partners, draw_shares, mix
from skimgcls.preprocessing._pixels import as_images, as_rows


class Mixup(Augmentation):
    """Blend each image with another one of the batch, and their targets alike.

    Parameters
    ----------
    alpha : float, default=0.2
        The share of each image is drawn from Beta(alpha, alpha): near 0 or 1 for a small `alpha`, uniform for 1. [1]_
        uses 0.2 for ImageNet and 1 for CIFAR-10.
    p : float, default=1.0
        Probability that an image is blended at all.

    See Also
    --------
    CutMix : Puts a part of the other image there instead.

    Notes
    -----
    Targets are probabilities (b, n_classes). Bytes become float32.

    References
    ----------
    .. [1] Zhang, Cisse, Dauphin, Lopez-Paz, "mixup: Beyond Empirical Risk Minimization", ICLR 2018, sections 3.1 and
       3.2.

    Examples
    --------
    >>> import torch
    >>> from skimgcls.preprocessing import Mixup
    >>> images, targets = Mixup()(torch.zeros(3, 1, 8, 8), torch.eye(3))
    >>> targets.sum(1)
    tensor([1., 1., 1.])
    """

    mixes_targets = True
    in_views = False
    _parameter_constraints = {
        "alpha": [Interval(Real, 0, None, closed="neither")],
        "p": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(self, alpha=0.2, *, p=1.0):
        self.alpha = alpha
        self.p = p

    def __call__(self, images, targets=None, *, generator=None):
        self._check(images)
        if targets is not None:
            check_targets("Mixup", images, targets)
        partners = draw_partners(len(images), generator, images.device)
        shares = draw_shares(len(images), self.alpha, self.p, generator, images.device)
        floats = as_floats(images)
        mixed = as_images(mix(as_rows(floats), partners, shares), floats)
        return mixed if targets is None else (mixed, mix(targets, partners, shares))
