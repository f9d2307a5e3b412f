import numpy as np
import pandas as pd
import pytest
import torch

from skimgcls.images._displayable import as_displayable
from skimgcls.images._image_layout import ImageLayout


def test_grey_images_keep_their_shape_and_bytes(rng):
    X = rng.integers(0, 256, size=(5, 7, 6), dtype=np.uint8)
    np.testing.assert_array_equal(as_displayable(X), X)


@pytest.mark.parametrize("n_channels", [3, 4])
def test_colour_images_end_with_their_channels(n_channels, rng):
    X = rng.integers(0, 256, size=(5, 7, 6, n_channels), dtype=np.uint8)
    np.testing.assert_array_equal(as_displayable(X), X)
    np.testing.assert_array_equal(as_displayable(X.transpose(0, 3, 1, 2)), X)


@pytest.mark.parametrize("shape", [(5, 7, 6, 1), (5, 1, 7, 6)])
def test_a_single_channel_is_grey(shape, rng):
    X = rng.integers(0, 256, size=shape, dtype=np.uint8)
    np.testing.assert_array_equal(as_displayable(X), X.reshape(5, 7, 6))


def test_flat_rows_are_square_or_have_the_given_shape(rng):
    X = rng.integers(0, 256, size=(5, 4, 4, 3), dtype=np.uint8)
    np.testing.assert_array_equal(as_displayable(X.reshape(5, -1), (4, 4, 3)), X)
    np.testing.assert_array_equal(as_displayable(X[..., 0].reshape(5, -1)), X[..., 0])
    np.testing.assert_array_equal(
        as_displayable(X.transpose(0, 3, 1, 2).reshape(5, -1), (4, 4, 3), channels="first"), X
    )


def test_a_fitted_layout_says_how_rows_are_read(rng):
    X = rng.integers(0, 256, size=(5, 7, 6, 3), dtype=np.uint8)
    layout = ImageLayout(7, 6, 3, channels_first=True)
    np.testing.assert_array_equal(as_displayable(X.transpose(0, 3, 1, 2).reshape(5, -1), fitted_layout=layout), X)
    np.testing.assert_array_equal(as_displayable(X, fitted_layout=layout), X)


@pytest.mark.parametrize(
    "convert",
    [
        torch.from_numpy,
        lambda X: torch.from_numpy(X / 256).to(torch.bfloat16).requires_grad_(),
        lambda X: pd.DataFrame(X.reshape(len(X), -1)),
        lambda X: X.tolist(),
        lambda X: X.astype(np.int64),
        lambda X: X.astype(np.float64),
    ],
)
def test_other_containers_give_the_same_picture(convert, rng):
    X = rng.integers(0, 256, size=(5, 4, 4), dtype=np.uint8)
    X[0, 0, :2] = 0, 255
    assert np.abs(as_displayable(convert(X)).astype(int) - X).max() <= 2  # bfloat16 has 8 bits


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 8, 16], [0, 128, 255]),  # digits
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.1, 0.2, 0.6], [26, 51, 153]),  # in 0 to 1, not stretched
        ([0.0, 0.1, 0.2], [0, 128, 255]),  # too dark to be in 0 to 1
        ([10, 100, 200], [10, 100, 200]),
        ([-2.0, 0.0, 2.0], [0, 128, 255]),  # standardized
        ([0, 2000, 4000], [0, 128, 255]),  # 12 bits
        ([False, False, True], [0, 0, 255]),
        ([0, 0, 0], [0, 0, 0]),
        ([7, 7, 7], [255, 255, 255]),
    ],
)
def test_the_range_of_values_fills_the_screen(values, expected):
    X = np.array(values).reshape(3, 1, 1)
    np.testing.assert_array_equal(as_displayable(X).ravel(), expected)


def test_all_images_are_scaled_alike():
    X = np.array([1.0, 2.0, 4.0, 8.0]).reshape(2, 1, 2)
    np.testing.assert_array_equal(as_displayable(X).ravel(), [32, 64, 128, 255])


def test_other_numbers_of_channels_become_grey():
    X = np.zeros((1, 2, 1, 2))
    X[0, :, 0, 1] = 0, 1
    np.testing.assert_array_equal(as_displayable(X, (2, 1, 2), channels="last"), [[[0], [128]]])


def test_does_not_write_into_its_input(rng):
    X = rng.normal(size=(5, 4, 4)).astype(np.float32)
    before = X.copy()
    as_displayable(X)
    np.testing.assert_array_equal(X, before)


def test_ragged_images_are_refused():
    with pytest.raises(ValueError, match="ragged"):
        as_displayable([np.zeros((2, 2)), np.zeros((3, 3))])
