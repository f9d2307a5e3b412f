import numpy as np
import pytest

from skimgcls.inspection.explanations._heat_over_image import heat_over_image

WHITE = np.full((1, 5), 255, dtype=np.uint8)


def lightness(colours):
    """CIE L* of sRGB colours in 0 to 255."""
    linear = np.where(colours > 10, ((colours / 255 + 0.055) / 1.055) ** 2.4, colours / 255 / 12.92)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    return 116 * np.cbrt(luminance) - 16


def test_what_speaks_for_is_red_against_blue_and_nothing_grey():
    against, _, nothing, _, speaks = heat_over_image(WHITE, np.array([[-2.0, -1, 0, 1, 2]]))[0].astype(int)
    assert speaks[0] > speaks[2] + 80
    assert against[2] > against[0] + 80
    assert nothing.tolist() == [255, 255, 255]


@pytest.mark.parametrize("sign", [1, -1])
def test_more_is_darker_in_even_steps(sign):
    steps = np.linspace(0, 1, 9)
    image = np.full((1, 9), 255, dtype=np.uint8)
    drops = -np.diff(lightness(heat_over_image(image, sign * steps[None])[0]))
    assert drops.min() > 2
    assert drops.max() < 4 * drops.min()


def test_the_scale_is_that_of_the_largest_value_of_either_sign():
    attributions = np.array([[-2.0, -1, 0, 1, 2]])
    np.testing.assert_array_equal(heat_over_image(WHITE, attributions), heat_over_image(WHITE, 1e-6 * attributions))
    half = heat_over_image(WHITE, np.array([[-4.0, -1, 0, 1, 2]]))
    assert lightness(half[0, 4]) > lightness(half[0, 0]) + 10


def test_a_single_outlier_does_not_leave_the_rest_pale(rng):
    image, attributions = np.full((20, 20), 255, dtype=np.uint8), rng.normal(size=(20, 20))
    before = heat_over_image(image, attributions).astype(int)
    attributions[3, 3] = 1e6
    assert np.abs(heat_over_image(image, attributions).astype(int) - before).mean() < 10


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3), (4, 5, 4)])
def test_no_attributions_leave_a_pale_grey_image(shape, rng):
    image = rng.integers(0, 256, size=shape, dtype=np.uint8)
    coloured = heat_over_image(image, np.zeros((4, 5)))
    assert coloured.shape == (4, 5, 3)
    assert coloured.dtype == np.uint8
    assert (coloured == coloured[..., :1]).all()
    assert coloured.min() >= 0.8 * 255
    assert len(np.unique(coloured)) > 1


def test_a_few_values_in_many_zeros_are_seen():
    attributions = np.zeros((20, 20))
    attributions[3, 3] = 1e-9
    coloured = heat_over_image(np.full((20, 20), 255, dtype=np.uint8), attributions)
    assert coloured[3, 3, 0] > coloured[3, 3, 2] + 80
