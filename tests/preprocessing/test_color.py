import pytest
import torch

from skimgcls.preprocessing._color import as_floats, join_alpha, luma, split_alpha


def test_bytes_become_floats_and_floats_stay():
    assert as_floats(torch.zeros(1, dtype=torch.uint8)).dtype == torch.float32
    images = torch.zeros(1, dtype=torch.float64)
    assert as_floats(images) is images


@pytest.mark.parametrize(("n_channels", "n_colors"), [(1, 1), (2, 2), (3, 3), (4, 3), (5, 5)])
@pytest.mark.parametrize("channels_last", [False, True])
def test_the_last_of_four_channels_is_taken_apart_and_put_back(n_channels, n_colors, channels_last, make_batch):
    images = make_batch((2, n_channels, 4, 5), channels_last=channels_last)
    colors, alpha = split_alpha(images)
    assert (colors.shape[1], alpha.shape[1]) == (n_colors, n_channels - n_colors)
    joined = join_alpha(colors, alpha, images)
    assert torch.equal(joined, images)
    assert joined.stride() == images.stride()


def test_luma_weighs_three_channels_and_averages_others():
    assert luma(torch.eye(3).view(3, 3, 1, 1)).flatten().tolist() == pytest.approx([0.299, 0.587, 0.114])
    assert luma(torch.eye(2).view(2, 2, 1, 1)).flatten().tolist() == [0.5, 0.5]
