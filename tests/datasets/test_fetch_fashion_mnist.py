import gzip

import numpy as np
import pytest

from skimgcls.datasets import _fetch_fashion_mnist, fetch_fashion_mnist


@pytest.mark.parametrize(("subset", "n_images"), [("train", 60_000), ("test", 10_000), ("all", 70_000)])
def test_the_real_files_are_read(shared_data, subset, n_images):
    bunch = fetch_fashion_mnist(subset=subset, data_home=shared_data, download_if_missing=False)
    assert bunch.data.shape == (n_images, 28, 28)
    assert bunch.data.dtype == np.uint8
    names, counts = np.unique(bunch.target, return_counts=True)
    assert sorted(bunch.target_names) == names.tolist()
    assert set(counts) == {n_images // 10}


def test_the_first_test_images_have_their_known_labels(shared_data):
    X, y = fetch_fashion_mnist(subset="test", data_home=shared_data, return_X_y=True)
    assert y[:5].tolist() == ["Ankle boot", "Pullover", "Trouser", "Trouser", "Shirt"]
    assert X[0].sum() == 33_456


def test_all_is_train_then_test(shared_data):
    everything = fetch_fashion_mnist(subset="all", data_home=shared_data)
    test = fetch_fashion_mnist(subset="test", data_home=shared_data)
    np.testing.assert_array_equal(everything.data[60_000:], test.data)
    np.testing.assert_array_equal(everything.target[60_000:], test.target)


def test_images_and_labels_are_those_of_torchvision(shared_data):
    from torchvision.datasets import FashionMNIST

    theirs = FashionMNIST(shared_data, train=False, download=False)
    X, y = fetch_fashion_mnist(subset="test", data_home=shared_data, return_X_y=True)
    np.testing.assert_array_equal(X, theirs.data.numpy())
    np.testing.assert_array_equal(y, np.array(theirs.classes)[theirs.targets.numpy()])


def test_the_environment_names_the_data_home(shared_data, monkeypatch):
    monkeypatch.setenv("SKIMGCLS_DATA", str(shared_data))
    assert len(fetch_fashion_mnist(subset="test", download_if_missing=False).data) == 10_000


def test_archives_made_by_anyone_will_do(shared_data, tmp_path):
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for name in ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        content = (shared_data / "FashionMNIST" / "raw" / name).read_bytes()
        (raw / f"{name}.gz").write_bytes(gzip.compress(content, compresslevel=1))
    bunch = fetch_fashion_mnist(subset="test", data_home=tmp_path, download_if_missing=False)
    assert len(bunch.data) == 10_000


def test_one_flipped_bit_is_noticed(shared_data, tmp_path):
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for name in ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        content = bytearray((shared_data / "FashionMNIST" / "raw" / name).read_bytes())
        content[5_000] ^= 1
        (raw / name).write_bytes(content)
    with pytest.raises(OSError, match="t10k-images-idx3-ubyte is not the file that was expected"):
        fetch_fashion_mnist(subset="test", data_home=tmp_path)


def test_without_files_and_download_the_error_says_what_belongs_where(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"Fashion-MNIST is not in .*FashionMNIST.raw, or give data_home"):
        fetch_fashion_mnist(data_home=tmp_path, download_if_missing=False)


def test_archives_and_classes_are_those_of_torchvision():
    from torchvision.datasets import FashionMNIST

    dataset = _fetch_fashion_mnist._FASHION_MNIST
    archives = {name for name, _ in FashionMNIST.resources}
    assert set(dataset.sha256) == archives | {name.removesuffix(".gz") for name in archives}
    assert list(dataset.class_labels) == FashionMNIST.classes


def test_the_description_names_source_licence_and_citation():
    assert {"Source:", "Licence:", "Citation:"} <= set(_fetch_fashion_mnist._FASHION_MNIST.descr.split())
