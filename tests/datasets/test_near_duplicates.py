import io
import tracemalloc

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from scipy.fft import dctn
from sklearn.datasets import load_sample_images

from skimgcls.datasets import _near_duplicates as module
from skimgcls.datasets._near_duplicates import near_duplicates, perceptual_hashes


@pytest.fixture(scope="module")
def crops():
    """Parts of two real photographs, which do not overlap, without those of bare sky."""
    photographs = [Image.fromarray(image) for image in load_sample_images().images]
    boxes = [(x, y, x + 80, y + 64) for y in range(0, 400, 64) for x in range(0, 600, 80)]
    parts = [each.crop(box) for each in photographs for box in boxes]
    return [part for part in parts if np.std(part.convert("L")) > 25][:60]


def thumbs_of(images):
    return np.stack([np.asarray(image.convert("L").resize((32, 32), Image.Resampling.BILINEAR)) for image in images])


def compressed(image):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=40)
    return Image.open(file)


CHANGES = {
    "compressed": compressed,
    "shrunk": lambda image: image.resize((40, 32)),
    "squashed": lambda image: image.resize((60, 80)),
    "turned grey": lambda image: image.convert("L"),
    "less contrast": lambda image: ImageEnhance.Contrast(image).enhance(0.7),
    "lightened": lambda image: ImageEnhance.Brightness(image).enhance(1.1),
    "few colours": lambda image: image.convert("P"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_copies_of_photographs_are_found_and_no_others(crops, change):
    n = len(crops)
    assert n == 60
    groups = near_duplicates(thumbs_of([*crops, *(CHANGES[change](image) for image in crops[:20])]))
    assert groups[:n].tolist() == list(range(n))
    found = groups[n:] == np.arange(20)
    assert found.mean() >= 0.9
    assert (groups[n:][~found] >= n).all()  # else they are groups of their own


@pytest.mark.parametrize("turn", [Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180])
def test_turned_copies_are_not_near(crops, turn):
    groups = near_duplicates(thumbs_of([*crops, *(image.transpose(turn) for image in crops)]))
    assert groups.tolist() == list(range(2 * len(crops)))


def test_copies_of_copies_are_in_one_group_and_the_order_does_not_matter(crops):
    thumbs = thumbs_of([*crops, CHANGES["compressed"](crops[5]), CHANGES["turned grey"](crops[5])])
    assert near_duplicates(thumbs)[[5, 60, 61]].tolist() == [5, 5, 5]
    assert near_duplicates(thumbs[::-1])[[0, 1, 56]].tolist() == [0, 0, 0]


def test_handwritten_digits_are_not_all_taken_for_one(digits):
    X, y = digits
    thumbs = thumbs_of([Image.fromarray(image * 15) for image in [*X, X[7]]])
    groups = near_duplicates(thumbs, np.r_[y, y[7]])
    assert groups[-1] == 7
    assert len(set(groups)) >= 195


def test_the_threshold_is_learnt_from_images_of_one_class(digits):
    X, y = digits
    thumbs = thumbs_of([Image.fromarray(image * 15) for image in X])
    assert module._learn_threshold(thumbs, y) >= module._learn_threshold(thumbs, np.zeros_like(y))
    assert module._learn_threshold(thumbs[:9], None) == 0.9  # from a few nothing can be learnt


def test_photographs_need_less_likeness_than_digits(crops, digits):
    thumbs = thumbs_of([Image.fromarray(image * 15) for image in digits[0]])
    assert module._learn_threshold(thumbs_of(crops), None) < module._learn_threshold(thumbs, None)


def test_the_hash_compares_low_frequencies_with_their_median(rng):
    thumbs = rng.integers(0, 256, (5, 32, 32), dtype=np.uint8)
    coefficients = dctn(thumbs.astype(float), axes=(1, 2))[:, :8, :8].reshape(5, 64)[:, 1:]
    # scipy's transform doubles each direction, ours does not: only the frequency 0 differs from the rest by that
    bits = coefficients > np.median(coefficients, axis=1, keepdims=True)
    hashes = perceptual_hashes(thumbs)
    found = (hashes[:, np.newaxis] >> np.arange(62, -1, -1, dtype=np.uint64) & np.uint64(1)).astype(bool)
    np.testing.assert_array_equal(found, bits)


def test_brightness_alone_does_not_change_the_hash(crops):
    thumbs = thumbs_of(crops)
    np.testing.assert_array_equal(perceptual_hashes(thumbs // 2), perceptual_hashes(thumbs // 2 + 60))


@pytest.mark.parametrize("chunk", [1, 100, 1 << 22])
def test_all_pairs_within_the_distance_are_found_once_each(rng, monkeypatch, chunk):
    monkeypatch.setattr(module, "_CHUNK", chunk)
    hashes = rng.integers(0, 1 << 63, size=40, dtype=np.uint64)
    for start in range(40):  # neighbours of many distances
        flips = rng.choice(63, size=rng.integers(0, 10), replace=False).astype(np.uint64)
        neighbour = hashes[start] ^ np.bitwise_or.reduce(np.uint64(1) << flips, initial=np.uint64(0))
        hashes = np.append(hashes, neighbour)
    pairs = [pair for first, second in module._alike_pairs(hashes) for pair in zip(first, second, strict=True)]
    differing = hashes[:, np.newaxis] ^ hashes
    n_bits = sum((differing >> np.uint64(bit) & np.uint64(1)).astype(int) for bit in range(64))
    assert sorted(pairs) == [(i, j) for i in range(80) for j in range(i + 1, 80) if n_bits[i, j] <= 6]


def test_bits_are_counted_without_a_new_numpy_too(rng, monkeypatch):
    values = rng.integers(0, 1 << 63, size=50, dtype=np.uint64)
    expected = [int(value).bit_count() for value in values]
    assert module._count_bits(values).tolist() == expected
    monkeypatch.delattr(np, "bitwise_count", raising=False)
    assert module._count_bits(values).tolist() == expected


def test_memory_does_not_grow_with_the_square(crops, monkeypatch):
    monkeypatch.setattr(module, "_CHUNK", 1 << 14)
    monkeypatch.setattr(module, "_CONFIRMED_AT_A_TIME", 1 << 6)
    thumbs = np.repeat(thumbs_of(crops[:1]), 1500, axis=0)  # all alike: 1.1 million pairs
    tracemalloc.start()
    groups = near_duplicates(thumbs)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert set(groups) == {0}
    assert peak < 8 * 2**20  # a matrix of the pairs' bits alone would take 9 MB, of their correlations 9 MB


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_images_are_no_special_case(n):
    assert near_duplicates(np.zeros((n, 32, 32), np.uint8)).tolist() == list(range(n))
