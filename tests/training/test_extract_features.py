import numpy as np
import pytest
import torch
from torch import nn

from skimgcls.architectures import InputScaling, ScaledNetwork, TransferNetwork
from skimgcls.images import read_images
from skimgcls.training import ImageDataset
from skimgcls.training._extract_features import cached_features, extract_features
from skimgcls.training._feature_cache import FEATURE_CACHE

LIMIT = 2**20
CPU = {"device": "cpu", "precision": "float32"}


@pytest.fixture(autouse=True)
def empty_cache():
    FEATURE_CACHE.clear()
    yield
    FEATURE_CACHE.clear()


class Counting(nn.Sequential):
    """Counts the images that pass."""

    n_images = 0

    def forward(self, x):
        self.n_images += len(x)
        return super().forward(x)


def make_module(seed=0, scale=255.0):
    torch.manual_seed(seed)
    backbone = Counting(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.5), nn.AdaptiveAvgPool2d(1))
    return ScaledNetwork(InputScaling([0.0], [scale]), TransferNetwork(backbone, 8, 3, image_size=(12, 12)))


def make_dataset(X):
    return ImageDataset.from_arrays(*read_images(X, estimator="Test"))


@pytest.fixture
def X(rng):
    return rng.integers(0, 256, (40, 8, 8), dtype=np.uint8)


def count(module):
    n, module.network.backbone.n_images = module.network.backbone.n_images, 0
    return n


def test_features_are_what_the_backbone_gives_in_evaluation(X):
    module = make_module().train()
    features = extract_features(module, make_dataset(X), device="cpu")
    expected = module.network.features(module.scaling(torch.from_numpy(X)[:, None]))
    torch.testing.assert_close(features, expected)
    assert not features.is_inference()


@pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 39])
def test_an_image_has_the_same_features_to_the_bit_in_any_company(n, X):
    module = make_module()
    every = extract_features(module, make_dataset(X), device="cpu")
    assert torch.equal(extract_features(module, make_dataset(X[:n]), device="cpu"), every[:n])


def test_few_images_alone_cost_no_more_than_they_must(X):
    module = make_module()
    module.activation_bytes = 1000
    extract_features(module, make_dataset(X[:3]), device="cpu", in_company=False)
    assert count(module) == 3


def test_without_a_limit_nothing_is_kept(X):
    cached_features(make_module(), make_dataset(X), **CPU)
    assert len(FEATURE_CACHE) == 0


def test_cached_features_are_equal_to_the_bit_and_cost_nothing_twice(X):
    module = make_module()
    expected = extract_features(module, make_dataset(X), device="cpu")
    assert torch.equal(cached_features(module, make_dataset(X[:20]), **CPU, limit=LIMIT), expected[:20])
    assert torch.equal(cached_features(module, make_dataset(X), **CPU, limit=LIMIT), expected)
    count(module)
    assert torch.equal(cached_features(module, make_dataset(X[::-1].copy()), **CPU, limit=LIMIT), expected.flip(0))
    assert count(module) == 0


def test_subsets_with_labels_and_weights_share_what_is_known(X):
    module = make_module()
    data = make_dataset(X)
    expected = cached_features(module, data, **CPU, limit=LIMIT)
    count(module)
    weighted = data.labelled(np.arange(40), np.linspace(0.5, 1.5, 40)).subset([3, 30])
    assert torch.equal(cached_features(module, weighted, **CPU, limit=LIMIT), expected[[3, 30]])
    assert count(module) == 0


def test_a_buffer_that_was_filled_anew_is_seen(X):
    module = make_module()
    cached_features(module, make_dataset(X), **CPU, limit=LIMIT)
    X[5] = 255 - X[5]
    features = cached_features(module, make_dataset(X), **CPU, limit=LIMIT)
    assert torch.equal(features, extract_features(module, make_dataset(X), device="cpu"))


@pytest.mark.parametrize("change", ["weight", "statistics", "scale", "size", "structure", "constants"])
def test_whatever_makes_other_features_is_told_apart(change, X):
    module, other = make_module(), make_module(scale=100.0 if change == "scale" else 255.0)
    cached_features(module, make_dataset(X), **CPU, limit=LIMIT)
    with torch.no_grad():
        if change == "weight":
            other.network.backbone[0].weight[0, 0, 0, 0] += 1e-3
        elif change == "statistics":
            other.network.backbone[1].running_mean += 1e-3
        elif change == "size":
            other.network.image_size = (9, 9)
        elif change == "structure":
            other.network.backbone[2] = nn.GELU()
        elif change == "constants":
            other.network.mean += 0.1
    features = cached_features(other, make_dataset(X), **CPU, limit=LIMIT)
    assert torch.equal(features, extract_features(other, make_dataset(X), device="cpu"))
    assert len(FEATURE_CACHE) == 80


def test_the_head_is_no_part_of_the_key(X):
    module = make_module()
    cached_features(module, make_dataset(X), **CPU, limit=LIMIT)
    with torch.no_grad():
        module.network.head.linear.weight += 1
    count(module)
    cached_features(module, make_dataset(X), **CPU, limit=LIMIT)
    assert count(module) == 0


def test_the_order_of_axes_is_no_part_of_the_key(rng):
    X = rng.integers(0, 256, (20, 8, 8, 3), dtype=np.uint8)
    module = make_module()
    module.scaling = InputScaling([0.0] * 3, [255.0] * 3)
    cached_features(module, make_dataset(X), **CPU, limit=LIMIT)
    count(module)
    cached_features(module, make_dataset(X.transpose(0, 3, 1, 2).copy()), **CPU, limit=LIMIT)
    assert count(module) == 0
