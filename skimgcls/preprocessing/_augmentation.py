"""What every augmentation is: a callable on a batch, with one draw per image."""

import math
from numbers import Integral

import torch
from sklearn.base import BaseEstimator

_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97)


class Augmentation(BaseEstimator):
    """Base class of augmentations: callables that change each image of a batch at random.

    ``augmentation(images, targets=None, *, generator=None)`` returns new images, or the pair (images, targets) where
    targets were given. `images` is a tensor (b, c, h, w) of bytes or floats on any device, in the values that the user
    gave; it is left as it is, and the result has its shape and memory format. Draws are made on its device, for each
    image by itself, from `generator` or else from torch's global one; they do not depend on the values of images, and
    nothing depends on their range: bytes and the same images divided by 255 get the same augmentation.

    Attributes
    ----------
    mixes_targets : bool
        Whether targets change too, as by mixup. They are then probabilities (b, n_classes); other augmentations pass
        targets of any kind through.
    n_draws : int
        Uniform numbers that are drawn for each image.
    in_views : bool
        Whether ``views`` takes it in. What hides pixels, adds noise or mixes images is of no use there.

    See Also
    --------
    Compose : Several augmentations, one after another.
    make_augmentation : Presets by name, and functions as augmentations.

    Notes
    -----
    An augmentation of your own assigns its parameters in ``__init__``, says in `n_draws` how many numbers it needs for
    each image, and overrides ``_augment(images, draws)``, where `draws` is a tensor (b, n_draws) of uniform numbers in
    [0, 1). It may set ``_parameter_constraints`` as scikit-learn's estimators do. Cloning, pickling, nested parameters
    in a grid search and ``views`` then work by themselves.

    Examples
    --------
    >>> import torch
    >>> from skimgcls.preprocessing import Augmentation
    >>> class RandomNegative(Augmentation):
    ...     n_draws = 1
    ...
    ...     def __init__(self, p=0.5):
    ...         self.p = p
    ...
    ...     def _augment(self, images, draws):
    ...         is_chosen = draws[:, 0, None, None, None] < self.p  # (b, 1, 1, 1)
    ...         return torch.where(is_chosen, 255 - images, images)
    >>> RandomNegative(p=1.0)(torch.zeros(2, 1, 1, 1, dtype=torch.uint8)).flatten()
    tensor([255, 255], dtype=torch.uint8)
    """

    mixes_targets = False
    n_draws = 0
    in_views = True
    _parameter_constraints = {}

    def __call__(self, images, targets=None, *, generator=None):
        self._check(images)
        draws = torch.rand(len(images), self.n_draws, generator=generator, device=images.device, dtype=torch.float32)
        images = self._augment(images, draws)
        return images if targets is None else (images, targets)

    def views(self, images, n_views):
        """Give images as they are, then augmented in the same way for all of them: for test-time augmentation.

        Parameters
        ----------
        images : tensor of shape (b, c, h, w)
            Bytes or floats, on any device.
        n_views : int
            How many, the images themselves included.

        Returns
        -------
        views : iterator of `n_views` tensors of shape (b, c, h, w)
            The first is `images`. Nothing is random and no image depends on the others in the batch: the number of a
            view settles its parameters, by Richtmyer's sequence of quantiles [1]_, which spreads them evenly.

        Raises
        ------
        ValueError
            If `n_views` is no positive integer.

        References
        ----------
        .. [1] Richtmyer, "The evaluation of definite integrals, and a quasi-Monte-Carlo method based on the properties
           of algebraic numbers", Los Alamos report LA-1342, 1951.
        """
        if not isinstance(n_views, Integral) or isinstance(n_views, bool) or n_views < 1:
            raise ValueError(f"n_views must be a positive integer, got {n_views!r}. 1 means the images alone.")
        self._check(images)
        return (images if index == 0 else self._view(images, index, 0) for index in range(n_views))

    def __getstate__(self):
        return {name: value for name, value in super().__getstate__().items() if name != "_checked"}

    def _augment(self, images, draws):
        """Return new images (b, c, h, w), given uniform numbers (b, n_draws)."""
        raise NotImplementedError(
            f"{type(self).__name__} does not say what to do with images. Define _augment(self, images, draws), which "
            "returns images of the same shape."
        )

    def _view(self, images, index, first_draw):
        """Return view number `index` of images; numbers of the sequence before `first_draw` serve other parts."""
        if not self.in_views:
            return images
        draws = torch.empty(len(images), self.n_draws, device=images.device, dtype=torch.float32)
        for draw in range(self.n_draws):
            draws[:, draw] = _quantile(index, first_draw + draw)
        return self._augment(images, draws)

    def _check(self, images):
        """Refuse what is no batch of images, and parameters out of their range."""
        if not isinstance(images, torch.Tensor) or images.ndim != 4:
            got = f"shape {tuple(images.shape)}" if hasattr(images, "shape") else f"type {type(images).__name__}"
            raise ValueError(
                f"{type(self).__name__} takes a tensor of images (b, c, h, w), got {type(images).__name__} of {got}. "
                "Make one with torch.from_numpy, and images[None] of a single image."
            )
        if images.dtype != torch.uint8 and not images.is_floating_point():
            raise ValueError(
                f"{type(self).__name__} takes images of uint8 or floats, got {images.dtype}. Convert them first, "
                "with images.to(torch.uint8) or images.float()."
            )
        values = [value for name, value in vars(self).items() if name != "_checked"]
        checked = self.__dict__.get("_checked", ())
        # scikit-learn's check takes longer than a flip does: once for each set of values will do
        if len(values) != len(checked) or any(a is not b for a, b in zip(values, checked, strict=True)):
            self._validate_params()
            self._checked = values


def _quantile(index, draw):
    root = math.sqrt(_PRIMES[draw % len(_PRIMES)])
    return (0.5 + index * root) % 1.0
