import numpy as np
import pytest

from skimgcls.preprocessing import ImageNormalizer
from skimgcls.preprocessing.transformers import _image_normalizer


@pytest.fixture
def X(rng):
    return (rng.integers(0, 64, (20, 6, 5, 3)) + np.array([0, 60, 160])).astype(np.uint8)


def test_each_channel_gets_mean_zero_and_spread_one(X, monkeypatch):
    monkeypatch.setattr(_image_normalizer, "_CHUNK_VALUES", 300)
    normalizer = ImageNormalizer().fit(X)
    np.testing.assert_allclose(normalizer.mean_, X.mean((0, 1, 2)))
    np.testing.assert_allclose(normalizer.scale_, X.std((0, 1, 2)))
    new = normalizer.transform(X)
    assert new.dtype == np.float32
    np.testing.assert_allclose(new.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(new.std((0, 1, 2)), 1, rtol=1e-5)


def test_a_data_set_has_one_mean_and_one_spread(X):
    normalizer = ImageNormalizer("dataset").fit(X)
    np.testing.assert_allclose(normalizer.mean_, [X.mean()] * 3)
    np.testing.assert_allclose(normalizer.scale_, [X.std()] * 3)


@pytest.mark.parametrize("divisor", [1, 255], ids=["bytes", "fractions"])
def test_the_constants_of_imagenet_are_those_of_fractions(X, divisor):
    X[0, 0, 0] = 255
    new = ImageNormalizer("imagenet").fit_transform(X if divisor == 1 else X / 255)
    expected = (X / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(new, expected, rtol=1e-4, atol=1e-5)


def test_grey_images_take_the_mean_of_the_three_constants(X):
    normalizer = ImageNormalizer("imagenet").fit(X[..., 0])
    np.testing.assert_allclose([normalizer.mean_ / 255, normalizer.scale_ / 255], [[0.449], [0.226]])


def test_images_of_four_channels_have_no_constants_of_imagenet(rng):
    with pytest.raises(ValueError, match="of three channels, but the images have 4"):
        ImageNormalizer("imagenet").fit(rng.random((2, 5, 5, 4)))


def test_a_channel_without_spread_is_only_shifted():
    X = np.full((3, 4, 5), 0.1)
    normalizer = ImageNormalizer().fit(X)
    assert normalizer.scale_.tolist() == [1]
    np.testing.assert_allclose(normalizer.transform(X), 0, atol=1e-15)
