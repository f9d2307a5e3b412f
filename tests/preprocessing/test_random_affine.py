import pytest
import torch

from skimgcls.preprocessing import RandomAffine


def warp(images, params, angle=0.5, right=0.5, down=0.5, zoom=0.5):
    """Warp with given quantiles of the draws: 0.5 is no change, 0 and 1 are the largest ones."""
    draws = torch.tensor([[angle, right, down, zoom]]).expand(len(images), -1)
    return RandomAffine(**params)._augment(images, draws)


@pytest.mark.parametrize("size", [1, 4, 7])
@pytest.mark.parametrize(("degrees", "quantile", "turns"), [(90, 1, 1), (90, 0, -1), (180, 1, 2)])
@pytest.mark.parametrize("fill", ["reflect", "edge", "mean", 0])
def test_right_angles_turn_a_square_as_rot90_does(size, degrees, quantile, turns, fill, make_batch):
    images = make_batch((3, 3, size, size))
    turned = warp(images, {"degrees": degrees, "fill": fill}, angle=quantile)
    torch.testing.assert_close(turned, torch.rot90(images, turns, (2, 3)), rtol=0, atol=0.01)


def test_half_a_turn_flips_both_axes_of_any_image(make_batch):
    images = make_batch((3, 2, 5, 9))
    turned = warp(images, {"degrees": 180}, angle=1)
    torch.testing.assert_close(turned, images.flip([2, 3]), rtol=0, atol=0.01)


def test_a_quarter_turn_of_an_oblong_image_does_not_stretch_it(make_batch):
    images = make_batch((1, 1, 4, 8))
    turned = warp(images, {"degrees": 90}, angle=1)
    torch.testing.assert_close(turned[..., 2:6], torch.rot90(images[..., 2:6], 1, (2, 3)), rtol=0, atol=0.01)


@pytest.mark.parametrize(
    ("right", "down", "shifts"), [(1, 0.5, (0, 2)), (0, 0.5, (0, -2)), (0.5, 1, (1, 0)), (0.5, 0, (-1, 0))]
)
def test_a_shift_moves_by_its_share_of_the_side(right, down, shifts, make_batch):
    images = make_batch((2, 3, 4, 8))
    moved = warp(images, {"degrees": 0, "translate": 0.25, "fill": -1}, right=right, down=down)
    expected = images.roll(shifts, (2, 3))
    inside = moved != -1
    torch.testing.assert_close(moved[inside], expected[inside], rtol=0, atol=0.01)
    assert int(inside.sum()) == 2 * 3 * (4 - abs(shifts[0])) * (8 - abs(shifts[1]))


def test_a_zoom_keeps_the_centre_and_enlarges_by_its_factor():
    images = torch.zeros(1, 1, 9, 9)
    images[..., 3:6, 3:6] = 1
    large, small = (warp(images, {"degrees": 0, "zoom": 2.0}, zoom=quantile) for quantile in (1, 0))
    assert large[0, 0, 4, 4] == small[0, 0, 4, 4] == 1
    assert (large[..., 1:8, 1:8] == 1).all()  # the square of 3 x 3 fills the image
    assert float(small[..., 3:6, 3:6].sum()) == pytest.approx(1, rel=1e-4)
    torch.testing.assert_close(large, large.flip([2, 3]))


def test_no_change_is_asked_for_and_none_is_made(make_batch):
    images = make_batch((4, 3, 6, 5))
    torch.testing.assert_close(RandomAffine(degrees=0)(images), images, rtol=0, atol=0.01)


def test_the_mean_fills_in_its_own_channel():
    images = torch.arange(3.0).view(1, 3, 1, 1).expand(1, 3, 6, 6)
    changed = RandomAffine(degrees=45, translate=0.5, fill="mean")(images)
    torch.testing.assert_close(changed, images)


def test_half_precision_is_as_good_as_its_numbers(make_batch, seeded):
    images = make_batch((8, 3, 32, 32), torch.float16)
    changed = RandomAffine(degrees=30)(images, generator=seeded())
    expected = RandomAffine(degrees=30)(images.float(), generator=seeded())
    torch.testing.assert_close(changed.float(), expected, rtol=1e-3, atol=0.1)
