import numpy as np
import pytest
import torch
from skorch.dataset import unpack_data

from skimgcls.images import ImageLayout
from skimgcls.preprocessing import Augmentation, Compose, Mixup
from skimgcls.training import BatchIterator, ImageDataset
from skimgcls.training._streamed_rows import StreamedRows


def numbered(n, *, weights=False, index=None):
    """Images whose single pixel, code and weight are their own number."""
    rows = np.arange(n, dtype=np.float32).reshape(n, 1)
    dataset = ImageDataset.from_arrays(rows, ImageLayout(1, 1, 1, True), np.arange(n), rows[:, 0] if weights else None)
    return dataset if index is None else dataset.subset(index)


def shuffled(n, batch_size, seed=0):
    iterator = BatchIterator(numbered(n), batch_size, "cpu", shuffle=True)
    iterator.generator = torch.Generator().manual_seed(seed)
    return iterator


def sizes_and_order(iterator):
    batches = [images.flatten().int().tolist() for images, _ in iterator]
    return [len(batch) for batch in batches], [number for batch in batches for number in batch]


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("batch_size", [-1, 1, 2, 3, 7, 16, 17, 100])
@pytest.mark.parametrize("n", [1, 2, 3, 15, 16, 17, 33])
def test_each_image_comes_exactly_once_and_the_length_is_the_number_of_batches(n, batch_size, shuffle):
    iterator = shuffled(n, batch_size) if shuffle else BatchIterator(numbered(n), batch_size, "cpu")
    sizes, order = sizes_and_order(iterator)
    assert sorted(order) == list(range(n))
    assert len(iterator) == len(sizes)
    if not shuffle:
        assert order == sorted(order)


@pytest.mark.parametrize("n", range(2, 40))
@pytest.mark.parametrize("batch_size", [2, 3, 5, 8, 13])
def test_training_never_sees_a_batch_of_one_image(n, batch_size):
    sizes, _ = sizes_and_order(shuffled(n, batch_size))
    assert min(sizes) >= 2
    assert max(sizes) <= batch_size + 1
    assert sizes[:-1] == [min(batch_size, n)] * (len(sizes) - 1)


def test_batches_of_one_image_are_given_when_asked_for():
    assert sizes_and_order(shuffled(3, 1))[0] == [1, 1, 1]


def test_prediction_keeps_a_last_batch_of_one_image():
    assert sizes_and_order(BatchIterator(numbered(5), 2, "cpu"))[0] == [2, 2, 1]


@pytest.mark.parametrize("batch_size", [-1, 5, 6, 1000])
def test_a_batch_size_of_the_data_or_above_means_one_batch(batch_size):
    assert sizes_and_order(shuffled(5, batch_size))[0] == [5]


def test_the_order_follows_from_the_generator_alone():
    torch.manual_seed(0)
    first = sizes_and_order(shuffled(50, 8, seed=3))[1]
    torch.manual_seed(1)
    assert sizes_and_order(shuffled(50, 8, seed=3))[1] == first
    assert sizes_and_order(shuffled(50, 8, seed=4))[1] != first
    assert first != sorted(first)


def test_each_pass_permutes_anew():
    iterator = shuffled(50, 8)
    assert sizes_and_order(iterator)[1] != sizes_and_order(iterator)[1]


def test_codes_and_weights_stay_with_their_images():
    iterator = BatchIterator(numbered(20, weights=True), 6, "cpu", shuffle=True)
    for batch in iterator:
        images, codes = unpack_data(batch)  # the pair that skorch and its callbacks expect
        assert torch.equal(images.flatten(), codes.float())
        assert torch.equal(batch.weights, codes.float())


def test_batches_without_weights_or_codes_say_so():
    dataset = ImageDataset.from_arrays(np.zeros((4, 1), np.float32), ImageLayout(1, 1, 1, True))
    (batch,) = BatchIterator(dataset, -1, "cpu")
    images, codes = batch
    assert batch.weights is None
    assert torch.equal(codes, torch.zeros(4))  # skorch takes a target for granted
    assert images.shape == (4, 1, 1, 1)


def test_a_subset_gives_its_own_images():
    _, order = sizes_and_order(BatchIterator(numbered(10, index=[7, 2, 5]), 2, "cpu"))
    assert order == [7, 2, 5]


def test_batches_go_to_the_device_asked_for():
    batches = list(BatchIterator(numbered(3, weights=True), 2, "meta"))
    assert {part.device.type for batch in batches for part in (*batch, batch.weights)} == {"meta"}
    assert [len(batch[0]) for batch in batches] == [2, 1]


# ------------------------------------------------------------------- augmentation


class AddNoise(Augmentation):
    """Adds a number in [0, 0.5) to each pixel, so that its whole part still tells the image."""

    n_draws = 1

    def _augment(self, images, draws):
        return images + draws[:, 0, None, None, None] / 2


def augmented(n=20, batch_size=6, *, augmentation, order_seed=0, draw_seed=0, weights=False, shuffle=True):
    iterator = BatchIterator(numbered(n, weights=weights), batch_size, "cpu", shuffle, augmentation, n)
    iterator.generator = torch.Generator().manual_seed(order_seed)
    iterator.augment_generator = torch.Generator().manual_seed(draw_seed)
    return list(iterator)


def pixels(batches):
    return torch.cat([images.flatten() for images, _ in batches])


def test_without_an_augmentation_images_come_as_they_are():
    batches = augmented(augmentation=None)
    assert torch.equal(pixels(batches), pixels(batches).floor())


@pytest.mark.parametrize("shuffle", [False, True])
def test_each_image_is_augmented_beside_its_own_code_and_weight(shuffle):
    batches = augmented(augmentation=AddNoise(), weights=True, shuffle=shuffle)
    for images, codes in batches:
        assert torch.equal(images.flatten().floor(), codes.float())
    assert torch.equal(torch.cat([batch.weights for batch in batches]), pixels(batches).floor())
    assert (pixels(batches) % 1).unique().numel() == 20


def test_draws_follow_from_the_augment_generator_and_the_order_from_the_other():
    first, again, drawn_anew, ordered_anew = (
        pixels(augmented(augmentation=AddNoise(), order_seed=order_seed, draw_seed=draw_seed))
        for order_seed, draw_seed in [(0, 0), (0, 0), (0, 1), (1, 0)]
    )
    assert torch.equal(again, first)
    assert torch.equal(drawn_anew.floor(), first.floor())
    assert not torch.equal(drawn_anew, first)
    assert not torch.equal(ordered_anew.floor(), first.floor())
    torch.testing.assert_close(ordered_anew % 1, first % 1, atol=1e-5, rtol=0)


def test_draws_come_from_no_global_generator():
    before = torch.get_rng_state()
    augmented(augmentation=AddNoise())
    assert torch.equal(torch.get_rng_state(), before)


def test_each_pass_draws_anew():
    iterator = BatchIterator(numbered(20), 6, "cpu", augmentation=AddNoise())
    iterator.augment_generator = torch.Generator().manual_seed(0)
    assert not torch.equal(pixels(iterator), pixels(iterator))


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("augmentation", [Mixup(1.0), Compose([AddNoise(), Mixup(1.0)])], ids=str)
def test_mixed_labels_are_probabilities_of_all_classes(augmentation, weights):
    for batch in augmented(augmentation=augmentation, weights=weights):
        images, codes = unpack_data(batch)
        assert batch.targets.shape == (len(images), 20)
        torch.testing.assert_close(batch.targets.sum(1), torch.ones(len(images)))
        assert torch.equal(codes, batch.targets.argmax(1))  # callbacks that score take codes
        assert (batch.weights is not None) is weights


def test_a_mixture_shows_what_its_labels_and_weights_say():
    for batch in augmented(augmentation=Mixup(1.0), weights=True):
        mean_number = batch[0].flatten()
        torch.testing.assert_close(batch.weights, mean_number)  # here each weight is the image's number
        shares = batch.targets * batch.weights[:, None] / torch.arange(20).clamp_min(1)  # of the weighted labels
        torch.testing.assert_close((shares * torch.arange(20)).sum(1), mean_number)


def test_the_data_set_stays_as_it_was():
    dataset = numbered(20, weights=True)
    before = dataset.rows.clone(), dataset.codes.clone(), dataset.weights.clone()
    iterator = BatchIterator(dataset, 6, "cpu", False, Compose([AddNoise(), Mixup(1.0)]), 20)
    assert len(list(iterator)) == len(iterator) == 4
    assert all(map(torch.equal, before, (dataset.rows, dataset.codes, dataset.weights)))


def test_images_are_augmented_where_they_are_used():
    (batch,) = BatchIterator(numbered(3), 3, "meta", augmentation=Compose([]))
    assert batch[0].device.type == "meta"


@pytest.mark.parametrize("shuffle", [False, True])
def test_streamed_images_come_in_the_same_batches(shuffle, rng):
    values = rng.integers(0, 256, (23, 12)).astype(np.uint8)
    whole = ImageDataset.from_arrays(values, ImageLayout(2, 2, 3, False), np.arange(23))
    rows = StreamedRows(values.__getitem__, 23, 12)
    for dataset in (whole, ImageDataset(rows, whole.layout, whole.codes)):
        iterator = BatchIterator(dataset, 4, "cpu", shuffle)
        iterator.generator = torch.Generator().manual_seed(3)
        batches = [(images.clone(), codes) for images, codes in iterator]
        if dataset is whole:
            expected = batches
    assert len(batches) == len(expected) == 6
    for ours, theirs in zip(batches, expected, strict=True):
        assert all(map(torch.equal, ours, theirs))


@pytest.mark.parametrize("batch_size", [-1, 4, 5, 100])
def test_a_shuffled_pass_draws_as_its_sampling_says(batch_size):
    dataset = ImageDataset.from_arrays(
        np.arange(11.0)[:, None], ImageLayout(1, 1, 1, True), np.array([0] * 8 + [1] * 3)
    )
    iterator = BatchIterator(dataset, batch_size, "cpu", shuffle=True, sampling="oversample")
    iterator.generator = torch.Generator().manual_seed(0)
    sizes, order = sizes_and_order(iterator)
    assert len(iterator) == len(sizes)
    assert sum(number < 8 for number in order) == sum(number >= 8 for number in order) == 8
    assert set(order) == set(range(11))
    in_order = BatchIterator(dataset, batch_size, "cpu", sampling="oversample")
    assert sizes_and_order(in_order)[1] == list(range(11))
