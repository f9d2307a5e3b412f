import hashlib
import io
import os
import pickle
import tarfile

import numpy as np
import pytest

from skimgcls.datasets import _cifar10_original
from skimgcls.datasets._cifar10_original import find_original, load_plain_pickle, read_original


@pytest.fixture
def batches(monkeypatch, rng, cifar10_batch):
    """Six small batches: images, codes and files by name; their checksums take the place of the real ones."""
    images = {name: rng.integers(0, 256, (4, 32, 32, 3), dtype=np.uint8) for name in _cifar10_original.BATCH_SHA256}
    codes = {name: rng.integers(0, 10, 4).tolist() for name in images}
    files = {name: cifar10_batch(images[name], codes[name]) for name in images}
    sha256 = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    monkeypatch.setattr(_cifar10_original, "BATCH_SHA256", sha256)
    return images, codes, files


@pytest.fixture
def folder(tmp_path, batches):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for name, content in batches[2].items():
        (folder / name).write_bytes(content)
    return folder


def pack(path, files):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture
def archive(tmp_path, batches):
    shuffled = dict(sorted(batches[2].items(), reverse=True)) | {"readme.html": b"hello"}
    return pack(tmp_path / "cifar-10-python.tar.gz", shuffled)


@pytest.mark.parametrize("source", ["folder", "archive"])
def test_batches_are_joined_in_order(source, batches, request):
    images, codes, _ = batches
    path = request.getfixturevalue(source)
    names = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
    data, labels, filenames = read_original(path, ("train", "test"))
    assert data.dtype == np.uint8
    np.testing.assert_array_equal(data, np.concatenate([images[name] for name in names]))
    assert labels.tolist() == [code for name in names for code in codes[name]]
    assert filenames.tolist() == ["image_0.png", "image_1.png", "image_2.png", "image_3.png"] * 6


def test_one_part_is_read_alone(folder, batches):
    data, labels, _ = read_original(folder, ("test",))
    np.testing.assert_array_equal(data, batches[0]["test_batch"])
    assert labels.tolist() == batches[1]["test_batch"]


def test_nothing_is_unpacked_to_disk(archive, tmp_path):
    read_original(archive, ("train",))
    assert list(tmp_path.iterdir()) == [archive]


def test_the_folder_comes_before_the_archive(folder, archive, tmp_path):
    assert find_original(tmp_path, ("train", "test")) == folder
    (folder / "data_batch_3").unlink()
    assert find_original(tmp_path, ("test",)) == folder
    assert find_original(tmp_path, ("train",)) == archive
    archive.unlink()
    assert find_original(tmp_path, ("train",)) is None


@pytest.mark.parametrize("source", ["folder", "archive"])
def test_a_changed_batch_is_refused_before_it_is_unpickled(source, batches, request, monkeypatch):
    path = request.getfixturevalue(source)
    monkeypatch.setitem(_cifar10_original.BATCH_SHA256, "test_batch", "0" * 64)
    monkeypatch.setattr(_cifar10_original, "load_plain_pickle", lambda *_: pytest.fail("unpickled"))
    with pytest.raises(OSError, match=r"test_batch is not the file that was expected"):
        read_original(path, ("test",))


def test_an_archive_cut_off_is_refused(archive):
    archive.write_bytes(archive.read_bytes()[:-5_000])
    with pytest.raises(OSError, match=r"cifar-10-python\.tar\.gz cannot be unpacked"):
        read_original(archive, ("train", "test"))


def test_an_archive_without_a_batch_is_refused(tmp_path, batches):
    files = {name: content for name, content in batches[2].items() if name != "data_batch_4"}
    path = pack(tmp_path / "cifar-10-python.tar.gz", files)
    with pytest.raises(OSError, match="lacks data_batch_4"):
        read_original(path, ("train",))


def test_links_in_an_archive_are_not_followed(tmp_path, batches):
    path = tmp_path / "cifar-10-python.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo("cifar-10-batches-py/test_batch")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(member)
    with pytest.raises(OSError, match="lacks test_batch"):
        read_original(path, ("test",))


class Malicious:
    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_pickles_that_call_something_are_refused_and_nothing_runs(tmp_path, protocol):
    content = pickle.dumps({"data": Malicious(os.mkdir, str(tmp_path / "made"))}, protocol)
    with pytest.raises(OSError, match=r"a batch could not be read: it asks for (posix|nt)\.mkdir"):
        load_plain_pickle(content, "a batch")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("function", [eval, getattr, np.load, np.fromfile])
def test_not_even_functions_of_numpy_or_python_itself_are_looked_up(function):
    with pytest.raises(OSError, match="it asks for "):
        load_plain_pickle(pickle.dumps(Malicious(function, "1")), "a batch")


def test_plain_values_are_read():
    value = {"a": [1, 2.5, None, True, (b"x", "y")], b"b": {"c": 2**70}}
    assert load_plain_pickle(pickle.dumps(value), "a batch") == value


def test_arrays_pickled_today_are_read_too(rng):
    values = rng.integers(0, 256, (3, 5), dtype=np.uint8)
    for protocol in (2, 4):
        # Python 3 writes bytes in protocol 2 through a function, which is refused; 4 has an opcode for them
        content = pickle.dumps(values, protocol)
        if protocol == 2:
            with pytest.raises(OSError, match=r"it asks for _codecs\.encode"):
                load_plain_pickle(content, "a batch")
        else:
            np.testing.assert_array_equal(load_plain_pickle(content, "a batch").to_array(), values)


@pytest.mark.parametrize("values", [np.zeros((2, 2)), np.asfortranarray(np.zeros((2, 3), np.uint8))])
def test_arrays_of_another_kind_are_refused(values):
    array = load_plain_pickle(pickle.dumps(values, 4), "a batch")
    with pytest.raises(OSError, match="an array of unsigned bytes was expected"):
        array.to_array()


@pytest.mark.parametrize("content", [b"", b"\x80\x02", b"no pickle", b"\x80\x02}(U\xff"])
def test_damaged_pickles_are_refused_by_name(content):
    with pytest.raises(OSError, match="a batch could not be read"):
        load_plain_pickle(content, "a batch")
