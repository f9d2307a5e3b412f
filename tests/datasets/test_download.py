import hashlib
import http.client
import sys
import tempfile

import pytest

from skimgcls.datasets._download import download_archive

CONTENT = b"an archive" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NOBODY = "http://127.0.0.1:9/"  # the discard port: refused at once


@pytest.fixture
def mirrors(monkeypatch, web_server):
    """Let torchvision's MNIST consist of one file, and give a function that sets its mirrors."""
    from torchvision.datasets import MNIST

    md5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    monkeypatch.setattr(MNIST, "resources", [("file.gz", md5)])
    return lambda *urls: monkeypatch.setattr(MNIST, "mirrors", list(urls))


def test_the_file_is_downloaded_into_a_new_folder(tmp_path, web_server, mirrors, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))  # from another disk it could not be moved
    folder, url, _ = web_server
    (folder / "file.gz").write_bytes(CONTENT)
    mirrors(url)
    path = download_archive("MNIST", "file.gz", tmp_path / "MNIST" / "raw", SHA256)
    assert path == tmp_path / "MNIST" / "raw" / "file.gz"
    assert path.read_bytes() == CONTENT
    assert list(path.parent.iterdir()) == [path]


def test_a_dead_mirror_is_followed_by_the_next(tmp_path, web_server, mirrors):
    folder, url, _ = web_server
    (folder / "file.gz").write_bytes(CONTENT)
    mirrors(NOBODY, f"{url}not/here/", url)
    assert download_archive("MNIST", "file.gz", tmp_path, SHA256).read_bytes() == CONTENT


@pytest.mark.parametrize("error", [http.client.IncompleteRead(b"half"), TimeoutError(), RuntimeError("corrupted")])
def test_a_mirror_that_breaks_off_is_followed_by_the_next(tmp_path, mirrors, monkeypatch, error):
    from torchvision.datasets import utils

    def download_url(url, folder, filename, md5):
        (folder / filename).write_bytes(CONTENT)
        if url.startswith("http://first/"):
            raise error

    monkeypatch.setattr(utils, "download_url", download_url)
    mirrors("http://first/", "http://second/")
    assert download_archive("MNIST", "file.gz", tmp_path, SHA256).read_bytes() == CONTENT


def test_without_a_mirror_the_error_names_all_that_were_tried(tmp_path, web_server, mirrors):
    mirrors(NOBODY, f"{web_server[1]}not/here/")
    with pytest.raises(OSError, match=r"file\.gz could not be downloaded\. Tried ") as caught:
        download_archive("MNIST", "file.gz", tmp_path / "new", SHA256)
    assert f"{NOBODY}file.gz (URLError" in str(caught.value)
    assert "not/here/file.gz (HTTPError: HTTP Error 404" in str(caught.value)
    assert list((tmp_path / "new").iterdir()) == []


def test_a_wrong_file_is_not_kept(tmp_path, web_server, mirrors):
    folder, url, _ = web_server
    (folder / "file.gz").write_bytes(b"something else")
    mirrors(url)
    with pytest.raises(OSError, match="corrupted"):
        download_archive("MNIST", "file.gz", tmp_path / "new", SHA256)
    assert list((tmp_path / "new").iterdir()) == []


def test_our_own_checksum_counts_too(tmp_path, web_server, mirrors):
    folder, url, _ = web_server
    (folder / "file.gz").write_bytes(CONTENT)
    mirrors(url)
    with pytest.raises(OSError, match=r"The download file\.gz is not the file that was expected"):
        download_archive("MNIST", "file.gz", tmp_path / "new", "0" * 64)
    assert list((tmp_path / "new").iterdir()) == []


def test_a_data_set_of_one_archive_has_one_address(tmp_path, web_server, monkeypatch):
    from torchvision.datasets import CIFAR10

    folder, url, asked = web_server
    (folder / "cifar-10-python.tar.gz").write_bytes(CONTENT)
    monkeypatch.setattr(CIFAR10, "url", f"{url}cifar-10-python.tar.gz")
    monkeypatch.setattr(CIFAR10, "tgz_md5", hashlib.md5(CONTENT, usedforsecurity=False).hexdigest())
    path = download_archive("CIFAR10", "cifar-10-python.tar.gz", tmp_path, SHA256)
    assert path.read_bytes() == CONTENT
    assert set(asked) == {"/cifar-10-python.tar.gz"}


def test_torchvision_that_cannot_be_imported_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    with pytest.raises(ImportError, match=r"downloading file\.gz needs torchvision\.datasets"):
        download_archive("MNIST", "file.gz", tmp_path, SHA256)
