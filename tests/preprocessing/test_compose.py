import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import GridSearchCV

from skimgcls.preprocessing import Compose, CutMix, Cutout, GaussianNoise, Mixup, RandomCrop, RandomFlip


def test_parts_are_applied_in_their_order(make_batch, seeded):
    images, generator = make_batch((6, 3, 8, 8), torch.uint8), seeded()
    first, second = RandomFlip(), Cutout(size=3)
    expected = second(first(images, generator=generator), generator=generator)
    assert torch.equal(Compose([first, second])(images, generator=seeded()), expected)


def test_targets_go_through_all_parts(make_batch, seeded):
    images, targets = make_batch((6, 3, 8, 8)), torch.eye(6)
    both = Compose([RandomFlip(), Mixup(alpha=1.0), CutMix()])
    _, mixed = both(images, targets, generator=seeded())
    torch.testing.assert_close(mixed.sum(1), torch.ones(6))
    assert (mixed != targets).any()


def test_a_composition_mixes_targets_and_has_views_if_a_part_does():
    assert Compose([RandomFlip(), Mixup()]).mixes_targets
    assert Compose([RandomFlip(), Compose([CutMix()])]).mixes_targets
    assert not Compose([RandomFlip(), Cutout()]).mixes_targets
    assert Compose([Cutout(), RandomFlip()]).in_views
    assert not Compose([Cutout(), GaussianNoise()]).in_views


def test_no_parts_and_none_change_nothing(make_batch):
    images = make_batch((3, 1, 4, 4))
    for augmentation in (Compose([]), Compose([None, RandomFlip(p=0), None])):
        assert torch.equal(augmentation(images), images)
        assert len(list(augmentation.views(images, 3))) == 3


def test_each_part_takes_part_in_views_at_quantiles_of_its_own(make_batch):
    images = make_batch((2, 3, 16, 16))
    crop = RandomCrop(padding=4, fill=0)
    views = list(Compose([RandomFlip(), Cutout(), crop]).views(images, 4))
    assert len(torch.stack(views).flatten(1).unique(dim=0)) == 4
    # the flip is the first part and odd views are mirrored: each is the mirrored image, cropped
    after_flip = crop._view(images.flip(3), 1, RandomFlip().n_draws)
    assert torch.equal(views[1], after_flip)
    assert not torch.equal(after_flip, crop._view(images.flip(3), 1, 0))


def test_parts_have_names_for_nested_parameters():
    both = Compose([RandomFlip(), Cutout(size=8), RandomFlip(p=0.1, direction="vertical")])
    params = both.get_params()
    assert params["cutout__size"] == 8
    assert params["randomflip-1__p"] == 0.5
    assert params["randomflip-2__p"] == 0.1
    assert list(both.get_params(deep=False)) == ["augmentations"]
    both.set_params(**{"randomflip-2__p": 0.3, "cutout__size": 4})
    assert repr(both) == (
        "Compose(augmentations=[RandomFlip(), Cutout(size=4),\n"
        "                       RandomFlip(direction='vertical', p=0.3)])"
    )


def test_a_part_can_be_replaced_and_the_users_list_stays():
    parts = [RandomFlip(), Cutout()]
    both = Compose(parts).set_params(cutout=CutMix())
    assert [type(part) for part in both.augmentations] == [RandomFlip, CutMix]
    assert [type(part) for part in parts] == [RandomFlip, Cutout]
    assert both.set_params(cutmix=None).augmentations == [parts[0], None]
    assert not both.mixes_targets
    assert both.set_params(augmentations=parts, cutout__size=3).augmentations is parts


def test_an_unknown_part_or_parameter_is_refused():
    for name in ("mixup__p", "randomflip__size", "mixup"):
        with pytest.raises(ValueError, match="Invalid parameter"):
            Compose([RandomFlip()]).set_params(**{name: 1})


@pytest.mark.parametrize("part", ["light", RandomFlip, torch.neg])
def test_what_is_no_augmentation_is_refused_with_a_remedy(part):
    with pytest.raises(ValueError, match=r"Compose takes Augmentations or None, got .*make_augmentation"):
        Compose([part])(torch.zeros(1, 1, 2, 2))


class Brightest(ClassifierMixin, BaseEstimator):
    """A classifier that only augments, for a search over the parameters of what it holds."""

    def __init__(self, augment=None):
        self.augment = augment

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        changed = self.augment(torch.from_numpy(X).view(-1, 1, 1, 2))
        return self.classes_[changed.view(-1, 2).argmax(1).numpy()]


def test_a_grid_search_reaches_the_parameters_of_a_part(rng):
    y = rng.integers(0, 2, size=30)
    X = np.eye(2, dtype=np.float32)[1 - y]
    model = Brightest(Compose([RandomFlip(p=0.0), RandomCrop(padding=0)]))
    search = GridSearchCV(model, {"augment__randomflip__p": [0.0, 1.0]}, cv=2).fit(X, y)
    assert search.best_params_ == {"augment__randomflip__p": 1.0}
    assert search.best_score_ == 1
    assert model.augment.augmentations[0].p == 0.0
    assert clone(search.best_estimator_).augment.augmentations[0].p == 1.0
