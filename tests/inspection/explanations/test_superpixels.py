import numpy as np
import pytest
import torch
from scipy.ndimage import label

from skimgcls.datasets import fetch_cifar10
from skimgcls.inspection.explanations._superpixels import superpixels


def regions_of(pixels, n_segments=40):
    """Superpixels of an image (h, w, c)."""
    return superpixels(torch.from_numpy(np.asarray(pixels)).permute(2, 0, 1)[None], n_segments, purpose="a test")


@pytest.mark.parametrize("shape", [(32, 32, 3), (28, 28, 1), (20, 30, 4), (30, 20, 2), (90, 70, 3)])
def test_regions_are_numbered_without_gaps_even_in_noise(shape, rng):
    regions = regions_of(rng.integers(0, 256, size=shape, dtype=np.uint8))
    assert regions.shape == shape[:2]
    assert np.unique(regions).tolist() == list(range(regions.max() + 1))
    assert 25 < regions.max() < 60


@pytest.mark.parametrize(("side", "most"), [(1, 1), (2, 1), (3, 2), (8, 20)])
def test_regions_of_small_images_have_some_pixels_each(side, most, rng):
    assert regions_of(rng.random((side, side, 1))).max() < most


def test_a_region_lies_together_and_follows_edges():
    image = np.zeros((32, 32, 1))
    image[:, 13:] = 1
    regions = regions_of(image)
    assert all(label(regions == region)[1] == 1 for region in range(regions.max() + 1))
    assert not set(regions[:, :13].ravel()) & set(regions[:, 13:].ravel())


def test_photographs_have_about_as_many_as_asked_for(shared_data):
    X, _ = fetch_cifar10(subset="test", data_home=shared_data, return_X_y=True)
    counts = [regions_of(image).max() + 1 for image in X[:20]]
    assert min(counts) > 30
    assert max(counts) < 45
