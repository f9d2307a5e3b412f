import hashlib
import io
import os
import zipfile

import numpy as np
import pytest
from PIL import Image

from skimgcls.datasets import _cifar10_jpeg
from skimgcls.datasets._cifar10_jpeg import find_jpeg, read_jpeg

CLASSES = ("cat", "dog", "elk")


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """A zip with 2 training and 1 test image per class; brightness: 100 if test + 40 * number + 10 * class."""
    path = tmp_path / "home" / "cifar10-jpeg.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        for part, n_images in (("test", 1), ("train", 2)):
            for code, name in enumerate(CLASSES):
                for i in range(n_images):
                    file = io.BytesIO()
                    brightness = (100 if part == "test" else 0) + 40 * i + 10 * code
                    Image.new("RGB", (32, 32), (brightness,) * 3).save(file, "JPEG", quality=75)
                    archive.writestr(f"{part}/{name}/{i:04d}.jpg", file.getvalue())
    monkeypatch.setattr(_cifar10_jpeg, "ARCHIVE_SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    monkeypatch.setattr(_cifar10_jpeg, "_IMAGES_PER_CLASS", {"train": 2, "test": 1})
    return path


@pytest.fixture
def home(archive):
    return archive.parent


def kept_files(folder):
    return sorted(path for path in folder.rglob("*") if path.suffix == ".npz")


def test_images_are_ordered_by_number_then_by_class(archive, home):
    images, codes, filenames = read_jpeg(archive, ("train", "test"), CLASSES, [home])
    assert images.shape == (9, 32, 32, 3)
    assert images.dtype == np.uint8
    assert images[:, 5, 5, 1].tolist() == [0, 10, 20, 40, 50, 60, 100, 110, 120]
    assert codes.tolist() == [0, 1, 2] * 3
    assert filenames.tolist() == [
        *(f"train/{name}/0000.jpg" for name in CLASSES),
        *(f"train/{name}/0001.jpg" for name in CLASSES),
        *(f"test/{name}/0000.jpg" for name in CLASSES),
    ]


def test_images_are_decoded_once(archive, home, monkeypatch):
    first = read_jpeg(archive, ("train",), CLASSES, [home])
    assert len(kept_files(home)) == 1
    monkeypatch.setattr(_cifar10_jpeg, "decode_image", lambda *_, **__: pytest.fail("decoded again"))
    for mine, theirs in zip(read_jpeg(archive, ("train",), CLASSES, [home]), first, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_the_array_is_kept_in_the_last_folder(archive, home, tmp_path):
    read_jpeg(archive, ("test",), CLASSES, [home, tmp_path / "cache"])
    assert kept_files(home) == []
    assert [path.parent for path in kept_files(tmp_path / "cache")] == [tmp_path / "cache" / "cifar10-jpeg"]


def test_an_array_kept_beside_the_zip_is_used_where_the_folder_is_read_only(archive, home, tmp_path, monkeypatch):
    read_jpeg(archive, ("test",), CLASSES, [home])
    monkeypatch.setattr(_cifar10_jpeg, "decode_image", lambda *_, **__: pytest.fail("decoded again"))
    assert len(read_jpeg(archive, ("test",), CLASSES, [home, tmp_path / "cache"])[0]) == 3


def test_nothing_half_written_stays_when_writing_fails(archive, home, monkeypatch):
    def fail(path, **_):
        path.write_bytes(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.warns(UserWarning, match=r"could not be kept in .*no space left.*data_home that can be written to"):
        images, _, _ = read_jpeg(archive, ("test",), CLASSES, [home])
    assert images[:, 0, 0, 0].tolist() == [100, 110, 120]
    assert list((home / "cifar10-jpeg").iterdir()) == []


@pytest.mark.parametrize("damage", ["flipped bit", "cut off", "other shape", "other name", "other format", "empty"])
def test_a_damaged_array_is_made_again(archive, home, damage):
    expected = read_jpeg(archive, ("test",), CLASSES, [home])[0]
    (path,) = kept_files(home)
    content = bytearray(path.read_bytes())
    if damage == "flipped bit":
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    elif damage == "cut off":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "other format":
        with open(path, "wb") as file:
            np.save(file, expected)
    elif damage == "other shape":
        np.savez(path, images=expected[:1])
    else:
        np.savez(path, pictures=expected)
    for _ in range(2):  # the second time from the new array
        np.testing.assert_array_equal(read_jpeg(archive, ("test",), CLASSES, [home])[0], expected)
    assert np.load(path)["images"].shape == (3, 32, 32, 3)


def test_an_array_with_pickled_objects_is_not_unpickled(archive, home, tmp_path):
    read_jpeg(archive, ("test",), CLASSES, [home])
    (path,) = kept_files(home)

    class Malicious:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "made"),)

    np.savez(path, images=np.array([Malicious()], dtype=object))
    assert len(read_jpeg(archive, ("test",), CLASSES, [home])[0]) == 3
    assert not (tmp_path / "made").exists()


def test_another_zip_is_refused(archive, home):
    with zipfile.ZipFile(archive, "a") as changed:
        changed.writestr("more.txt", "more")
    with pytest.raises(OSError, match=r"cifar10-jpeg\.zip is not the file that was expected"):
        read_jpeg(archive, ("test",), CLASSES, [home])
    assert kept_files(home) == []


def test_the_zip_is_found_in_the_first_folder_that_has_it(archive, home, tmp_path):
    assert find_jpeg([tmp_path, home]) == archive
    assert find_jpeg([tmp_path]) is None
