import pytest
import torch

from skimgcls.preprocessing import GaussianNoise


def test_noise_is_a_share_of_the_spread_of_each_image(make_batch, seeded):
    images = make_batch((3, 3, 60, 60)) * torch.tensor([1.0, 0.1, 20.0]).view(3, 1, 1, 1)
    noise = GaussianNoise(std=0.2)(images, generator=seeded()) - images
    spread = images.std((1, 2, 3), correction=0)
    torch.testing.assert_close(noise.std((1, 2, 3)), 0.2 * spread, rtol=0.03, atol=0)
    assert (noise.mean((1, 2, 3)).abs() < 0.01 * spread).all()
    standard = (noise / (0.2 * spread.view(3, 1, 1, 1))).flatten()
    assert float((standard.abs() < 1).float().mean()) == pytest.approx(0.6827, abs=0.01)


def test_constant_images_and_no_noise_stay():
    images = torch.full((2, 3, 4, 4), 7.0)
    assert torch.equal(GaussianNoise()(images), images)
    images[0, 0, 0, 0] = 0
    assert torch.equal(GaussianNoise(std=0)(images), images)


def test_alpha_is_left_as_it_is(make_batch):
    images = make_batch((2, 4, 8, 8))
    changed = GaussianNoise()(images)
    assert torch.equal(changed[:, 3], images[:, 3])
    assert (changed[:, :3] != images[:, :3]).any()


def test_views_leave_it_out(make_batch):
    images = make_batch((2, 3, 8, 8))
    assert all(torch.equal(view, images) for view in GaussianNoise().views(images, 3))
