"""Any function on images as an augmentation."""

import copy
import threading

import torch

from skimgcls.preprocessing._augmentation import Augmentation
from skimgcls.utils._random import seeded_global_rng

_ONE_AT_A_TIME = threading.RLock()  # fits in other threads draw from the same global generator


class FunctionAugmentation(Augmentation):
    """Let a function, a torchvision transform or a kornia module change the images.

    Parameters
    ----------
    function : callable
        Takes a tensor of images (b, c, h, w) and returns one of as many images. It gets a copy, which it may change.
    per_image : bool, default=False
        Call it once for each image, with a tensor (1, c, h, w), so that each gets its own draw. Transforms of
        torchvision draw once for all that they are given. A call takes some 10 microseconds and more, which 128 images
        make a millisecond.

    See Also
    --------
    make_augmentation : Wraps callables in this by itself.

    Notes
    -----
    Modules and functions of kornia take floats from 0 to 1: bytes are brought to these and back; floats of the user's
    are given to them as they are.

    Such a function draws from torch's global generator. Where a generator is given, the global one is seeded from it
    for the time of the call and put back as it was, which waits for the device once. Generators of numpy and of
    Python are not seeded: a function that draws from them gives other images in each run. ``views`` leaves it out, as
    nobody knows what it draws.

    Examples
    --------
    >>> import torch
    >>> from skimgcls.preprocessing import FunctionAugmentation
    >>> FunctionAugmentation(torch.neg)(torch.ones(1, 1, 1, 2))
    tensor([[[[-1., -1.]]]])
    """

    in_views = False
    _parameter_constraints = {"function": [callable], "per_image": ["boolean"]}

    def __init__(self, function, *, per_image=False):
        self.function = function
        self.per_image = per_image

    def __call__(self, images, targets=None, *, generator=None):
        self._check(images)
        if generator is None:
            images = self._apply(images)
        else:
            seed = int(torch.randint(2**62, (1,), generator=generator, device=generator.device))
            with _ONE_AT_A_TIME, seeded_global_rng(seed):
                images = self._apply(images)
        return images if targets is None else (images, targets)

    def __sklearn_clone__(self):
        return type(self)(copy.deepcopy(self.function), per_image=self.per_image)

    def get_params(self, deep=True):
        return super().get_params(deep=False)  # torchvision's transforms have a get_params of another kind

    def _apply(self, images):
        if not self.per_image:
            return self._call(images)
        return torch.cat([self._call(image) for image in images.split(1)])

    def _call(self, images):
        if images.dtype == torch.uint8 and _takes_fractions(self.function):
            result = self.function(images / 255) * 255
        else:
            result = self.function(images.clone())
        if isinstance(result, torch.Tensor) and result.ndim == 4 and len(result) == len(images):
            return result
        got = f"shape {tuple(result.shape)}" if hasattr(result, "shape") else f"type {type(result).__name__}"
        raise ValueError(
            f"The augmentation {self.function!r} must return a tensor of {len(images)} images (b, c, h, w), as it was "
            f"given {tuple(images.shape)}, got {type(result).__name__} of {got}. Let it keep the number of axes and "
            "of images."
        )


def _takes_fractions(function):
    parts = function.modules() if isinstance(function, torch.nn.Module) else [function]
    return any(str(getattr(part, "__module__", "")).startswith("kornia.") for part in parts)
