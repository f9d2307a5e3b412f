"""Augmentations one after another."""

from collections import Counter

from skimgcls.preprocessing._augmentation import Augmentation


class Compose(Augmentation):
    """Apply augmentations one after another.

    Parameters
    ----------
    augmentations : list of Augmentation
        In the order in which they are applied. None in their place does nothing.

    See Also
    --------
    make_augmentation : Also composes presets and functions.

    Notes
    -----
    For ``get_params``, ``set_params`` and a grid search the parts are named by their classes in lower case, as in
    :func:`sklearn.pipeline.make_pipeline`: ``randomflip__p``, and ``randomcrop-1``, ``randomcrop-2`` where a class
    comes twice.

    Augmentations that move bytes are the fastest, and floats take four times their memory: put flips and crops first.

    Examples
    --------
    >>> from skimgcls.preprocessing import Compose, Cutout, RandomFlip
    >>> Compose([RandomFlip(), Cutout(size=8)]).set_params(randomflip__p=0.1)
    Compose(augmentations=[RandomFlip(p=0.1), Cutout(size=8)])
    """

    _parameter_constraints = {"augmentations": [list, tuple]}

    def __init__(self, augmentations):
        self.augmentations = augmentations

    @property
    def mixes_targets(self):
        """Whether any part changes targets."""
        return any(part.mixes_targets for part in self._parts())

    @property
    def n_draws(self):
        """Uniform numbers drawn for each image by all parts."""
        return sum(part.n_draws for part in self._parts())

    @property
    def in_views(self):
        """Whether any part changes views."""
        return any(part.in_views for part in self._parts())

    def __call__(self, images, targets=None, *, generator=None):
        self._check(images)
        for part in self._parts():
            if targets is None:
                images = part(images, generator=generator)
            else:
                images, targets = part(images, targets, generator=generator)
        return images if targets is None else (images, targets)

    def get_params(self, deep=True):
        params = super().get_params(deep=False)
        if deep:
            for name, part in self._named_parts().items():
                params[name] = part
                if part is not None:
                    params |= {f"{name}__{key}": value for key, value in part.get_params().items()}
        return params

    def set_params(self, **params):
        if "augmentations" in params:
            super().set_params(augmentations=params.pop("augmentations"))
        parts = self._named_parts()
        if parts.keys() & params.keys():
            # a new list: the one that the constructor was given belongs to the user
            self.augmentations = [params.pop(name, part) for name, part in parts.items()]
        super().set_params(**params)
        return self

    def _parts(self):
        for part in self.augmentations:
            if isinstance(part, Augmentation):
                yield part
            elif part is not None:
                raise ValueError(
                    f"Compose takes Augmentations or None, got {part!r} in augmentations. Use make_augmentation(list) "
                    "for presets and functions, and RandomFlip() for the class RandomFlip."
                )

    def _named_parts(self):
        names = [type(part).__name__.lower() for part in self.augmentations]
        total, seen = Counter(names), Counter()
        named = {}
        for name, part in zip(names, self.augmentations, strict=True):
            seen[name] += 1
            named[name if total[name] == 1 else f"{name}-{seen[name]}"] = part
        return named

    def _view(self, images, index, first_draw):
        for part in self._parts():
            images = part._view(images, index, first_draw)
            first_draw += part.n_draws if part.in_views else 0
        return images
