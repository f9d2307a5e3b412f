import numpy as np
import pytest
import torch

from skimgcls.preprocessing import RandomCrop

NUMPY_MODES = {"reflect": "symmetric", "edge": "edge"}


def crop_by_numpy(images, padding, fill, down, right):
    """The window of padded images (b, c, h, w) that begins `down` and `right` of the corner of the padding."""
    images = images.numpy()
    axes = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    if fill in NUMPY_MODES:
        padded = np.pad(images, axes, mode=NUMPY_MODES[fill])
    elif fill == "mean":
        padded = np.stack(
            [[np.pad(c, padding, constant_values=np.rint(c.mean()).astype(c.dtype)) for c in image] for image in images]
        )
    else:
        padded = np.pad(images, axes, constant_values=fill)
    h, w = images.shape[2:]
    return torch.from_numpy(padded[:, :, down : down + h, right : right + w])


@pytest.mark.parametrize("fill", ["reflect", "edge", "mean", 7])
@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize(("down", "right"), [(0, 0), (2, 2), (4, 1), (1, 4), (3, 0)])
def test_a_crop_is_a_window_of_the_padded_image(fill, channels_last, down, right, make_batch):
    images = make_batch((3, 3, 6, 5), torch.uint8, channels_last)
    draws = torch.tensor([[down + 0.5, right + 0.5]]).expand(3, -1) / 5
    cropped = RandomCrop(padding=2, fill=fill)._augment(images, draws)
    assert torch.equal(cropped, crop_by_numpy(images, 2, fill, down, right))


def test_all_shifts_are_equally_likely(seeded):
    image = torch.zeros(1, 1, 9, 9)
    image[..., 4, 4] = 1
    cropped = RandomCrop(padding=2, fill=0)(image.expand(10000, -1, -1, -1), generator=seeded())
    assert (cropped.sum((1, 2, 3)) == 1).all()
    share = cropped.mean((0, 1))
    assert share[2:7, 2:7].sum() == pytest.approx(1)
    assert (share[2:7, 2:7] - 1 / 25).abs().max() < 0.008  # 4 standard deviations


@pytest.mark.parametrize(
    ("size", "padding"), [((32, 32), (4, 4)), ((28, 28), (4, 4)), ((8, 20), (1, 3)), ((3, 1), (0, 0))]
)
def test_a_share_of_the_side_is_rounded_to_pixels(size, padding, seeded):
    images = torch.zeros(2000, 1, *size)
    images[..., size[0] // 2, size[1] // 2] = 1
    positions = RandomCrop(fill=0)(images, generator=seeded()).nonzero()[:, 2:]
    spread = (positions.amax(0) - positions.amin(0)).tolist()
    assert spread == [2 * padding[0], 2 * padding[1]]


def test_padding_far_beyond_the_image_reflects_on(seeded):
    images = torch.arange(2.0).view(1, 1, 1, 2).expand(100, -1, -1, -1)
    cropped = RandomCrop(padding=7)(images, generator=seeded())
    assert {tuple(row) for row in cropped.flatten(1).int().tolist()} == {(0, 1), (1, 1), (1, 0), (0, 0)}


def test_no_padding_changes_nothing(make_batch):
    images = make_batch((4, 3, 5, 5))
    assert torch.equal(RandomCrop(padding=0)(images), images)


@pytest.mark.parametrize("fill", [-1, 300])
def test_a_fill_that_is_no_byte_is_refused_for_bytes_only(fill):
    with pytest.raises(ValueError, match=f"fill={fill} does not fit into images of bytes"):
        RandomCrop(padding=1, fill=fill)(torch.zeros(1, 1, 4, 4, dtype=torch.uint8))
    RandomCrop(padding=1, fill=fill)(torch.zeros(1, 1, 4, 4))
