import dataclasses
import hashlib
import re
from types import MappingProxyType

import numpy as np
import pytest

from skimgcls.datasets import _fetch_mnist, fetch_mnist


@pytest.fixture
def home(tmp_path, monkeypatch, idx_bytes):
    """A data home with a small MNIST, whose checksums take the place of the real ones."""
    images, codes = np.arange(3 * 28 * 28).reshape(3, 28, 28) % 251, [7, 2, 1]
    contents = {"t10k-images-idx3-ubyte": idx_bytes(images), "t10k-labels-idx1-ubyte": idx_bytes(codes)}
    sha256 = MappingProxyType({name: hashlib.sha256(content).hexdigest() for name, content in contents.items()})
    monkeypatch.setattr(_fetch_mnist, "_MNIST", dataclasses.replace(_fetch_mnist._MNIST, sha256=sha256))
    (tmp_path / "MNIST" / "raw").mkdir(parents=True)
    for name, content in contents.items():
        (tmp_path / "MNIST" / "raw" / name).write_bytes(content)
    return tmp_path


def test_digits_have_their_numerals_as_labels(home):
    bunch = fetch_mnist(subset="test", data_home=home)
    assert bunch.data.shape == (3, 28, 28)
    assert bunch.data.dtype == np.uint8
    assert bunch.target.tolist() == ["7", "2", "1"]
    assert bunch.target_names.tolist() == list("0123456789")


def test_images_and_labels_alone(home):
    X, y = fetch_mnist(subset="test", data_home=home, return_X_y=True)
    assert X.shape == (3, 28, 28)
    assert y.tolist() == ["7", "2", "1"]


def test_without_files_and_download_the_error_says_what_belongs_where(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"MNIST is not in .*Put train-images-idx3-ubyte\.gz, "):
        fetch_mnist(data_home=tmp_path, download_if_missing=False)


def test_a_file_of_other_content_is_refused(home):
    path = home / "MNIST" / "raw" / "t10k-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:-1] + b"\x09")
    with pytest.raises(OSError, match="t10k-labels-idx1-ubyte is not the file that was expected"):
        fetch_mnist(subset="test", data_home=home)


def test_every_archive_that_torchvision_downloads_has_a_checksum():
    from torchvision.datasets import MNIST

    archives = {name for name, _ in MNIST.resources}
    assert set(_fetch_mnist._MNIST.sha256) == archives | {name.removesuffix(".gz") for name in archives}
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in _fetch_mnist._MNIST.sha256.values())


def test_the_description_names_source_licence_and_citation():
    assert {"Source:", "Licence:", "Citation:"} <= set(_fetch_mnist._MNIST.descr.split())
