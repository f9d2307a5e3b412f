import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skimgcls.exceptions import ImageDecodeError
from skimgcls.images import ImageLayout, decode_images
from skimgcls.images import _decode_rows as module
from skimgcls.images._decode_rows import (
    COLOUR,
    FAILED,
    GREY,
    OWN_SIZE,
    ColourFoundError,
    DecodeFailures,
    DecodeTarget,
    decode_rows,
)


@pytest.fixture
def files(tmp_path, rng):
    """Ten grey and ten colour PNG files of 6 x 5 pixels."""
    paths = []
    for number in range(20):
        shape = (6, 5) if number < 10 else (6, 5, 3)
        paths.append(str(tmp_path / f"{number}.png"))
        Image.fromarray(rng.integers(0, 256, shape).astype(np.uint8)).save(paths[-1])
    return paths


def decode(paths, target, **params):
    failures = DecodeFailures(len(paths))
    result = decode_rows(paths, target, failures, **params)
    failures.raise_if_any()
    return result


@pytest.mark.parametrize("n_threads", [None, 1, 3])
@pytest.mark.parametrize("resize", [True, False])
def test_rows_are_the_decoded_images_and_the_facts_those_of_the_files(files, resize, n_threads):
    target = DecodeTarget(6, 5, 3, resize=resize)
    rows, facts = decode(files, target, n_threads=n_threads)
    np.testing.assert_array_equal(rows, decode_images(files, (6, 5), "rgb").reshape(20, -1))
    assert rows.shape == (20, target.row_bytes)
    assert target.layout == ImageLayout(6, 5, 3, channels_first=False)
    own = 0 if resize else OWN_SIZE
    assert facts.tolist() == [GREY | own] * 10 + [COLOUR | own] * 10


def test_colour_becomes_grey_where_that_is_wanted_and_raises_where_it_must_not_be(files):
    rows, facts = decode(files, DecodeTarget(6, 5, 1))
    np.testing.assert_array_equal(rows, decode_images(files, (6, 5), "gray").reshape(20, -1))
    assert not facts.any()  # nothing is known about what they were
    assert decode(files[:10], DecodeTarget(6, 5, 1, to_grey=False))[1].tolist() == [GREY] * 10
    with pytest.raises(ColourFoundError):
        decode(files, DecodeTarget(6, 5, 1, to_grey=False))


def test_another_size_is_refused_with_the_parameter_unless_files_are_resized(files, tmp_path):
    other = str(tmp_path / "other.png")
    Image.new("RGB", (9, 8)).save(other)
    with pytest.raises(ValueError, match=r"different sizes .*8 x 9 \(.*other.png\), 6 x 5.*image_size=64"):
        decode([*files, other], DecodeTarget(6, 5, 3, resize=False))
    assert decode([*files, other], DecodeTarget(6, 5, 3))[0].shape == (21, 90)


@pytest.mark.parametrize("n_threads", [1, 3])
def test_files_that_cannot_be_decoded_are_marked_and_named_together(files, n_threads):
    for number in (3, 15):
        Path(files[number]).write_bytes(b"no image")
    failures = DecodeFailures(20)
    rows, facts = decode_rows(files, DecodeTarget(6, 5, 3), failures, n_threads=n_threads)
    assert np.flatnonzero(facts == FAILED).tolist() == [3, 15]
    np.testing.assert_array_equal(rows[14], decode_images(files[14:15], (6, 5)).ravel())
    with pytest.raises(ImageDecodeError, match=r"(?s)2 of 20 images.*/3\.png.*/15\.png"):
        failures.raise_if_any()


def test_ten_failures_are_enough(files):
    for path in files:
        Path(path).write_bytes(b"no image")
    with pytest.raises(ImageDecodeError, match="At least 10 of 20 images"):
        decode_rows(files, DecodeTarget(6, 5, 3), DecodeFailures(20))


def test_no_failure_raises_nothing():
    assert DecodeFailures(3).raise_if_any() is None


@pytest.mark.parametrize(("size", "several"), [(10, False), (100_000, True)])
def test_threads_are_for_large_files(files, size, several, monkeypatch):
    seen = set()
    monkeypatch.setattr("joblib.cpu_count", lambda: 3)
    monkeypatch.setattr(module.os.path, "getsize", lambda path: size)
    decode_image = module.decode_image
    monkeypatch.setattr(
        module, "decode_image", lambda *a: seen.add(threading.current_thread().name) or decode_image(*a)
    )
    decode(files, DecodeTarget(6, 5, 3))
    assert (seen == {"MainThread"}) is not several


def test_a_file_that_is_gone_raises(files):
    with pytest.raises(FileNotFoundError):
        decode([*files, "gone.png"], DecodeTarget(6, 5, 3))
