import pytest
import torch

from skimgcls.preprocessing import CutMix


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("size", [(8, 8), (5, 13), (1, 1)])
def test_the_share_of_a_target_is_that_of_its_pixels(channels_last, size, seeded):
    b = 50
    images = torch.arange(b, dtype=torch.uint8).view(b, 1, 1, 1).repeat(1, 3, *size)
    if channels_last:
        images = images.contiguous(memory_format=torch.channels_last)
    mixed, targets = CutMix()(images, torch.eye(b, dtype=torch.float64), generator=seeded())
    shares = torch.stack([(mixed == source).double().mean((1, 2, 3)) for source in range(b)], dim=1)
    torch.testing.assert_close(targets, shares, rtol=0, atol=1e-6)
    assert int((targets > 0).sum(1).max()) == (1 if size == (1, 1) else 2)


def test_what_is_replaced_is_one_rectangle_at_the_same_place_of_the_other_image(make_batch, seeded):
    images = make_batch((30, 3, 9, 7))
    changed = CutMix()(images, generator=seeded())
    for before, after in zip(images.clone(), changed, strict=True):
        is_replaced = (before != after).any(0)
        rows, columns = is_replaced.any(1).nonzero().flatten(), is_replaced.any(0).nonzero().flatten()
        if len(rows):
            region = (slice(None), slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
            assert any(torch.equal(other[region], after[region]) for other in images)
            before[region] = after[region]
            assert torch.equal(before, after)


def test_only_a_share_p_of_the_images_is_mixed(seeded):
    images = torch.arange(4000.0).view(-1, 1, 1, 1).expand(-1, 1, 32, 32)
    is_mixed = (CutMix(p=0.25)(images, generator=seeded()) != images).flatten(1).any(1)
    assert 0.2 < float(is_mixed.float().mean()) <= 0.28  # the smallest rectangles have no pixel
    assert torch.equal(CutMix(p=0.0)(images), images)


def test_a_single_image_stays_itself(make_batch):
    images = make_batch((1, 3, 8, 8), torch.uint8)
    mixed, targets = CutMix()(images, torch.tensor([[0.0, 1.0]]))
    assert torch.equal(mixed, images)
    assert targets.tolist() == [[0, 1]]
