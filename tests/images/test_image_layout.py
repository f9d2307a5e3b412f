from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import torch

from skimgcls.images import ImageLayout


def test_shape_is_given_in_the_users_order_and_counts_every_number():
    layout = ImageLayout(height=5, width=6, channels=3, channels_first=True)
    assert layout.image_shape == (5, 6, 3)
    assert layout.n_features == 90


@pytest.mark.parametrize("as_container", [np.asarray, torch.from_numpy])
def test_rows_of_whole_channels_become_images(as_container, rng):
    images = rng.integers(0, 256, (2, 3, 5, 6), dtype=np.uint8)
    seen = ImageLayout(5, 6, 3, channels_first=True).as_images(as_container(images.reshape(2, -1)))
    np.testing.assert_array_equal(np.asarray(seen), images)


@pytest.mark.parametrize("as_container", [np.asarray, torch.from_numpy])
def test_rows_of_whole_pixels_become_images_with_the_channels_in_second_place(as_container, rng):
    images = rng.integers(0, 256, (2, 5, 6, 3), dtype=np.uint8)
    seen = ImageLayout(5, 6, 3, channels_first=False).as_images(as_container(images.reshape(2, -1)))
    np.testing.assert_array_equal(np.asarray(seen), images.transpose(0, 3, 1, 2))


@pytest.mark.parametrize("channels_first", [True, False])
def test_images_are_a_view_of_the_rows(channels_first):
    rows = np.zeros((2, 5 * 6 * 3), np.uint8)
    layout = ImageLayout(5, 6, 3, channels_first=channels_first)
    assert np.shares_memory(layout.as_images(rows), rows)
    tensor = torch.from_numpy(rows)
    assert layout.as_images(tensor).untyped_storage().data_ptr() == tensor.untyped_storage().data_ptr()


def test_for_one_channel_both_orders_are_the_same(rng):
    rows = rng.random((4, 30))
    first, last = (ImageLayout(5, 6, 1, channels_first=order).as_images(rows) for order in (True, False))
    np.testing.assert_array_equal(first, last)


def test_a_layout_is_a_value_that_nobody_changes():
    layout = ImageLayout(5, 6, 3, channels_first=True)
    assert layout == ImageLayout(5, 6, 3, channels_first=True)
    assert layout != ImageLayout(5, 6, 3, channels_first=False)
    with pytest.raises(FrozenInstanceError):
        layout.height = 7
