import pytest
import torch
from torchvision.transforms.v2 import functional

from skimgcls.preprocessing import ColorJitter

NAMES = ("brightness", "contrast", "saturation")


def jitter(images, quantile=1.0, **strengths):
    """Change images by the factor at a quantile: 0 the smallest, 1 the largest."""
    draws = torch.full((len(images), 3), quantile)
    return ColorJitter(**{**dict.fromkeys(NAMES, 0.0), **strengths})._augment(images, draws)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("quantile", "factor"), [(0.0, 0.6), (0.25, 0.8), (1.0, 1.4)])
@pytest.mark.parametrize("channels_last", [False, True])
def test_each_factor_is_that_of_torchvision_without_its_clipping(name, quantile, factor, channels_last, make_batch):
    images = 0.4 + 0.1 * make_batch((3, 3, 6, 5), channels_last=channels_last) / 255  # so that nothing is clipped
    expected = getattr(functional, f"adjust_{name}")(images, factor)
    # torchvision rounds its weights of grey to four digits
    torch.testing.assert_close(jitter(images, quantile, **{name: 0.4}), expected, rtol=0, atol=2e-4)


def test_all_three_are_saturation_then_contrast_then_brightness(make_batch):
    images = make_batch((3, 3, 6, 5), torch.float64)
    expected = jitter(jitter(jitter(images, saturation=0.3), contrast=0.5), brightness=0.2)
    torch.testing.assert_close(jitter(images, brightness=0.2, contrast=0.5, saturation=0.3), expected)


def test_no_saturation_at_all_is_grey(make_batch):
    grey = jitter(make_batch((2, 3, 4, 4)), 0.0, saturation=1.0)
    torch.testing.assert_close(grey, grey[:, :1].expand(-1, 3, -1, -1))


@pytest.mark.parametrize("n_channels", [1, 2, 5])
def test_other_numbers_of_channels_have_no_saturation(n_channels, make_batch):
    images = make_batch((2, n_channels, 4, 4))
    torch.testing.assert_close(jitter(images, saturation=0.9), images)
    torch.testing.assert_close(jitter(images, brightness=0.5), 1.5 * images)
    mean = images.mean((1, 2, 3), keepdim=True)
    torch.testing.assert_close(jitter(images, contrast=0.5), mean + 1.5 * (images - mean))


def test_alpha_is_left_as_it_is(make_batch):
    images = make_batch((4, 4, 5, 5))
    changed = ColorJitter(0.9, 0.9, 0.9)(images)
    assert torch.equal(changed[:, 3], images[:, 3])
    torch.testing.assert_close(jitter(images, contrast=0.5)[:, :3], jitter(images[:, :3], contrast=0.5))


def test_factors_are_uniform_around_one(seeded):
    factors = ColorJitter(brightness=0.4)(torch.ones(10000, 1, 1, 1), generator=seeded()).flatten()
    assert float(factors.min()) == pytest.approx(0.6, abs=0.01)
    assert float(factors.max()) == pytest.approx(1.4, abs=0.01)
    assert float(factors.mean()) == pytest.approx(1, abs=0.01)
