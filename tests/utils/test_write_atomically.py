import os
import stat

import pytest

from skimgcls.utils import _write_atomically
from skimgcls.utils._write_atomically import write_atomically


@pytest.mark.parametrize(("data", "expected"), [(b"\x00\xff", b"\x00\xff"), ("größer\r\n", "größer\r\n".encode())])
def test_bytes_and_text_arrive_unchanged(tmp_path, data, expected):
    path = write_atomically(tmp_path / "file", data)
    assert path.read_bytes() == expected
    assert os.listdir(tmp_path) == ["file"]


def test_a_callable_writes_into_the_open_file(tmp_path):
    path = write_atomically(tmp_path / "file", lambda file: (file.write(b"one"), file.seek(0), file.write(b"t")))
    assert path.read_bytes() == b"tne"


def test_an_existing_file_is_replaced(tmp_path):
    (tmp_path / "file").write_text("a much longer old content")
    write_atomically(str(tmp_path / "file"), "new")
    assert (tmp_path / "file").read_text() == "new"


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_behind(tmp_path, monkeypatch, error, step):
    def fail(*args):
        raise error

    (tmp_path / "file").write_text("old")
    monkeypatch.setattr(_write_atomically.os, step, fail)
    with pytest.raises(type(error)):
        write_atomically(tmp_path / "file", "new")
    assert (tmp_path / "file").read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "missing" / "file", "new")


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_the_file_is_as_readable_as_any_other_new_file(tmp_path):
    (tmp_path / "plain").write_text("x")
    written = write_atomically(tmp_path / "written", "x")
    assert stat.S_IMODE(written.stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)
