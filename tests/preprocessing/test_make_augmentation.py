import pytest
import torch

from skimgcls.preprocessing import (
    ColorJitter,
    Compose,
    CutMix,
    Cutout,
    FunctionAugmentation,
    Mixup,
    RandomAffine,
    RandomCrop,
    RandomFlip,
    make_augmentation,
)


def test_none_and_augmentations_are_returned_as_they_are():
    assert make_augmentation(None) is None
    flip = RandomFlip()
    assert make_augmentation(flip) is flip


def test_light_shifts_and_does_not_mirror(digits):
    light = make_augmentation("light")
    assert isinstance(light, RandomCrop)
    assert not light.mixes_targets
    images = torch.from_numpy(digits[0])[:, None]
    changed = light(images)
    assert not (changed == images.flip(3)).flatten(1).all(1).any()


def test_standard_and_strong_are_compositions():
    standard, strong = make_augmentation("standard"), make_augmentation("strong")
    assert [type(part) for part in standard.augmentations] == [RandomFlip, RandomCrop, Cutout]
    assert {type(part) for part in strong.augmentations} == {
        RandomFlip,
        RandomCrop,
        RandomAffine,
        ColorJitter,
        Cutout,
        CutMix,
    }
    assert not standard.mixes_targets
    assert strong.mixes_targets


@pytest.mark.parametrize("name", ["standard", "strong"])
def test_each_call_makes_a_new_one(name):
    first = make_augmentation(name)
    first.augmentations[0].p = 0.9
    assert make_augmentation(name).augmentations[0].p == 0.5


def test_the_standard_recipe_pads_four_and_hides_eight_pixels_of_32(seeded):
    images = torch.ones(3000, 1, 32, 32)
    parts = make_augmentation("standard").augmentations
    n_hidden = (parts[2].set_params(fill=0)(images, generator=seeded()) == 0).sum((1, 2, 3))
    assert int(n_hidden.max()) == 64
    padded = parts[1].set_params(fill=0)(images, generator=seeded())
    assert int((padded[:, 0, :, 16] == 0).sum(1).max()) == 4


def test_callables_are_wrapped():
    augmentation = make_augmentation(torch.neg)
    assert isinstance(augmentation, FunctionAugmentation)
    assert augmentation(torch.ones(1, 1, 1, 1)).item() == -1
    assert isinstance(make_augmentation(torch.nn.Identity()), FunctionAugmentation)


def test_a_list_is_composed():
    augmentation = make_augmentation(["light", torch.neg, None, Mixup()])
    assert isinstance(augmentation, Compose)
    kinds = [type(part) for part in augmentation.augmentations]
    assert kinds == [RandomCrop, FunctionAugmentation, type(None), Mixup]
    assert augmentation.mixes_targets


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match=r"one of \['light', 'standard', 'strong'\] where it is a name, got 'heavy'"):
        make_augmentation("heavy")


@pytest.mark.parametrize(
    ("augment", "message"), [(3, "got 3"), (RandomFlip, "Call the class to make one"), ({}, "got {}")]
)
def test_what_is_none_of_these_is_refused(augment, message):
    with pytest.raises(TypeError, match=f"augment must be None, one of .*{message}"):
        make_augmentation(augment)
