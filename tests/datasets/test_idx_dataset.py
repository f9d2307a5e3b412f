import gzip
import hashlib
from types import MappingProxyType

import numpy as np
import pytest

from skimgcls.datasets import _idx_dataset
from skimgcls.datasets._idx_dataset import IdxDataset, read_idx

TRAIN = np.arange(5 * 3 * 4, dtype=np.uint8).reshape(5, 3, 4)
TEST = TRAIN[:2] + 100
FILES = {
    "train-images-idx3-ubyte": TRAIN,
    "train-labels-idx1-ubyte": np.array([2, 0, 1, 1, 0]),
    "t10k-images-idx3-ubyte": TEST,
    "t10k-labels-idx1-ubyte": np.array([1, 2]),
}


@pytest.fixture
def contents(idx_bytes):
    return {name: idx_bytes(values) for name, values in FILES.items()}


@pytest.fixture
def dataset(contents):
    archives = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in contents.items()}
    sha256 = {name: hashlib.sha256(content).hexdigest() for name, content in (contents | archives).items()}
    return IdxDataset("Letters", "MNIST", ("a", "b", "c"), MappingProxyType(sha256), "Three letters")


@pytest.fixture
def raw(tmp_path):
    folder = tmp_path / "home" / "MNIST" / "raw"
    folder.mkdir(parents=True)
    return folder


def fetch(dataset, home, subset="train", download_if_missing=False, return_X_y=False):
    return dataset.fetch(subset, home, download_if_missing, return_X_y)


@pytest.mark.parametrize("packed", [False, True])
def test_packed_and_unpacked_files_are_read(dataset, contents, raw, tmp_path, packed):
    for name, content in contents.items():
        path = raw / (f"{name}.gz" if packed else name)
        path.write_bytes(gzip.compress(content, 1) if packed else content)
    bunch = fetch(dataset, tmp_path / "home")
    np.testing.assert_array_equal(bunch.data, TRAIN)
    assert bunch.target.tolist() == ["c", "a", "b", "b", "a"]
    assert bunch.target_names.tolist() == ["a", "b", "c"]
    assert (bunch.filenames, bunch.DESCR) == (None, "Three letters")


def test_all_is_train_then_test(dataset, contents, raw, tmp_path):
    for name, content in contents.items():
        (raw / name).write_bytes(content)
    X, y = fetch(dataset, tmp_path / "home", "all", return_X_y=True)
    np.testing.assert_array_equal(X, np.concatenate([TRAIN, TEST]))
    assert y.tolist() == ["c", "a", "b", "b", "a", "b", "c"]
    X_test, y_test = fetch(dataset, tmp_path / "home", "test", return_X_y=True)
    np.testing.assert_array_equal(X_test, TEST)
    assert y_test.tolist() == ["b", "c"]


def test_images_can_be_written_to(dataset, contents, raw, tmp_path):
    for name, content in contents.items():
        (raw / name).write_bytes(content)
    assert fetch(dataset, tmp_path / "home").data.flags.writeable


def test_only_the_files_of_the_subset_are_needed(dataset, contents, raw, tmp_path):
    for name in ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        (raw / name).write_bytes(contents[name])
    assert len(fetch(dataset, tmp_path / "home", "test").data) == 2


@pytest.mark.parametrize("packed", [False, True])
def test_a_changed_file_is_refused_by_name(dataset, contents, raw, tmp_path, packed):
    for name, content in contents.items():
        changed = content[:-1] + b"\xff"
        path = raw / (f"{name}.gz" if packed else name)
        path.write_bytes(gzip.compress(changed) if packed else changed)
    with pytest.raises(OSError, match=r"train-images-idx3-ubyte.* is not the file that was expected"):
        fetch(dataset, tmp_path / "home")


@pytest.mark.parametrize("damage", [lambda packed: packed[:-9], lambda packed: b"no gzip", lambda packed: packed[:20]])
def test_a_damaged_archive_is_refused_by_name(dataset, contents, raw, tmp_path, damage):
    for name, content in contents.items():
        (raw / f"{name}.gz").write_bytes(damage(gzip.compress(content)))
    with pytest.raises(OSError, match=r"train-images-idx3-ubyte\.gz cannot be unpacked"):
        fetch(dataset, tmp_path / "home")


def test_an_archive_that_unpacks_to_more_than_it_should_is_not_unpacked_to_its_end(
    dataset, contents, raw, tmp_path, monkeypatch
):
    monkeypatch.setattr(_idx_dataset, "_MAX_BYTES", 100)
    for name, content in contents.items():
        (raw / f"{name}.gz").write_bytes(gzip.compress(content + bytes(10_000)))
    start = hashlib.sha256(contents["train-images-idx3-ubyte"] + bytes(100 - 76)).hexdigest()
    with pytest.raises(OSError, match=f"is not the file that was expected: its sha256 is {start}"):
        fetch(dataset, tmp_path / "home")


def test_missing_files_are_named_with_the_place_where_they_belong(dataset, contents, raw, tmp_path):
    (raw / "train-images-idx3-ubyte").write_bytes(contents["train-images-idx3-ubyte"])
    with pytest.raises(FileNotFoundError, match="download_if_missing is False") as caught:
        fetch(dataset, tmp_path / "home")
    message = str(caught.value)
    assert f"Put train-labels-idx1-ubyte.gz into {raw}" in message
    assert "train-images-idx3-ubyte.gz" not in message
    assert "SKIMGCLS_DATA" in message


def test_missing_files_are_downloaded_and_found_the_next_time(dataset, contents, tmp_path, web_server, monkeypatch):
    from torchvision.datasets import MNIST

    folder, url, asked = web_server
    archives = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in contents.items()}
    md5s = [(name, hashlib.md5(content, usedforsecurity=False).hexdigest()) for name, content in archives.items()]
    monkeypatch.setattr(MNIST, "mirrors", [url])
    monkeypatch.setattr(MNIST, "resources", md5s)
    for name, content in archives.items():
        (folder / name).write_bytes(content)
    bunch = fetch(dataset, tmp_path / "home", "all", download_if_missing=True)
    np.testing.assert_array_equal(bunch.data, np.concatenate([TRAIN, TEST]))
    assert {path.removeprefix("/") for path in asked} == set(archives)
    asked.clear()
    again = fetch(dataset, tmp_path / "home", "all", download_if_missing=True)
    np.testing.assert_array_equal(again.data, bunch.data)
    assert asked == []
    assert sorted(path.name for path in (tmp_path / "home" / "MNIST" / "raw").iterdir()) == sorted(archives)


def test_without_a_network_the_error_says_which_files_belong_where(dataset, tmp_path, monkeypatch):
    from torchvision.datasets import MNIST

    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/"])
    with pytest.raises(OSError, match="Letters is not there and cannot be downloaded") as caught:
        fetch(dataset, tmp_path / "home", download_if_missing=True)
    message = str(caught.value)
    assert "http://127.0.0.1:9/train-images-idx3-ubyte.gz (URLError" in message
    raw = tmp_path / "home" / "MNIST" / "raw"
    assert f"Put train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz into {raw}" in message


def test_downloads_for_a_read_only_folder_go_to_the_cache_of_the_user(dataset, contents, raw, tmp_path, user_cache):
    home = tmp_path / "home"
    for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"):
        (raw / name).write_bytes(contents[name])
    home.chmod(0o555)
    try:
        with pytest.raises(FileNotFoundError) as caught:
            fetch(dataset, home, "all")
        assert f"t10k-labels-idx1-ubyte.gz into {user_cache / 'MNIST' / 'raw'}" in str(caught.value)
        (user_cache / "MNIST" / "raw").mkdir(parents=True)
        for name in ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
            (user_cache / "MNIST" / "raw" / name).write_bytes(contents[name])
        assert len(fetch(dataset, home, "all").data) == 7  # one part from either folder
    finally:
        home.chmod(0o755)


def test_an_unknown_subset_is_refused_before_anything_is_read(dataset, tmp_path):
    with pytest.raises(ValueError, match="'subset' parameter"):
        fetch(dataset, tmp_path / "home", "validation")


@pytest.mark.parametrize("shape", [(7,), (2, 3), (2, 3, 4), (0, 5)])
def test_idx_keeps_shape_and_values(idx_bytes, rng, shape):
    values = rng.integers(0, 256, shape, dtype=np.uint8)
    read = read_idx(idx_bytes(values), "a file")
    assert read.shape == shape
    np.testing.assert_array_equal(read, values)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x00",
        b"\x1f\x8b\x08\x00",
        bytes([0, 0, 9, 1, 0, 0, 0, 1, 5]),
        bytes([0, 0, 8, 2, 0, 0, 0, 1]),
        bytes([0, 0, 8, 1, 0, 0]),
        bytes([0, 0, 8, 1, 0, 0, 0, 3, 1, 2]),
        bytes([0, 0, 8, 1, 0, 0, 0, 1, 1, 2]),
        bytes([0, 0, 8, 3]) + b"\xff" * 12,
    ],
    ids=["empty", "short", "gzip", "type", "axes", "half an axis", "cut off", "too long", "huge"],
)
def test_bytes_that_are_no_idx_file_are_refused(content):
    with pytest.raises(OSError, match=r"^some/file is (no idx file|cut off)"):
        read_idx(content, "some/file")
