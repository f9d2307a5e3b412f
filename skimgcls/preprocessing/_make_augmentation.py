"""Augmentations by name."""

from skimgcls.preprocessing._augmentation import Augmentation
from skimgcls.preprocessing._color_jitter import ColorJitter
from skimgcls.preprocessing._compose import Compose
from skimgcls.preprocessing._cut_mix import CutMix
from skimgcls.preprocessing._cutout import Cutout
from skimgcls.preprocessing._function_augmentation import FunctionAugmentation
from skimgcls.preprocessing._random_affine import RandomAffine
from skimgcls.preprocessing._random_crop import RandomCrop
from skimgcls.preprocessing._random_flip import RandomFlip


def make_augmentation(augment):
    """Make an augmentation from its name, from a list, or from a function.

    Parameters
    ----------
    augment : {"light", "standard", "strong"}, Augmentation, callable, list of these, or None
        - "light" shifts by up to an eighth of the side (`RandomCrop`): no mirror, so it is safe for digits and letters.
        - "standard" is the recipe for CIFAR-10 [1]_ [2]_: `RandomFlip`, `RandomCrop`, `Cutout` of a quarter of the
          side.
        - "strong" adds `RandomAffine` [3]_, `ColorJitter` and, to half of the images, `CutMix` [4]_.

        An `Augmentation` is returned as it is, any other callable is wrapped in a `FunctionAugmentation`, a list is
        composed.

    Returns
    -------
    augmentation : Augmentation or None
        None for None.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If `augment` is none of the above.

    Notes
    -----
    All sizes are shares of the image's, so that the presets suit images of any height, width and number of channels.

    References
    ----------
    .. [1] He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2: flip and crop
       with 4 pixels of padding.
    .. [2] DeVries, Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout", arXiv 1708.04552,
       2017.
    .. [3] Ciresan, Meier, Gambardella, Schmidhuber, "Deep, Big, Simple Neural Nets for Handwritten Digit Recognition",
       Neural Computation 22, 2010: rotation by up to 15 degrees.
    .. [4] Yun et al., "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features", ICCV
       2019, section 4.1: probability 0.5 on CIFAR.

    Examples
    --------
    >>> from skimgcls.preprocessing import Mixup, make_augmentation
    >>> make_augmentation("standard")
    Compose(augmentations=[RandomFlip(), RandomCrop(), Cutout()])
    >>> make_augmentation(["light", Mixup()])
    Compose(augmentations=[RandomCrop(), Mixup()])
    """
    if augment is None or isinstance(augment, Augmentation):
        return augment
    if isinstance(augment, str):
        if augment not in _PRESETS:
            raise ValueError(f"augment must be one of {sorted(_PRESETS)} where it is a name, got {augment!r}.")
        return _PRESETS[augment]()
    if isinstance(augment, (list, tuple)):
        return Compose([make_augmentation(part) for part in augment])
    if isinstance(augment, type) or not callable(augment):
        raise TypeError(
            f"augment must be None, one of {sorted(_PRESETS)}, an Augmentation, a function on images or a list of "
            f"these, got {augment!r}." + " Call the class to make one." * isinstance(augment, type)
        )
    return FunctionAugmentation(augment)


def _strong():
    geometry = [RandomFlip(), RandomCrop(), RandomAffine(degrees=15.0, zoom=0.1)]
    return Compose([*geometry, ColorJitter(), Cutout(), CutMix(p=0.5)])


_PRESETS = {
    "light": RandomCrop,
    "standard": lambda: Compose([RandomFlip(), RandomCrop(), Cutout()]),
    "strong": _strong,
}
