import pytest
import torch

from skimgcls.preprocessing._pixels import (
    as_images,
    as_rows,
    fill_values,
    fold_back,
    lay_out_as,
    per_value,
    take_columns,
    take_rows,
    to_pixels,
)


@pytest.mark.parametrize(
    ("amount", "side", "pixels"), [(3, 10, 3), (0.125, 28, 4), (0.125, 32, 4), (0.1, 4, 0), (1.0, 7, 7)]
)
def test_a_float_is_a_share_of_the_side_and_an_integer_a_number_of_pixels(amount, side, pixels):
    assert to_pixels(amount, side) == pixels


@pytest.mark.parametrize("shape", [(2, 1, 3, 4), (2, 3, 4, 5), (1, 4, 1, 1)])
@pytest.mark.parametrize("channels_last", [False, True])
def test_rows_are_the_memory_of_images(shape, channels_last, make_batch):
    images = make_batch(shape, channels_last=channels_last)
    rows = as_rows(images)
    assert rows.is_contiguous()
    assert rows.data_ptr() == images.data_ptr()
    back = as_images(rows, images)
    assert torch.equal(back, images)
    assert shape[2:] == (1, 1) or back.stride() == images.stride()


def test_rows_of_a_slice_are_copied(make_batch):
    images = make_batch((3, 3, 6, 6))[:, :, 1:5, ::2]
    assert torch.equal(as_images(as_rows(images), images), images)


@pytest.mark.parametrize("channels_last", [False, True])
def test_rows_and_columns_are_picked_for_each_image(channels_last, make_batch, rng):
    images = make_batch((4, 3, 5, 6), torch.uint8, channels_last)
    rows, columns = torch.from_numpy(rng.integers(0, 5, size=(4, 5))), torch.from_numpy(rng.integers(0, 6, size=(4, 6)))
    assert torch.equal(take_rows(images, rows), torch.stack([x[:, r] for x, r in zip(images, rows, strict=True)]))
    expected = torch.stack([x[:, :, c] for x, c in zip(images, columns, strict=True)])
    assert torch.equal(take_columns(images, columns), expected)


@pytest.mark.parametrize(
    ("fill", "expected"), [("reflect", [2, 2, 1, 0, 0, 1, 2, 2, 1]), ("edge", [0, 0, 0, 0, 0, 1, 2, 2, 2])]
)
def test_an_index_beyond_the_border_comes_back(fill, expected):
    assert fold_back(torch.arange(-4, 5), 3, fill).tolist() == expected


@pytest.mark.parametrize("channels_last", [False, True])
def test_what_is_said_of_columns_is_repeated_for_each_number_of_a_row(channels_last, make_batch):
    images = make_batch((1, 2, 1, 3), channels_last=channels_last)
    repeated = per_value(torch.tensor([[1, 2, 3]]), images)
    assert repeated.tolist() == ([[1, 1, 2, 2, 3, 3]] if channels_last else [[1, 2, 3]])


@pytest.mark.parametrize("n_channels", [1, 3])
@pytest.mark.parametrize("channels_last", [False, True])
def test_images_are_laid_out_as_others_are(n_channels, channels_last, make_batch):
    like = make_batch((2, n_channels, 3, 4), channels_last=channels_last)
    for images in (like, like.contiguous(), like.flip(2)):
        laid_out = lay_out_as(images, like)
        assert torch.equal(laid_out, images)
        assert laid_out.stride() == like.stride()


def test_a_mean_that_fills_bytes_is_a_byte():
    images = torch.tensor([[[[0, 3]], [[10, 10]]]], dtype=torch.uint8)
    assert fill_values(images, "mean").flatten().tolist() == [2, 10]
    assert fill_values(images.float(), "mean").flatten().tolist() == [1.5, 10]
    assert fill_values(images, 7).dtype == torch.uint8
