import hashlib
import io
import re
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from skimgcls.datasets import _cifar10_jpeg, _cifar10_original, fetch_cifar10

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


@pytest.fixture
def original(tmp_path, monkeypatch, rng, cifar10_batch):
    """The test batch of a small original: images, codes and a function that puts it into a folder."""
    images, codes = rng.integers(0, 256, (4, 32, 32, 3), dtype=np.uint8), [3, 8, 8, 0]
    content = cifar10_batch(images, codes)
    sha256 = {"test_batch": hashlib.sha256(content).hexdigest()}
    monkeypatch.setattr(_cifar10_original, "BATCH_SHA256", sha256)

    def put(home):
        (home / "cifar-10-batches-py").mkdir(parents=True)
        (home / "cifar-10-batches-py" / "test_batch").write_bytes(content)
        return home

    put.images, put.content = images, content
    return put


@pytest.fixture
def jpeg(monkeypatch):
    """Function that puts a small zip of one test image per class into a folder."""

    def put(home):
        home.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(home / "cifar10-jpeg.zip", "w") as archive:
            for code, name in enumerate(CLASSES):
                file = io.BytesIO()
                Image.new("RGB", (32, 32), (20 * code,) * 3).save(file, "JPEG")
                archive.writestr(f"test/{name}/0000.jpg", file.getvalue())
        content = (home / "cifar10-jpeg.zip").read_bytes()
        monkeypatch.setattr(_cifar10_jpeg, "ARCHIVE_SHA256", hashlib.sha256(content).hexdigest())
        monkeypatch.setattr(_cifar10_jpeg, "_IMAGES_PER_CLASS", {"train": 0, "test": 1})
        return home

    return put


def test_original_batches_give_images_with_class_names(original, tmp_path):
    bunch = fetch_cifar10(subset="test", data_home=original(tmp_path / "home"), download_if_missing=False)
    np.testing.assert_array_equal(bunch.data, original.images)
    assert bunch.target.tolist() == ["cat", "ship", "ship", "airplane"]
    assert bunch.target_names.tolist() == CLASSES
    assert bunch.filenames.tolist() == [f"image_{i}.png" for i in range(4)]
    assert bunch.variant == "original"
    assert "original pixels" in bunch.DESCR


def test_the_zip_gives_images_with_class_names_and_says_that_it_is_compressed(jpeg, tmp_path):
    bunch = fetch_cifar10(subset="test", data_home=jpeg(tmp_path / "home"), download_if_missing=False)
    assert bunch.data.shape == (10, 32, 32, 3)
    assert bunch.target.tolist() == CLASSES
    assert bunch.filenames[3] == "test/cat/0000.jpg"
    assert bunch.variant == "jpeg"
    assert "not the original pixels" in bunch.DESCR


def test_the_original_comes_before_the_zip(original, jpeg, tmp_path):
    jpeg(original(tmp_path / "home"))
    assert fetch_cifar10(subset="test", data_home=tmp_path / "home").variant == "original"


def test_a_folder_that_has_the_zip_comes_before_the_cache(original, jpeg, tmp_path, user_cache):
    original(user_cache)
    home = jpeg(tmp_path / "home")
    home.chmod(0o555)
    try:
        assert fetch_cifar10(subset="test", data_home=home).variant == "jpeg"
        assert [path.name for path in home.iterdir()] == ["cifar10-jpeg.zip"]
        assert (user_cache / "cifar10-jpeg").is_dir()
    finally:
        home.chmod(0o755)


def test_images_and_labels_alone(original, tmp_path):
    X, y = fetch_cifar10(subset="test", data_home=original(tmp_path / "home"), return_X_y=True)
    assert X.shape == (4, 32, 32, 3)
    assert y.tolist() == ["cat", "ship", "ship", "airplane"]


def test_a_missing_archive_is_downloaded(original, tmp_path, web_server, monkeypatch):
    from torchvision.datasets import CIFAR10

    folder, url, asked = web_server
    path = folder / "cifar-10-python.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo("cifar-10-batches-py/test_batch")
        member.size = len(original.content)
        archive.addfile(member, io.BytesIO(original.content))
    monkeypatch.setattr(CIFAR10, "url", f"{url}cifar-10-python.tar.gz")
    monkeypatch.setattr(CIFAR10, "tgz_md5", hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest())
    monkeypatch.setattr(_cifar10_original, "ARCHIVE_SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    bunch = fetch_cifar10(subset="test", data_home=tmp_path / "home")
    np.testing.assert_array_equal(bunch.data, original.images)
    asked.clear()
    fetch_cifar10(subset="test", data_home=tmp_path / "home")
    assert asked == []


def test_without_files_and_download_the_error_says_what_belongs_where(tmp_path):
    with pytest.raises(FileNotFoundError, match="download_if_missing is False") as caught:
        fetch_cifar10(data_home=tmp_path, download_if_missing=False)
    assert f"Put cifar-10-python.tar.gz into {tmp_path}" in str(caught.value)
    assert "cifar10-jpeg.zip" in str(caught.value)


def test_without_a_network_the_error_says_what_belongs_where(tmp_path, monkeypatch):
    from torchvision.datasets import CIFAR10

    monkeypatch.setattr(CIFAR10, "url", "http://127.0.0.1:9/cifar-10-python.tar.gz")
    with pytest.raises(OSError, match="CIFAR-10 is not there and cannot be downloaded") as caught:
        fetch_cifar10(data_home=tmp_path)
    assert "127.0.0.1:9/cifar-10-python.tar.gz (URLError" in str(caught.value)
    assert f"Put cifar-10-python.tar.gz into {tmp_path}" in str(caught.value)


def test_an_unknown_subset_is_refused(tmp_path):
    with pytest.raises(ValueError, match="'subset' parameter"):
        fetch_cifar10(subset="val", data_home=tmp_path)


def test_archive_and_batches_are_those_of_torchvision():
    from torchvision.datasets import CIFAR10

    assert CIFAR10.filename == _cifar10_original.ARCHIVE
    assert CIFAR10.base_folder == _cifar10_original.FOLDER
    names = [name for name, _ in CIFAR10.train_list + CIFAR10.test_list]
    assert list(_cifar10_original.BATCH_SHA256) == names
    digests = [*_cifar10_original.BATCH_SHA256.values(), _cifar10_original.ARCHIVE_SHA256]
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)


def test_the_real_zip_is_read(shared_data):
    bunch = fetch_cifar10(subset="test", data_home=shared_data, download_if_missing=False)
    assert bunch.data.shape == (10_000, 32, 32, 3)
    assert bunch.data.dtype == np.uint8
    assert bunch.variant == "jpeg"
    assert bunch.target[:11].tolist() == [*CLASSES, "airplane"]
    assert np.unique(bunch.target, return_counts=True)[1].tolist() == [1_000] * 10
    with zipfile.ZipFile(shared_data / "cifar10-jpeg.zip") as archive:
        for i in (0, 4_321, 9_999):
            with archive.open(bunch.filenames[i]) as file, Image.open(file) as image:
                np.testing.assert_array_equal(bunch.data[i], np.asarray(image))
