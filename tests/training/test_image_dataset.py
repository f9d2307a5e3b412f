import pickle
import threading
import warnings

import numpy as np
import pytest
import torch
from torch.utils.data import Subset, TensorDataset

from skimgcls.images import ImageLayout
from skimgcls.training import ImageDataset, _image_dataset
from skimgcls.training._image_dataset import tensor_view, without_subsets
from skimgcls.training._streamed_rows import StreamedRows


def dataset_of(images, *, channels_first=True, codes=None, weights=None):
    """Put images (n, c, h, w) into a dataset whose rows hold them in one order or the other."""
    layout = ImageLayout(*images.shape[2:], images.shape[1], channels_first=channels_first)
    ordered = images if channels_first else images.transpose(0, 2, 3, 1)
    return ImageDataset.from_arrays(np.ascontiguousarray(ordered).reshape(len(images), -1), layout, codes, weights)


@pytest.fixture
def weighted(rng):
    return dataset_of(
        rng.integers(0, 256, (6, 3, 4, 5), dtype=np.uint8), codes=np.arange(6), weights=np.arange(6.0) / 2.5
    )


# ------------------------------------------------------------------- lookup


def test_gather_looks_images_codes_and_weights_up(weighted):
    images, codes, weights = weighted.gather(torch.tensor([4, 1]))
    assert images.shape == (2, 3, 4, 5)
    assert torch.equal(images[0].flatten(), weighted.rows[4])
    assert codes.tolist() == [4, 1]
    assert weights.tolist() == pytest.approx([1.6, 0.4])


def test_gather_gives_none_for_what_is_not_there(rng):
    _, codes, weights = dataset_of(rng.random((2, 1, 4, 4))).gather(torch.tensor([0]))
    assert codes is None
    assert weights is None


@pytest.mark.parametrize(("start", "stop"), [(0, 6), (1, 4), (5, 6), (2, 2)])
@pytest.mark.parametrize("channels_first", [True, False])
@pytest.mark.parametrize("index", [None, [5, 0, 3, 1, 2, 4]])
def test_a_slice_is_what_gather_looks_up_side_by_side(index, channels_first, start, stop, rng):
    images = rng.integers(0, 256, (6, 3, 4, 5), dtype=np.uint8)
    dataset = dataset_of(images, channels_first=channels_first, codes=np.arange(6), weights=np.arange(6.0) / 2.5)
    dataset = dataset if index is None else dataset.subset(index)
    sliced, gathered = dataset.slice(start, stop), dataset.gather(torch.arange(start, stop))
    assert all(map(torch.equal, sliced, gathered))
    assert [part.dtype for part in sliced] == [part.dtype for part in gathered]
    assert sliced[0].stride() == gathered[0].stride()


def test_a_slice_without_an_index_is_a_view(weighted):
    images, codes, weights = weighted.slice(2, 5)
    assert images.data_ptr() == weighted.rows[2].data_ptr()
    assert codes.data_ptr() == weighted.codes[2].data_ptr()
    assert weights.data_ptr() == weighted.weights[2].data_ptr()
    copied = weighted.subset([2, 3, 4]).slice(0, 3)[0]
    assert copied.data_ptr() != images.data_ptr()


@pytest.mark.parametrize("index", [None, [1, 0]])
def test_a_slice_gives_none_for_what_is_not_there(index, rng):
    dataset = dataset_of(rng.random((2, 1, 4, 4)))
    _, codes, weights = (dataset if index is None else dataset.subset(index)).slice(0, 2)
    assert codes is None
    assert weights is None


def test_it_is_a_dataset_of_image_and_code_pairs(weighted):
    assert len(weighted) == 6
    for i in range(len(weighted)):
        image, code = weighted[i]
        assert torch.equal(image, weighted.X[i])
        assert code == weighted.y[i] == i


def test_without_codes_an_item_has_a_code_of_zero_as_skorchs_own_datasets_do(rng):
    assert dataset_of(rng.random((2, 1, 4, 4)))[1][1] == 0


def test_the_rows_are_the_memory_of_the_array(rng):
    rows = rng.random((5, 16))
    dataset = ImageDataset.from_arrays(rows, ImageLayout(4, 4, 1, True))
    assert dataset.rows.data_ptr() == rows.ctypes.data


def test_a_subset_shares_the_rows_and_keeps_its_order(weighted):
    subset = weighted.subset([5, 0, 3])
    assert subset.rows is weighted.rows
    assert len(subset) == 3
    assert subset.y.tolist() == [5, 0, 3]
    assert torch.equal(subset.X, weighted.X[[5, 0, 3]])


def test_a_subset_of_a_subset_counts_within_it(weighted):
    assert weighted.subset([5, 0, 3]).subset([2, 0]).y.tolist() == [3, 5]


def test_weights_of_a_subset_have_mean_one(weighted):
    weights = weighted.subset([1, 2, 5]).gather(torch.arange(3))[2]
    assert weights.mean().item() == pytest.approx(1)
    assert (weights / weights[0]).tolist() == pytest.approx([1, 2, 5])


def test_on_the_device_where_it_is_nothing_is_copied(weighted):
    assert weighted.to("cpu").rows.data_ptr() == weighted.rows.data_ptr()


def test_everything_moves_to_another_device(weighted):
    moved = weighted.subset([1, 3]).to("meta")
    parts = (moved.rows, moved.codes, moved.weights, moved.index)
    assert {part.device.type for part in parts} == {"meta"}
    assert moved.layout == weighted.layout
    assert [part if part is None else part.shape for part in moved.gather(torch.arange(2, device="meta"))] == [
        (2, 3, 4, 5),
        (2,),
        (2,),
    ]


def test_rows_go_to_a_device_once_for_all_that_share_them(weighted):
    moved = [each.to("meta") for each in (weighted, weighted.subset([1, 3]), weighted.labelled(np.zeros(6)), weighted)]
    assert len({id(each.rows) for each in moved}) == 1
    assert moved[1].index.device.type == "meta"
    assert weighted.rows.device.type == "cpu"


def test_two_threads_send_the_rows_once(weighted):
    barrier, moved = threading.Barrier(4), []

    def send():
        barrier.wait()
        moved.append(weighted.subset([1, 3]).to("meta").rows)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(rows) for rows in moved}) == 1


def test_a_pickle_leaves_the_copies_on_devices_behind(weighted):
    weighted.to("meta")
    again = pickle.loads(pickle.dumps(weighted))
    assert again.to("meta").rows.device.type == "meta"
    assert torch.equal(again.X, weighted.X)
    assert "meta" not in str(vars(again)["rows"].device)


def test_the_same_images_are_viewed_with_other_labels(weighted):
    labelled = weighted.subset([5, 0, 3]).labelled(np.array([7, 8, 9]), np.array([1.0, 2.0, 0.0], np.float32))
    images, codes, weights = labelled.gather(torch.tensor([2, 0]))
    assert torch.equal(images, weighted.X[[3, 5]])
    assert (codes.tolist(), weights.tolist()) == ([9, 7], [0, 1])
    assert weighted.y.tolist() == [0, 1, 2, 3, 4, 5]
    assert labelled.labelled(None).codes is None


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_read_only_memory_is_viewed_without_a_copy_or_a_warning(dtype, rng):
    array = rng.integers(0, 256, (3, 4)).astype(dtype)
    array.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tensor = tensor_view(array)
    assert tensor.data_ptr() == array.ctypes.data
    np.testing.assert_array_equal(tensor, array)


def test_a_view_of_read_only_memory_keeps_that_memory_alive():
    array = np.arange(100_000, dtype=np.float64)
    array.flags.writeable = False
    tensor = tensor_view(array)
    del array
    assert torch.equal(tensor, torch.arange(100_000, dtype=torch.float64))


# ------------------------------------------------------------------ moments


def numpy_moments(images, weights=None):
    pixels = images.astype(np.float64).transpose(1, 0, 2, 3).reshape(images.shape[1], -1)
    weights = np.ones(len(images)) if weights is None else weights
    per_pixel = np.repeat(weights, images.shape[2] * images.shape[3])
    mean = np.average(pixels, axis=1, weights=per_pixel)
    return mean, np.sqrt(np.average((pixels - mean[:, None]) ** 2, axis=1, weights=per_pixel))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("channels_first", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("chunk_bytes", [1, 1000, 2**24])
def test_moments_are_those_of_each_channel(dtype, channels_first, weighted, chunk_bytes, rng):
    images = (rng.random((37, 3, 4, 5)) * [[[[200]], [[20]], [[90]]]]).astype(dtype)
    weights = rng.random(37) if weighted else None
    dataset = dataset_of(images, channels_first=channels_first, weights=weights)
    mean, std = dataset.moments(chunk_bytes=chunk_bytes)
    expected_mean, expected_std = numpy_moments(images, weights)
    assert mean.dtype == std.dtype == torch.float64
    np.testing.assert_allclose(mean, expected_mean, rtol=1e-12)
    np.testing.assert_allclose(std, expected_std, rtol=1e-10)


@pytest.mark.parametrize("index", [None, [2, 0], [4]])
def test_the_maximum_is_that_of_the_subset(index, rng):
    images = rng.normal(size=(5, 3, 4, 4))
    images[2, 1, 1, 1] = 9
    dataset = dataset_of(images)
    dataset = dataset if index is None else dataset.subset(index)
    assert dataset.maximum == images[slice(None) if index is None else index].max()


def test_what_is_known_of_the_images_is_found_out_once_whatever_their_labels(rng, monkeypatch):
    dataset, seen = dataset_of(rng.integers(0, 256, (20, 1, 4, 4), dtype=np.uint8)).subset(np.arange(15)), []
    chunks = ImageDataset._chunks
    monkeypatch.setattr(ImageDataset, "_chunks", lambda self, size: seen.append(len(self)) or chunks(self, size))
    for codes in (None, np.zeros(15), np.ones(15)):
        labelled = dataset.labelled(codes)
        assert labelled.moments() == dataset.moments()
        assert labelled.maximum == dataset.maximum
    assert seen == [15, 15]
    subset = dataset.subset([0, 1])
    assert subset.moments() != dataset.moments()


def test_weighted_moments_are_those_of_each_weighting(rng):
    images = rng.random((20, 1, 4, 4))
    dataset = dataset_of(images)
    for weights in (None, rng.random(20), rng.random(20)):
        np.testing.assert_allclose(dataset.labelled(None, weights).moments(), numpy_moments(images, weights))


def test_moments_are_those_of_the_subset(rng):
    images = rng.random((20, 1, 4, 4))
    mean, std = dataset_of(images).subset([3, 9, 11]).moments()
    expected_mean, expected_std = numpy_moments(images[[3, 9, 11]])
    np.testing.assert_allclose(mean, expected_mean)
    np.testing.assert_allclose(std, expected_std)


@pytest.mark.parametrize("offset", [1e3, 1e6, -1e6, 1e9])
@pytest.mark.parametrize("spread", [1e-2, 1.0, 5.0])
def test_a_small_spread_around_a_large_mean_is_not_lost(offset, spread, rng):
    images = rng.normal(offset, spread, (300, 2, 4, 4))
    mean, std = dataset_of(images).moments(chunk_bytes=2**12)
    expected_mean, expected_std = numpy_moments(images)
    np.testing.assert_allclose(mean, expected_mean, rtol=1e-12)
    np.testing.assert_allclose(std, expected_std, rtol=1e-5)


@pytest.mark.parametrize("value", [0, 7, 0.1, 1 / 3, 255, 1e6 + 0.1, -3e-5])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_constant_channel_has_a_spread_of_one_whatever_rounding_leaves(value, dtype, rng):
    images = rng.random((50, 2, 7, 7)).astype(dtype)
    images[:, 1] = value
    mean, std = dataset_of(images, weights=rng.random(50).astype(dtype)).moments(chunk_bytes=5000)
    assert std[1] == 1
    assert std[0] == pytest.approx(12**-0.5, rel=0.1)
    assert mean[1] == pytest.approx(float(dtype(value)), rel=1e-12)


def test_a_tiny_spread_is_a_spread(rng):
    images = rng.normal(0, 1e-8, (50, 1, 4, 4))
    assert dataset_of(images).moments()[1].item() == pytest.approx(images.std())


def test_values_whose_squares_overflow_are_refused_with_the_remedy(rng):
    with pytest.raises(ValueError, match=r"too large to be scaled.*Divide X"):
        dataset_of(rng.random((5, 1, 4, 4)) * 1e200).moments()


def test_a_subset_of_a_subset_becomes_an_index_and_copies_no_image(weighted):
    unwrapped = without_subsets(Subset(Subset(weighted, [5, 3, 1]), [2, 0]))
    assert isinstance(unwrapped, ImageDataset)
    assert unwrapped.rows is weighted.rows
    assert unwrapped.index.tolist() == [1, 5]
    assert unwrapped.y.tolist() == [1, 5]


def test_subsets_of_other_datasets_and_whole_datasets_are_left(weighted):
    other = Subset(TensorDataset(torch.zeros(3)), [0])
    assert without_subsets(other) is other
    assert without_subsets(weighted) is weighted


# -------------------------------------------------------- rows beyond the memory


def streamed(whole):
    """The same images, read when they are looked up."""
    rows = StreamedRows(whole.rows.numpy().__getitem__, *whole.rows.shape)
    return ImageDataset(rows, whole.layout, whole.codes, whole.weights, whole.index)


@pytest.fixture
def photographs(rng):
    images = rng.integers(0, 200, (300, 6, 5, 3)).astype(np.uint8)
    layout = ImageLayout(6, 5, 3, channels_first=False)
    return ImageDataset.from_arrays(images.reshape(300, -1), layout, np.arange(300) % 3, rng.random(300))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("block_bytes", [1, 1000, 2**24])
def test_what_is_known_of_streamed_images_is_equal_to_the_bit(photographs, weighted, block_bytes, monkeypatch):
    monkeypatch.setattr(_image_dataset, "_BLOCK_BYTES", block_bytes)
    whole = photographs if weighted else photographs.labelled(photographs.codes)
    for each in (whole, whole.subset(np.arange(250)[::-1].copy())):
        other = streamed(each)
        assert other.is_streamed
        for ours, theirs in zip(other.moments(2000), each.moments(2000), strict=True):
            assert torch.equal(ours, theirs)
        assert other.maximum == each.maximum


def test_streamed_images_are_looked_up_alike(photographs):
    other = streamed(photographs)
    positions = torch.tensor([4, 0, 299])
    for ours, theirs in (
        (other.gather(positions), photographs.gather(positions)),
        (other.slice(3, 9), photographs.slice(3, 9)),
        (other.subset([7, 5]).slice(0, 2), photographs.subset([7, 5]).slice(0, 2)),
    ):
        assert all(map(torch.equal, ours, theirs))
    assert torch.equal(other[5][0], photographs[5][0])
    assert torch.equal(other.X, photographs.X)
    assert other.to("meta") is other


def test_the_largest_byte_ends_the_search_for_the_maximum(monkeypatch):
    seen = []
    rows = StreamedRows(lambda at: seen.extend(at) or np.full((len(at), 30), 255, np.uint8), 10_000, 30)
    monkeypatch.setattr(_image_dataset, "_BLOCK_BYTES", 30_000)
    assert ImageDataset(rows, ImageLayout(6, 5, 1, True)).maximum == 255
    assert 0 < len(seen) <= 4 * 1000 + 4 * 1000
