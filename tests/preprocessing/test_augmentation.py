import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone

from skimgcls.datasets import fetch_cifar10, fetch_fashion_mnist, load_digit_images
from skimgcls.preprocessing import (
    Augmentation,
    ColorJitter,
    Compose,
    CutMix,
    Cutout,
    FunctionAugmentation,
    GaussianNoise,
    Mixup,
    RandomAffine,
    RandomCrop,
    RandomFlip,
    make_augmentation,
)

MOVING = [
    RandomFlip(direction="both"),
    RandomCrop(padding=0.3),
    RandomCrop(padding=2, fill="edge"),
    RandomCrop(padding=3, fill="mean"),
    RandomCrop(padding=2, fill=0),
    Cutout(size=0.4),
    Cutout(size=2, fill=0),
    CutMix(),
]
RECKONING = [
    RandomAffine(degrees=30, translate=0.2, zoom=0.3),
    RandomAffine(fill="edge"),
    RandomAffine(fill="mean", zoom=0.5),
    RandomAffine(fill=0, translate=0.3),
    ColorJitter(),
    GaussianNoise(),
    Mixup(),
]
PRESETS = [make_augmentation(name) for name in ("light", "standard", "strong")]
ALL = [*MOVING, *RECKONING, *PRESETS]
every_one = pytest.mark.parametrize("augmentation", ALL, ids=repr)
SHAPES = [(6, 1, 8, 8), (5, 3, 9, 7), (4, 4, 6, 10), (3, 2, 5, 5), (3, 7, 8, 6)]


class Shade(Augmentation):
    """Darken each image by a factor of its own."""

    n_draws = 1

    def __init__(self, least=0.5):
        self.least = least

    def _augment(self, images, draws):
        return images * (self.least + (1 - self.least) * draws[:, 0, None, None, None])


@every_one
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("channels_last", [False, True])
def test_shape_and_memory_format_stay_and_the_input_is_untouched(
    augmentation, shape, channels_last, make_batch, seeded
):
    for dtype in (torch.uint8, torch.float32):
        images = make_batch(shape, dtype, channels_last)
        before = images.clone()
        changed = augmentation(images, generator=seeded())
        assert changed.shape == images.shape
        assert changed.stride() == images.stride()
        assert torch.equal(images, before)


@every_one
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_pixels_that_are_moved_keep_their_dtype_and_bytes_that_are_reckoned_with_become_floats(
    augmentation, dtype, make_batch
):
    changed = augmentation(make_batch((4, 3, 8, 8), dtype))
    moves_only = augmentation in [*MOVING, *PRESETS[:2]]
    assert changed.dtype == (torch.float32 if dtype == torch.uint8 and not moves_only else dtype)
    assert changed.isfinite().all()


@every_one
def test_the_same_seed_gives_the_same_images_whatever_their_memory_format(augmentation, make_batch, seeded):
    images = make_batch((16, 3, 8, 8))
    first, second, other = (augmentation(images, generator=seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    torch.testing.assert_close(augmentation(images.contiguous(), generator=seeded(1)), first)


@every_one
def test_without_a_generator_the_global_one_is_drawn_from_and_with_one_it_is_left_alone(
    augmentation, make_batch, seeded
):
    images = make_batch((16, 3, 8, 8))
    torch.manual_seed(0)
    first = augmentation(images)
    torch.manual_seed(0)
    augmentation(images, generator=seeded())
    assert torch.equal(augmentation(images), first)


@every_one
def test_images_of_a_batch_get_draws_of_their_own(augmentation, make_batch, seeded):
    images = make_batch((1, 3, 8, 8)).expand(64, -1, -1, -1)
    if augmentation.mixes_targets:
        images = images * torch.arange(1, 65).view(-1, 1, 1, 1) / 64  # of one image, mixtures would all be alike
        changed = augmentation(images, generator=seeded()) * 64 / torch.arange(1, 65).view(-1, 1, 1, 1)
    else:
        changed = augmentation(images, generator=seeded())
    assert len(changed.flatten(1).unique(dim=0)) > 1


@every_one
def test_draws_do_not_depend_on_the_values_of_images(augmentation, make_batch, seeded):
    generator, same = seeded(), seeded()
    augmentation(make_batch((8, 3, 8, 8)), generator=generator)
    augmentation(torch.zeros(8, 3, 8, 8, dtype=torch.uint8), generator=same)
    assert torch.equal(torch.rand(4, generator=generator), torch.rand(4, generator=same))


@every_one
def test_bytes_and_fractions_get_the_same_augmentation(augmentation, make_batch, seeded):
    images = make_batch((16, 3, 9, 11), torch.uint8)
    changed = augmentation(images, generator=seeded())
    of_bytes, of_fractions = changed.float() / 255, augmentation(images / 255, generator=seeded())
    least = 0.5001 / 255 if changed.dtype == torch.uint8 else 1e-5  # a mean that fills is rounded to a byte
    torch.testing.assert_close(of_bytes, of_fractions, rtol=1e-5, atol=least)


@pytest.mark.parametrize("augmentation", PRESETS, ids=repr)
def test_presets_augment_bytes_and_fractions_of_real_images_alike(augmentation, shared_data, seeded):
    X, _ = fetch_cifar10(subset="test", data_home=shared_data, return_X_y=True)
    images = torch.from_numpy(X[:64]).permute(0, 3, 1, 2)
    of_bytes = augmentation(images, generator=seeded()).float() / 255
    torch.testing.assert_close(of_bytes, augmentation(images / 255, generator=seeded()), rtol=1e-5, atol=0.51 / 255)
    assert abs(float(of_bytes.mean()) - float(images.float().mean() / 255)) < 0.03


@pytest.mark.parametrize("augmentation", PRESETS, ids=repr)
@pytest.mark.parametrize("load", [load_digit_images, fetch_fashion_mnist])
def test_real_grey_images_stay_between_black_and_white_where_pixels_are_moved(augmentation, load, request, seeded):
    if load is fetch_fashion_mnist:
        X = load(subset="test", data_home=request.getfixturevalue("shared_data"), return_X_y=True)[0]
    else:
        X = load(return_X_y=True)[0]
    images = torch.from_numpy(X[:100])[:, None]
    changed = augmentation(images, generator=seeded())
    assert (changed != images).any()
    if changed.dtype != torch.uint8:
        changed = changed.clamp(0, 255 * 1.44)  # brightness and contrast, each by at most 1.2
    assert changed.min() >= 0
    assert changed.max() <= 255 * 1.44


@every_one
@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (1, 3, 2, 3), (2, 1, 1, 9), (3, 4, 7, 1), (1, 1, 8, 8)])
def test_tiny_images_and_batches_pass(augmentation, shape, make_batch):
    for dtype in (torch.uint8, torch.float32):
        images = make_batch(shape, dtype)
        targets = torch.full((shape[0], 2), 0.5)
        changed, mixed = augmentation(images, targets)
        assert changed.shape == images.shape
        assert changed.isfinite().all()
        torch.testing.assert_close(mixed, targets)


@every_one
def test_targets_of_any_kind_pass_unless_they_are_mixed(augmentation, make_batch):
    images = make_batch((6, 3, 8, 8))
    codes = torch.arange(6)
    if augmentation.mixes_targets:
        with pytest.raises(
            ValueError, match=r"takes probabilities \(6, n_classes\) as floats, got torch.int64.*one_hot"
        ):
            augmentation(images, codes)
    else:
        assert augmentation(images, codes)[1] is codes


@every_one
def test_clones_and_pickles_are_equal(augmentation, make_batch, seeded):
    images = make_batch((4, 3, 8, 8))
    expected = augmentation(images, generator=seeded())
    for copy in (clone(augmentation), pickle.loads(pickle.dumps(augmentation))):
        assert copy is not augmentation
        assert repr(copy) == repr(augmentation)
        assert torch.equal(copy(images, generator=seeded()), expected)


@every_one
def test_nothing_is_made_on_another_device_and_no_value_is_waited_for(augmentation):
    # a tensor without values: mixing it with one of the CPU, or reading from it, fails as it would stall a GPU
    images = torch.empty(8, 3, 16, 16, dtype=torch.uint8, device="meta").to(memory_format=torch.channels_last)
    changed, targets = augmentation(images, torch.empty(8, 10, device="meta"))
    assert {changed.device.type, targets.device.type} == {"meta"}
    assert {view.device.type for view in augmentation.views(images, 3)} == {"meta"}


@every_one
def test_views_begin_with_the_images_and_treat_each_image_alike(augmentation, make_batch):
    images = make_batch((5, 3, 8, 8))
    views = list(augmentation.views(images, 6))
    assert len(views) == 6
    assert views[0] is images
    for view, of_one in zip(views[1:], list(augmentation.views(images[2:3], 6))[1:], strict=True):
        torch.testing.assert_close(view[2:3], of_one)
        assert view.stride() == images.stride()
    n_different = len(torch.stack([view.flatten() for view in views]).unique(dim=0))
    assert n_different == (1 if not augmentation.in_views else 4 if isinstance(augmentation, RandomFlip) else 6)


def test_views_spread_over_the_range_of_draws():
    shades = [float(view.mean()) for view in Shade(least=0.0).views(torch.ones(1, 1, 1, 1), 41)][1:]
    counts = np.histogram(shades, bins=10, range=(0, 1))[0]
    assert counts.min() >= 3
    assert counts.max() <= 5


@pytest.mark.parametrize("n_views", [0, -1, 1.5, "2", True])
def test_a_number_of_views_that_is_none_is_refused(n_views):
    with pytest.raises(ValueError, match="n_views must be a positive integer, got"):
        RandomFlip().views(torch.zeros(1, 1, 2, 2), n_views)


def test_an_augmentation_of_ones_own_needs_one_method(make_batch, seeded):
    images = make_batch((8, 3, 4, 4))
    shade = clone(Shade(least=0.2)).set_params(least=0.5)
    factors = (shade(images, generator=seeded()) / images)[images > 0]
    assert factors.min() >= 0.5
    assert factors.max() <= 1
    assert repr(Compose([shade, RandomFlip()])) == "Compose(augmentations=[Shade(), RandomFlip()])"
    assert len(list(shade.views(images, 3))) == 3


def test_a_subclass_without_its_method_says_what_is_missing():
    class Empty(Augmentation):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty does not say.*Define _augment"):
        Empty()(torch.zeros(1, 1, 2, 2))


@pytest.mark.parametrize(
    ("augmentation", "message"),
    [
        (RandomFlip(p=2), "'p' parameter of RandomFlip"),
        (RandomFlip(direction="left"), "'direction' parameter of RandomFlip"),
        (RandomCrop(padding=-1), "'padding' parameter of RandomCrop"),
        (RandomCrop(padding=1.5), "'padding' parameter of RandomCrop"),
        (RandomCrop(fill="black"), "'fill' parameter of RandomCrop"),
        (Cutout(size=0), "'size' parameter of Cutout"),
        (Cutout(fill="edge"), "'fill' parameter of Cutout"),
        (RandomAffine(degrees=-5), "'degrees' parameter of RandomAffine"),
        (ColorJitter(contrast="high"), "'contrast' parameter of ColorJitter"),
        (GaussianNoise(std=-1), "'std' parameter of GaussianNoise"),
        (Mixup(alpha=0), "'alpha' parameter of Mixup"),
        (CutMix(p=1.1), "'p' parameter of CutMix"),
        (FunctionAugmentation(3), "'function' parameter of FunctionAugmentation"),
        (Compose("light"), "'augmentations' parameter of Compose"),
    ],
)
def test_a_parameter_out_of_its_range_is_refused_when_it_is_used(augmentation, message):
    for _ in range(2):
        with pytest.raises(ValueError, match=message):
            augmentation(torch.zeros(2, 1, 4, 4))


def test_a_parameter_that_was_changed_is_checked_again():
    flip = RandomFlip()
    flip(torch.zeros(2, 1, 4, 4))
    with pytest.raises(ValueError, match="'p' parameter of RandomFlip"):
        flip.set_params(p=-1)(torch.zeros(2, 1, 4, 4))


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 1, 4, 4)), r"takes a tensor of images \(b, c, h, w\), got ndarray of shape \(2, 1, 4, 4\)"),
        (torch.zeros(1, 4, 4), r"got Tensor of shape \(1, 4, 4\)"),
        ("images", "got str of type str"),
        (torch.zeros(1, 1, 4, 4, dtype=torch.int64), "uint8 or floats, got torch.int64"),
    ],
)
def test_what_is_no_batch_of_images_is_refused(images, message):
    with pytest.raises(ValueError, match=message):
        RandomFlip()(images)
