import pickle

import pytest
import torch
from sklearn.base import clone
from torchvision.transforms import v2

from skimgcls.preprocessing import Compose, FunctionAugmentation, RandomFlip


def shift_by_a_draw(images):
    return images + torch.rand(())


def fill_in_place(images):
    return images.fill_(7)


class Brighten(torch.nn.Module):
    """Takes floats from 0 to 1 only, as the modules of kornia do."""

    __module__ = "kornia.enhance"

    def forward(self, images):
        assert images.is_floating_point()
        assert images.max() <= 1
        return images + 0.2


@pytest.mark.parametrize("module", [Brighten(), torch.nn.Sequential(Brighten(), torch.nn.Identity())])
def test_modules_of_kornia_get_fractions_of_bytes(module):
    images = torch.tensor([0, 51, 204], dtype=torch.uint8).reshape(1, 1, 1, 3)
    torch.testing.assert_close(FunctionAugmentation(module)(images).flatten(), torch.tensor([51.0, 102, 255]))
    floats = FunctionAugmentation(module)(images / 255)
    torch.testing.assert_close(floats.flatten(), torch.tensor([0.2, 0.4, 1.0]))


def test_the_function_gets_the_batch_and_targets_pass(make_batch):
    images, codes = make_batch((3, 1, 4, 4)), torch.arange(3)
    changed, same = FunctionAugmentation(torch.neg)(images, codes)
    assert torch.equal(changed, -images)
    assert same is codes


def test_a_function_that_works_in_place_gets_a_copy(make_batch):
    images = make_batch((3, 1, 4, 4))
    before = images.clone()
    assert (FunctionAugmentation(fill_in_place)(images) == 7).all()
    assert torch.equal(images, before)


@pytest.mark.parametrize(("per_image", "n_draws"), [(False, 1), (True, 20)])
def test_per_image_draws_for_each(per_image, n_draws, seeded):
    changed = FunctionAugmentation(shift_by_a_draw, per_image=per_image)(torch.zeros(20, 1, 1, 1), generator=seeded())
    assert len(changed.unique()) == n_draws


def test_a_generator_seeds_the_global_one_and_leaves_it_as_it_was(seeded):
    augmentation, images = FunctionAugmentation(shift_by_a_draw), torch.zeros(2, 1, 1, 1)
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    generator = seeded(1)
    first, second = augmentation(images, generator=generator), augmentation(images, generator=generator)
    assert torch.equal(torch.rand(1), expected)
    assert not torch.equal(first, second)
    assert torch.equal(augmentation(images, generator=seeded(1)), first)


def test_transforms_of_torchvision_and_modules_are_functions(make_batch, seeded):
    images = make_batch((40, 3, 6, 6), torch.uint8)
    flip = FunctionAugmentation(v2.RandomHorizontalFlip(), per_image=True)
    is_flipped = (flip(images, generator=seeded()) == images.flip(3)).flatten(1).all(1)
    assert 5 < int(is_flipped.sum()) < 35
    module = torch.nn.AvgPool2d(3, stride=1, padding=1)
    assert FunctionAugmentation(module)(images.float()).shape == images.shape


@pytest.mark.parametrize(
    ("function", "got"),
    [
        (lambda images: images[0], r"Tensor of shape \(1, 4, 4\)"),
        (lambda images: images[:1], r"Tensor of shape \(1, 1, 4, 4\)"),
        (lambda images: images.numpy(), r"ndarray of shape \(3, 1, 4, 4\)"),
        (lambda images: None, "NoneType of type NoneType"),
        (lambda images: (images, 1), "tuple of type tuple"),
    ],
)
def test_what_is_no_batch_of_as_many_images_is_refused(function, got):
    with pytest.raises(ValueError, match=f"must return a tensor of 3 images .* got {got}"):
        FunctionAugmentation(function)(torch.zeros(3, 1, 4, 4))


def test_it_can_be_cloned_pickled_and_composed(make_batch):
    images = make_batch((3, 1, 4, 4))
    augmentation = Compose([FunctionAugmentation(torch.neg), RandomFlip(p=1)])
    for copy in (clone(augmentation), pickle.loads(pickle.dumps(augmentation))):
        assert torch.equal(copy(images), -images.flip(3))
    assert torch.equal(list(augmentation.views(images, 2))[1], images.flip(3))
