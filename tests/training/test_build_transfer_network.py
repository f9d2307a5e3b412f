import numpy as np
import pytest
import torch
from torch import nn

from skimgcls.architectures import TransferNetwork
from skimgcls.images import read_images
from skimgcls.training import ImageDataset
from skimgcls.training._build_transfer_network import build_transfer_network, full_scale


def make(X, seed=0, dtype=torch.float32, kernel=3):
    dataset = ImageDataset.from_arrays(*read_images(X, estimator="Test"))
    backbone = lambda: nn.Sequential(nn.Conv2d(3, 4, kernel), nn.AdaptiveAvgPool2d(1))  # noqa: E731
    settings = {"maximum": dataset.maximum, "seed": seed, "dtype": dtype, "device": "cpu"}
    return build_transfer_network(lambda: TransferNetwork(backbone(), 4, 2), dataset, **settings)


@pytest.mark.parametrize(
    ("maximum", "scale"),
    [(1.0, 1.0), (0.7, 1.0), (0.3, 0.3), (255, 255), (130, 255), (90, 90), (16, 16), (40000, 65535), (4095, 4095),
     (1e6, 1e6), (0, 1), (-3, 1)],
)  # fmt: skip
def test_white_is_what_the_largest_value_suggests(maximum, scale):
    assert full_scale(maximum) == scale


@pytest.mark.parametrize("brightest", [255, 200, 80, 3])
def test_bytes_and_fractions_become_the_same_values(brightest, rng):
    X = rng.integers(0, brightest + 1, (6, 8, 8, 3), dtype=np.uint8)
    X[0, 0, 0] = brightest
    of_bytes = make(X)(torch.from_numpy(X).permute(0, 3, 1, 2))
    fractions = (X / 255).astype(np.float32)
    of_fractions = make(fractions)(torch.from_numpy(fractions).permute(0, 3, 1, 2))
    torch.testing.assert_close(of_bytes, of_fractions, rtol=1e-4, atol=1e-5)


def test_weights_depend_on_the_seed_alone(rng):
    X = rng.integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    before = torch.get_rng_state()
    first, again, other = (make(X, seed).network.head.linear.weight for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_dtype_is_that_of_all_weights(rng):
    X = rng.integers(0, 256, (2, 8, 8), dtype=np.uint8)
    module = make(X, dtype=torch.float64)
    assert {value.dtype for value in module.state_dict().values()} == {torch.float64}
    assert module(torch.from_numpy(X)[:, None]).dtype == torch.float64


def test_the_size_of_activations_is_known_at_once(rng):
    module = make(rng.integers(0, 256, (2, 8, 8, 3), dtype=np.uint8))
    assert module.activation_bytes == 4 * 3 * 8 * 8


def test_images_that_are_too_small_are_refused_with_what_to_do(rng):
    X = rng.integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    with pytest.raises(ValueError, match=r"cannot take images of 8 x 8 pixels: .*image_size to a larger size"):
        make(X, kernel=9)
