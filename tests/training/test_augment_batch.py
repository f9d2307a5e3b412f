import numpy as np
import pytest
import torch
from torch.nn import functional as F

from skimgcls.images import ImageLayout
from skimgcls.preprocessing import Augmentation, Compose, CutMix, Mixup, RandomCrop, RandomFlip, make_augmentation
from skimgcls.preprocessing._mixing import draw_partners, draw_shares
from skimgcls.training import ImageDataset
from skimgcls.training._augment_batch import augment_batch, try_augmentation
from skimgcls.utils._random import make_generator

B, K = 12, 4
MIXING = [Mixup(), Mixup(alpha=1.0, p=0.5), CutMix(), Compose([RandomFlip(), Mixup(1.0)])]


@pytest.fixture
def images(rng):
    return torch.from_numpy(rng.integers(0, 256, (B, 3, 8, 8), dtype=np.uint8))


@pytest.fixture
def codes(rng):
    return torch.from_numpy(rng.integers(0, K, B))


@pytest.fixture
def weights(rng):
    return torch.from_numpy(rng.uniform(0.1, 3, B))


def augment(augmentation, images, codes, weights, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return augment_batch(augmentation, images, codes, weights, n_classes=K, generator=generator)


def each_loss(logits, codes):
    return F.cross_entropy(logits, codes, reduction="none")


# ------------------------------------------------------------------- one batch


@pytest.mark.parametrize("augmentation", [RandomFlip(), RandomCrop(2), make_augmentation("standard")], ids=str)
def test_what_mixes_nothing_leaves_codes_and_weights_as_they_are(augmentation, images, codes, weights):
    augmented, same_codes, same_weights = augment(augmentation, images, codes, weights)
    assert same_codes is codes
    assert same_weights is weights
    assert torch.equal(augmented, augmentation(images, generator=torch.Generator().manual_seed(0)))
    assert not torch.equal(augmented, images)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("augmentation", MIXING, ids=str)
def test_what_mixes_gives_probabilities_of_the_classes(augmentation, weighted, images, codes, weights):
    mixed, targets, mixed_weights = augment(augmentation, images, codes, weights if weighted else None)
    assert mixed.shape == images.shape
    assert targets.shape == (B, K)
    assert targets.is_floating_point()
    assert (targets >= 0).all()
    torch.testing.assert_close(targets.sum(1), torch.ones(B, dtype=targets.dtype))
    assert ((targets > 0).sum(1) == 2).any()
    assert (mixed_weights is not None) is weighted


@pytest.mark.parametrize("augmentation", MIXING, ids=str)
def test_without_weights_targets_are_those_of_the_augmentation(augmentation, images, codes):
    generator = torch.Generator().manual_seed(0)
    expected_images, expected = augmentation(images, F.one_hot(codes, K).float(), generator=generator)
    mixed, targets, weights = augment(augmentation, images, codes, None)
    assert weights is None
    assert torch.equal(mixed, expected_images)
    assert torch.equal(targets, expected)


@pytest.mark.parametrize("augmentation", MIXING, ids=str)
def test_weights_change_neither_the_draws_nor_the_images(augmentation, images, codes, weights):
    plain, weighted = (augment(augmentation, images, codes, given) for given in (None, weights))
    assert torch.equal(weighted[0], plain[0])
    torch.testing.assert_close(augment(augmentation, images, codes, torch.ones(B))[1], plain[1])
    torch.testing.assert_close(augment(augmentation, images, codes, torch.ones(B))[2], torch.ones(B))


def test_each_part_of_a_mixture_counts_with_the_weight_of_its_own_image(images, codes, weights, rng):
    mixed, targets, mixed_weights = augment(Mixup(alpha=1.0), images, codes, weights)
    generator = torch.Generator().manual_seed(0)
    partners = draw_partners(B, generator, "cpu")
    share = draw_shares(B, 1.0, 1.0, generator, "cpu").double()
    first = share.view(-1, 1, 1, 1)
    torch.testing.assert_close(mixed.double(), first * images + (1 - first) * images[partners], rtol=1e-5, atol=1e-3)
    logits = torch.from_numpy(rng.normal(size=(B, K)))
    expected = share * weights * each_loss(logits, codes)
    expected += (1 - share) * weights[partners] * each_loss(logits, codes[partners])
    torch.testing.assert_close(mixed_weights * each_loss(logits, targets), expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(mixed_weights, share * weights + (1 - share) * weights[partners], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("augmentation", [RandomFlip(), *MIXING], ids=str)
def test_the_batch_that_was_given_is_left_as_it_is(augmentation, images, codes, weights):
    before = [part.clone() for part in (images, codes, weights)]
    augment(augmentation, images, codes, weights)
    assert all(map(torch.equal, (images, codes, weights), before))


@pytest.mark.parametrize("augmentation", [RandomFlip(), *MIXING], ids=str)
def test_a_batch_of_one_image_stays_one(augmentation, images, codes, weights):
    _, targets, mixed_weights = augment(augmentation, images[:1], codes[:1], weights[:1])
    target = targets.argmax(1) if targets.ndim == 2 else targets
    assert torch.equal(target, codes[:1])
    torch.testing.assert_close(mixed_weights, weights[:1])


@pytest.mark.parametrize("augmentation", [RandomFlip(), *MIXING], ids=str)
def test_a_seed_gives_one_batch_and_another_seed_another(augmentation, images, codes, weights):
    first, again, other = (augment(augmentation, images, codes, weights, seed) for seed in (3, 3, 4))
    assert all(map(torch.equal, first, again))
    assert not torch.equal(first[0], other[0])


# --------------------------------------------------------------------- the trial


@pytest.fixture
def dataset(images, codes):
    return ImageDataset(images.flatten(1), ImageLayout(8, 8, 3, True), codes)


class Counting(Augmentation):
    """Keeps what it was given."""

    def __init__(self, seen):
        self.seen = seen

    def __call__(self, images, targets=None, *, generator=None):
        self.seen.append((images, torch.rand(1, generator=generator).item()))
        return images if targets is None else (images, targets)


@pytest.mark.parametrize(
    "augment", [None, "light", "strong", Mixup(), torch.Tensor.float, lambda x: x / 2], ids=range(6)
)
def test_what_keeps_images_and_channels_passes(augment, dataset):
    assert try_augmentation(make_augmentation(augment), dataset, batch_size=2, n_classes=K, seed=0) is None


def test_two_images_are_tried_with_draws_of_the_seed(dataset, images):
    seen = []
    try_augmentation(Counting(seen), dataset, batch_size=2, n_classes=K, seed=5)
    ((tried, draw),) = seen
    assert torch.equal(tried, images[:2])
    assert draw == torch.rand(1, generator=make_generator(5, "augment")).item()


def test_a_single_image_is_enough(dataset):
    try_augmentation(Mixup(), dataset.subset([3]), batch_size=2, n_classes=K, seed=0)


def test_trying_draws_nothing_from_the_global_generator(dataset):
    before = torch.get_rng_state()
    noise = make_augmentation(lambda x: x + torch.rand(x.shape))
    try_augmentation(Compose([noise, make_augmentation("strong")]), dataset, batch_size=2, n_classes=K, seed=0)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("function", "got"),
    [
        (lambda x: x.float().mean(1, keepdim=True), r"torch.float32 \(2, 1, 8, 8\)"),
        (lambda x: torch.cat([x, x], 1), r"torch.uint8 \(2, 6, 8, 8\)"),
        (lambda x: x.int(), r"torch.int32 \(2, 3, 8, 8\)"),
        (lambda x: x > 100, r"torch.bool \(2, 3, 8, 8\)"),
    ],
    ids=["gray", "six channels", "integers", "booleans"],
)
def test_other_channels_and_other_numbers_are_refused_with_the_remedy(function, got, dataset):
    expected = rf"augment gave {got} for images \(2, 3, 8, 8\). It must keep their shape and give bytes or floats"
    with pytest.raises(ValueError, match=expected):
        try_augmentation(make_augmentation(function), dataset, batch_size=2, n_classes=K, seed=0)


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        (RandomFlip(p=2), "The 'p' parameter of RandomFlip must be"),
        ([RandomCrop(-1)], "The 'padding' parameter of RandomCrop must be"),
        (lambda x: x[:1], "must return a tensor of 2 images"),
        (lambda x: x[0], "must return a tensor of 2 images"),
        (lambda x: None, "must return a tensor of 2 images"),
        (Augmentation(), "Define _augment"),
    ],
    ids=["probability", "part of a list", "fewer images", "one image", "nothing", "base class"],
)
def test_what_the_augmentation_itself_refuses_comes_out(augment, message, dataset):
    with pytest.raises((ValueError, NotImplementedError), match=message):
        try_augmentation(make_augmentation(augment), dataset, batch_size=2, n_classes=K, seed=0)
