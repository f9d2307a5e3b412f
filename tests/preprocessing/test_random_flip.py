import pytest
import torch

from skimgcls.preprocessing import RandomFlip


@pytest.mark.parametrize(("direction", "axes"), [("horizontal", [3]), ("vertical", [2]), ("both", [2, 3])])
@pytest.mark.parametrize("channels_last", [False, True])
def test_a_sure_flip_mirrors_all_and_twice_is_nothing(direction, axes, channels_last, make_batch):
    images = make_batch((5, 3, 4, 7), torch.uint8, channels_last)
    flip = RandomFlip(p=1.0, direction=direction)
    assert torch.equal(flip(images), images.flip(axes))
    assert torch.equal(flip(flip(images)), images)


def test_a_flip_of_no_probability_is_nothing(make_batch):
    images = make_batch((50, 3, 4, 7))
    assert torch.equal(RandomFlip(p=0.0)(images), images)
    assert all(torch.equal(view, images) for view in RandomFlip(p=0.0).views(images, 3))


@pytest.mark.parametrize(("direction", "n_forms"), [("horizontal", 2), ("vertical", 2), ("both", 4)])
def test_each_image_is_flipped_with_its_probability_and_otherwise_as_it_was(direction, n_forms, make_batch, seeded):
    images = make_batch((1, 2, 3, 4)).expand(4000, -1, -1, -1)
    flipped = RandomFlip(p=0.5, direction=direction)(images, generator=seeded())
    _, counts = flipped.flatten(1).unique(dim=0, return_counts=True)
    assert len(counts) == n_forms
    assert (counts / 4000 - 1 / n_forms).abs().max() < 0.03  # 4 standard deviations of a share of 1/2


def test_a_rare_flip_is_rare(make_batch, seeded):
    images = make_batch((4000, 1, 1, 2))
    is_flipped = (RandomFlip(p=0.1)(images, generator=seeded()) != images).any((1, 2, 3))
    differs = images[..., 0] != images[..., 1]
    assert abs(float(is_flipped.sum() / differs.sum()) - 0.1) < 0.02


@pytest.mark.parametrize("p", [0.1, 0.5, 1.0])
def test_each_second_view_is_mirrored(p, make_batch):
    images = make_batch((3, 1, 4, 5))
    views = list(RandomFlip(p).views(images, 4))
    assert [torch.equal(view, images) for view in views] == [True, False, True, False]
    assert torch.equal(views[1], images.flip(3))


def test_four_views_show_all_flips_of_both_directions(make_batch):
    images = make_batch((3, 1, 4, 5))
    views = list(RandomFlip(direction="both").views(images, 4))
    for view, axes in zip(views, [[], [3], [2], [3, 2]], strict=True):
        assert torch.equal(view, images.flip(axes))
