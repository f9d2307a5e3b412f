import numpy as np
import pytest
import torch
from skorch.dataset import unpack_data

from skimgcls.images import ImageLayout
from skimgcls.training import BatchIterator, ImageDataset


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
