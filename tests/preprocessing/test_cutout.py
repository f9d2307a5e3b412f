import pytest
import torch

from skimgcls.preprocessing import Cutout


def n_hidden(size, side, position):
    """Pixels of `side` that a hole around `position` hides."""
    first = position - size // 2
    return len(set(range(first, first + size)) & set(range(side)))


@pytest.mark.parametrize("size", [1, 2, 3, 8, 100])
@pytest.mark.parametrize("channels_last", [False, True])
def test_a_hole_has_its_size_and_is_cut_off_at_the_border(size, channels_last, seeded):
    h, w = 12, 10
    images = torch.ones(1000, 3, h, w)
    if channels_last:
        images = images.contiguous(memory_format=torch.channels_last)
    is_hidden = Cutout(size=size, fill=0)(images, generator=seeded()) == 0
    assert (is_hidden == is_hidden[:, :1]).all()  # all channels of a pixel
    rows, columns = is_hidden[:, 0].any(2).sum(1), is_hidden[:, 0].any(1).sum(1)
    assert torch.equal(is_hidden[:, 0].sum((1, 2)), rows * columns)  # a full rectangle
    assert set(rows.tolist()) == {n_hidden(size, h, position) for position in range(h)}
    assert set(columns.tolist()) == {n_hidden(size, w, position) for position in range(w)}


def test_the_hidden_area_is_that_of_a_centre_anywhere(seeded):
    is_hidden = Cutout(size=4, fill=0)(torch.ones(20000, 1, 8, 8), generator=seeded()) == 0
    along = sum(n_hidden(4, 8, position) for position in range(8)) / 8
    assert float(is_hidden.sum((1, 2, 3)).float().mean()) == pytest.approx(along**2, rel=0.02)


def test_a_share_hides_that_part_of_each_side(seeded):
    is_hidden = Cutout(size=0.25, fill=0)(torch.ones(500, 1, 32, 16), generator=seeded()) == 0
    assert int(is_hidden.any(3).sum(2).max()) == 8
    assert int(is_hidden.any(2).sum(2).max()) == 4


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
@pytest.mark.parametrize("channels_last", [False, True])
def test_the_mean_of_each_image_and_channel_fills_and_the_rest_stays(dtype, channels_last, make_batch, seeded):
    images = make_batch((50, 3, 8, 6), dtype, channels_last)
    changed = Cutout(size=0.5)(images, generator=seeded())
    mean = images.double().mean((2, 3), keepdim=True)
    fill = (mean.round() if dtype == torch.uint8 else mean).float()
    is_hidden = (changed.float() - fill).abs() < 1e-3
    assert is_hidden.flatten(1).any(1).all()
    assert torch.equal(changed[~is_hidden], images[~is_hidden])
    assert (changed != images).flatten(1).any(1).all()


def test_views_leave_it_out(make_batch):
    images = make_batch((2, 3, 8, 8))
    assert all(torch.equal(view, images) for view in Cutout().views(images, 3))
