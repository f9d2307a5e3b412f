import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from skimgcls.images import ImageLayout, check_image_shape, decode_images, read_images

GREY_8X8 = ImageLayout(8, 8, 1, channels_first=True)


def read(X, **params):
    return read_images(X, estimator="Tester", **params)


def seen(X, **params):
    """The images (n, c, h, w) that a network is given for X."""
    rows, layout = read(X, **params)
    return layout.as_images(rows)


# ------------------------------------------------------------------ dtypes


@pytest.mark.parametrize(
    "dtype", ["bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", ">u2", ">i4"]
)
def test_integers_that_fit_into_bytes_become_bytes(dtype, rng):
    X = rng.integers(0, 2 if dtype == "bool" else 128, (5, 8, 8)).astype(dtype)
    rows, _ = read(X)
    assert rows.dtype == np.uint8
    np.testing.assert_array_equal(rows, X.reshape(5, -1))


@pytest.mark.parametrize(("low", "high"), [(-1, 255), (0, 256)])
@pytest.mark.parametrize(("dtype", "expected"), [("float32", np.float32), ("float64", np.float64)])
def test_other_integers_become_floats_of_the_estimators_dtype(low, high, dtype, expected):
    X = np.array([[low, high, 0, 1], [1, 2, 3, 4]])
    rows, _ = read(X, dtype=dtype)
    assert rows.dtype == expected
    np.testing.assert_array_equal(rows, X)


@pytest.mark.parametrize(
    ("given", "dtype", "expected"),
    [
        ("float16", "float32", "float32"),
        ("float32", "float32", "float32"),
        ("float64", "float32", "float32"),
        (">f4", "float32", "float32"),
        ("float16", "float64", "float64"),
        ("float32", "float64", "float32"),  # holds the same numbers: the network casts one batch at a time
        ("float64", "float64", "float64"),
        (">f8", "float64", "float64"),
    ],
)
def test_floats_keep_what_the_estimator_can_use(given, dtype, expected, rng):
    X = rng.random((5, 8, 8)).astype(given)
    rows, _ = read(X, dtype=dtype)
    assert rows.dtype == np.dtype(expected)
    assert rows.dtype.isnative
    np.testing.assert_array_equal(rows, X.reshape(5, -1).astype(expected))


def test_complex_images_are_refused():
    with pytest.raises(ValueError, match="Complex data not supported"):
        read(np.ones((3, 8, 8), complex))


# ------------------------------------------------- containers, memory, copies


@pytest.mark.parametrize(
    "give",
    [
        pytest.param(lambda X: X.tolist(), id="nested lists"),
        pytest.param(list, id="list of arrays"),
        pytest.param(tuple, id="tuple of arrays"),
        pytest.param(torch.from_numpy, id="tensor"),
        pytest.param(lambda X: [torch.from_numpy(image) for image in X], id="list of tensors"),
        pytest.param(lambda X: torch.from_numpy(X).float().requires_grad_(), id="tensor with gradient"),
        pytest.param(np.asfortranarray, id="Fortran order"),
        pytest.param(lambda X: X[:, ::-1, ::-1].copy()[:, ::-1, ::-1], id="negative strides"),
        pytest.param(lambda X: np.repeat(X, 2, axis=2)[:, :, ::2], id="every second column"),
        pytest.param(lambda X: torch.from_numpy(X).permute(0, 2, 1).contiguous().permute(0, 2, 1), id="tensor view"),
        pytest.param(lambda X: np.array([*X, None], object)[:-1], id="object array of images"),
        pytest.param(lambda X: pd.DataFrame(X.reshape(len(X), -1)), id="DataFrame"),
        pytest.param(
            lambda X: pd.DataFrame(X.reshape(len(X), -1)).convert_dtypes(), id="DataFrame of nullable integers"
        ),
        pytest.param(lambda X: X.reshape(len(X), -1), id="flat rows"),
        pytest.param(lambda X: X[:, None], id="(n, 1, h, w)"),
        pytest.param(lambda X: X[..., None], id="(n, h, w, 1)"),
    ],
)
def test_every_form_gives_the_same_images(give, digits):
    X, _ = digits
    np.testing.assert_array_equal(seen(give(X[:7])), X[:7, None])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("as_list", [False, True])
def test_tensors_of_any_float_are_read(dtype, as_list):
    X = torch.arange(32, dtype=dtype).reshape(2, 4, 4)
    rows, _ = read(list(X) if as_list else X)
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, np.arange(32).reshape(2, 16))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_contiguous_array_is_not_copied(dtype, rng):
    X = rng.integers(0, 256, (5, 8, 8)).astype(dtype)
    rows, _ = read(X)
    assert np.shares_memory(rows, X)


def test_a_contiguous_tensor_is_not_copied():
    X = torch.zeros(5, 8, 8)
    rows, _ = read(X)
    assert rows.ctypes.data == X.data_ptr()


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_read_only_memory_map_is_not_copied(dtype, tmp_path):
    written = np.memmap(tmp_path / "images", dtype, "w+", shape=(5, 8, 8))
    written[:] = 3
    written.flush()
    X = np.memmap(tmp_path / "images", dtype, "r", shape=(5, 8, 8))
    rows, _ = read(X)
    assert np.shares_memory(rows, X)
    assert not rows.flags.writeable


@pytest.mark.parametrize("give", [np.asarray, np.asfortranarray, lambda X: X[::-1]])
def test_the_users_array_is_never_changed(give, rng):
    X = give(rng.random((5, 3, 6, 7)))
    before = X.copy()
    rows, _ = read(X)
    assert rows.flags.c_contiguous
    np.testing.assert_array_equal(X, before)


# ------------------------------------------------------------- where channels are


@pytest.mark.parametrize("channels", ["auto", "first"])
@pytest.mark.parametrize("n_channels", [1, 3, 4])
def test_channels_first_is_recognised(n_channels, channels, rng):
    X = rng.random((2, n_channels, 5, 6), np.float32)
    rows, layout = read(X, channels=channels)
    assert layout == ImageLayout(5, 6, n_channels, channels_first=True)
    np.testing.assert_array_equal(layout.as_images(rows), X)


@pytest.mark.parametrize("channels", ["auto", "last"])
@pytest.mark.parametrize("n_channels", [1, 3, 4])
def test_channels_last_is_recognised(n_channels, channels, rng):
    X = rng.random((2, 5, 6, n_channels), np.float32)
    rows, layout = read(X, channels=channels)
    assert layout == ImageLayout(5, 6, n_channels, channels_first=False)
    np.testing.assert_array_equal(layout.as_images(rows), X.transpose(0, 3, 1, 2))


@pytest.mark.parametrize("shape", [(2, 3, 5, 3), (2, 1, 28, 1), (2, 3, 5, 4), (2, 1, 1, 3), (2, 4, 4, 4)])
def test_an_axis_that_fits_in_both_places_is_refused_until_the_user_says_which(shape):
    X = np.zeros(shape, np.uint8)
    with pytest.raises(ValueError, match=re.escape(f"{shape} can be read") + ".*channels='first' or channels='last'"):
        read(X)
    assert read(X, channels="first")[1].image_shape == (shape[2], shape[3], shape[1])
    assert read(X, channels="last")[1].image_shape == shape[1:]


def test_image_shape_settles_where_the_channels_are():
    X = np.zeros((2, 3, 5, 4), np.uint8)
    assert read(X, image_shape=(5, 4, 3))[1] == ImageLayout(5, 4, 3, channels_first=True)
    assert read(X, image_shape=(3, 5, 4))[1] == ImageLayout(3, 5, 4, channels_first=False)


def test_other_channel_counts_are_read_when_the_user_says_where_they_are():
    X = np.zeros((2, 5, 6, 13), np.uint8)
    with pytest.raises(ValueError, match=r"no axis of 1, 3 or 4 channels.*channels='first' or channels='last'"):
        read(X)
    assert read(X, channels="last")[1].image_shape == (5, 6, 13)
    assert read(X, channels="first")[1].image_shape == (6, 13, 5)
    assert read(X, image_shape=(5, 6, 13))[1].image_shape == (5, 6, 13)


def test_images_of_one_pixel_are_not_ambiguous():
    assert read(np.zeros((4, 1, 1, 1)))[1].image_shape == (1, 1, 1)


# ------------------------------------------------------------------ flat rows


def test_square_rows_are_grey_images():
    assert read(np.zeros((2, 64)))[1] == GREY_8X8


def test_rows_that_are_no_square_are_one_pixel_high_and_a_warning_tells_the_colour_shape():
    with pytest.warns(UserWarning, match=r"192 features, which is no square.*image_shape=\(8, 8, 3\)"):
        _, layout = read(np.zeros((2, 192)))
    assert layout.image_shape == (1, 192, 1)


def test_rows_that_are_no_image_of_a_usual_kind_are_warned_about_in_general_words():
    with pytest.warns(UserWarning, match=r"image_shape=\(height, width, channels\)"):
        assert read(np.zeros((2, 7)))[1].image_shape == (1, 7, 1)


@pytest.mark.parametrize("image_shape", [(4, 16), (4, 16, 1), [4, 16], np.array([4, 16])])
def test_image_shape_says_how_rows_are_read(image_shape):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(np.zeros((2, 64)), image_shape=image_shape)[1].image_shape == (4, 16, 1)


@pytest.mark.parametrize(("channels", "order"), [("auto", "last"), ("last", "last"), ("first", "first")])
def test_rows_of_colour_images_hold_pixels_unless_channels_first_is_said(channels, order, rng):
    images = rng.random((2, 3, 4, 5), np.float32)  # (n, c, h, w)
    X = (images if order == "first" else images.transpose(0, 2, 3, 1)).reshape(2, -1)
    np.testing.assert_array_equal(seen(X, image_shape=(4, 5, 3), channels=channels), images)


def test_rows_of_another_length_than_image_shape_are_refused():
    with pytest.raises(ValueError, match=r"rows of 64 features, but image_shape=\(4, 4, 3\) needs 48"):
        read(np.zeros((2, 64)), image_shape=(4, 4, 3))


@pytest.mark.parametrize("shape", [(2, 8, 8), (2, 1, 8, 8)])
def test_images_of_another_shape_than_image_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"\(8, 8, 1\).*image_shape=\(9, 9, 1\)|image_shape=\(9, 9, 1\)"):
        read(np.zeros(shape), image_shape=(9, 9))


@pytest.mark.parametrize(
    ("given", "expected"),
    [(None, None), ((4, 5), (4, 5, 1)), ([4, 5, 3], (4, 5, 3)), (np.array([4, 5]), (4, 5, 1))],
)
def test_check_image_shape_completes_the_channels(given, expected):
    assert check_image_shape(given) == expected


@pytest.mark.parametrize("wrong", [(8,), (8, 8, 1, 1), (0, 8), (-1, 8), (8.0, 8), "88"])
def test_check_image_shape_refuses_what_is_no_shape(wrong):
    with pytest.raises(ValueError, match=r"'image_shape' parameter must be None, \(height, width\)"):
        check_image_shape(wrong)


# ---------------------------------------------------------------- at predict

GREY = (5, 6, 1)
COLOUR = (5, 6, 3)


@pytest.mark.parametrize("fitted_first", [True, False])
@pytest.mark.parametrize(
    ("image_shape", "given"),
    [(GREY, (2, 5, 6)), (GREY, (2, 1, 5, 6)), (GREY, (2, 5, 6, 1)), (COLOUR, (2, 3, 5, 6)), (COLOUR, (2, 5, 6, 3))],
)
def test_predict_takes_images_in_another_form_than_fit(image_shape, given, fitted_first, rng):
    fitted = ImageLayout(*image_shape, channels_first=fitted_first)
    X = rng.random(given, np.float32)
    expected = X[:, None] if X.ndim == 3 else X if given[1] == image_shape[2] else X.transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(seen(X, fitted_layout=fitted), expected)


@pytest.mark.parametrize("fitted_first", [True, False])
def test_flat_rows_at_predict_are_read_as_fit_read_its_images(fitted_first, rng):
    fitted = ImageLayout(*COLOUR, channels_first=fitted_first)
    X = rng.random((2, 3, 5, 6) if fitted_first else (2, 5, 6, 3), np.float32)
    np.testing.assert_array_equal(
        seen(X.reshape(2, -1), fitted_layout=fitted), X if fitted_first else X.transpose(0, 3, 1, 2)
    )


@pytest.mark.parametrize("fitted_first", [True, False])
def test_images_that_fit_both_ways_at_predict_are_read_as_at_fit(fitted_first, rng):
    X = rng.random((2, 3, 3, 3), np.float32)
    fitted = ImageLayout(3, 3, 3, channels_first=fitted_first)
    np.testing.assert_array_equal(seen(X, fitted_layout=fitted), X if fitted_first else X.transpose(0, 3, 1, 2))


@pytest.mark.parametrize("shape", [(2, 5, 6), (2, 5, 6, 1), (2, 6, 5, 3), (2, 4, 5, 6)])
def test_other_images_at_predict_are_refused_with_both_shapes(shape):
    with pytest.raises(ValueError, match=re.escape(str(shape)) + r".*Tester was fitted.*\(5, 6, 3\).*fit again"):
        read(np.zeros(shape), fitted_layout=ImageLayout(*COLOUR, channels_first=True))


def test_rows_of_another_length_at_predict_are_refused_in_scikit_learns_words():
    with pytest.raises(ValueError, match="X has 64 features, but Tester is expecting 30 features as input"):
        read(np.zeros((2, 64)), fitted_layout=ImageLayout(*GREY, channels_first=True))


# -------------------------------------------------------------------- garbage


@pytest.mark.parametrize("shape", [(2,), (2, 1, 2, 3, 4)])
def test_other_numbers_of_axes_are_refused(shape):
    with pytest.raises(ValueError, match=r"images are \(n, h, w\)|expected images \(n, h, w\)"):
        read(np.zeros(shape))


@pytest.mark.parametrize("as_list", [list, lambda images: np.array([*images, None], object)[:-1]])
def test_images_of_different_sizes_are_refused_with_their_sizes(as_list):
    images = [np.zeros((8, 8)), np.zeros((9, 8)), np.zeros((8, 8))]
    with pytest.raises(ValueError, match=r"ragged.*2 different shapes, \(8, 8\), \(9, 8\).*Resize"):
        read(as_list(images))


def test_only_the_first_sizes_of_many_are_listed():
    with pytest.raises(ValueError, match=r"6 different shapes, .*\(1, 4\), \.\.\., and expected one"):
        read([np.zeros((1, side)) for side in range(1, 7)])


def test_an_image_whose_rows_differ_in_length_is_refused_as_ragged():
    with pytest.raises(ValueError, match="ragged"):
        read([[[1, 2], [3]], [[1, 2], [3, 4]]])


@pytest.mark.parametrize(
    "X",
    [
        ["cat.png", "dog.png"],
        np.array(["cat.png", "dog.png"]),
        np.array(["cat.png", "dog.png"], object),
        [Path("cat.png"), Path("dog.png")],
        pd.Series(["cat.png", "dog.png"]),
    ],
)
def test_paths_of_files_that_are_not_there_are_named(X):
    with pytest.raises(FileNotFoundError, match=r"X holds text.* paths of image files, but 2 of 2 .*'cat.png'"):
        read(X)


def test_paths_are_decoded(photo_files):
    paths, _ = photo_files
    rows, layout = read(paths, image_size=(8, 6))
    assert layout == ImageLayout(8, 6, 3, channels_first=False)
    np.testing.assert_array_equal(layout.as_images(rows), decode_images(paths, (8, 6)).transpose(0, 3, 1, 2))
    assert read(np.array(paths), fitted_layout=GREY_8X8)[1] == GREY_8X8


def test_numbers_are_not_resized_to_the_size_of_files():
    assert read(np.zeros((2, 8, 8)), image_size=8, color_mode="gray")[1] == GREY_8X8
    with pytest.raises(ValueError, match=r"images of 8 x 8 pixels, but image_size=64 was asked for.*resize"):
        read(np.zeros((2, 8, 8)), image_size=64)
    with pytest.raises(ValueError, match=r"images of 3 channel.*color_mode='gray'.*convert"):
        read(np.zeros((2, 8, 8, 3)), color_mode="gray")
    assert read(np.zeros((2, 64)), fitted_layout=GREY_8X8, image_size=64)[1] == GREY_8X8  # fit has checked it


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("as_container", [np.asarray, torch.from_numpy])
def test_values_that_are_not_finite_are_refused(bad, dtype, as_container):
    X = np.zeros((3, 8, 8))
    X[1, 2, 3] = bad
    with pytest.raises(ValueError, match=r"Input X contains (NaN|infinity)"):
        read(as_container(X), dtype=dtype)


def test_values_too_large_for_float32_are_refused_rather_than_made_infinite():
    with pytest.raises(ValueError, match="infinity or a value too large"), np.errstate(over="ignore"):
        read(np.full((3, 8, 8), 1e39))


@pytest.mark.parametrize("shape", [(0, 8, 8), (0, 64), (0, 3, 8, 8)])
def test_no_images_are_refused(shape):
    with pytest.raises(ValueError, match="0 sample"):
        read(np.zeros(shape))


@pytest.mark.parametrize("shape", [(3, 0, 8), (3, 8, 0), (3, 0, 8, 8), (3, 8, 0, 1)])
def test_images_without_pixels_are_refused(shape):
    with pytest.raises(ValueError, match=r"no pixels|empty|size 0|length 0"):
        read(np.zeros(shape))
