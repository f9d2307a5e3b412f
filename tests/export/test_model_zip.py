import io
import struct
import zipfile

import pytest

from skimgcls.exceptions import ModelFileError
from skimgcls.export._model_zip import MEMBERS, open_model_zip, write_model_zip

MANIFEST, WEIGHTS = b'{"a": 1}', bytes(range(256))


def written():
    buffer = io.BytesIO()
    write_model_zip(buffer, MANIFEST, WEIGHTS)
    return buffer.getvalue()


def read_all(data):
    read = open_model_zip(io.BytesIO(data))
    return read(MEMBERS[0], 1000), read(MEMBERS[1], 1000)


def test_what_was_written_is_read():
    assert read_all(written()) == (MANIFEST, WEIGHTS)


def test_what_was_written_with_the_records_of_files_above_4_gib_is_read(monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    data = written()
    assert b"PK\6\6" in data
    assert read_all(data) == (MANIFEST, WEIGHTS)


def test_the_same_content_gives_the_same_bytes_whatever_the_time(monkeypatch):
    before = written()
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert written() == before


def test_any_unzip_can_read_it():
    with zipfile.ZipFile(io.BytesIO(written())) as archive:
        assert archive.testzip() is None
        assert [(info.filename, info.compress_type) for info in archive.infolist()] == [(name, 0) for name in MEMBERS]


def test_a_member_is_not_read_when_it_is_too_large():
    read = open_model_zip(io.BytesIO(written()))
    assert read(MEMBERS[1], 256) == WEIGHTS
    with pytest.raises(ModelFileError, match=r"weights.safetensors has 256 bytes, more than the 255"):
        read(MEMBERS[1], 255)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"", "begins with b'' and has 0 bytes", id="empty"),
        pytest.param(b"\x80\x05K\x01.", "Pickles begin like this; load_model unpickles nothing", id="pickle"),
        pytest.param(b"PK\3\4" + b"x" * 100, "not all of one", id="no end"),
        pytest.param(written()[:-1], "not all of one", id="cut"),
        pytest.param(written()[:200], "not all of one", id="cut in half"),
        pytest.param(b"MZ" + written(), "begins with b'MZPK'", id="program before it"),
        pytest.param(written() + b"x", "not all of one", id="something behind it"),
        pytest.param(b"PK\5\6" + bytes(18), "a zip archive of 0 members", id="empty archive"),
    ],
)
def test_what_is_no_zip_archive_of_two_members_is_refused(data, message):
    with pytest.raises(ModelFileError, match=message):
        read_all(data)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("names", "message"),
    [
        (MEMBERS[:1], "archive of 1 members. A model file holds manifest.json and weights.safetensors"),
        ((*MEMBERS, "data.pkl"), "archive of 3 members"),
        ((MEMBERS[0], MEMBERS[0]), "archive of 'manifest.json', 'manifest.json'"),
        ((MEMBERS[0], "../../x"), r"archive of 'manifest.json', '\.\./\.\./x'"),
        ((MEMBERS[1], MEMBERS[0]), "archive of 'weights.safetensors', 'manifest.json'"),
        ((MEMBERS[0], MEMBERS[1].upper()), "archive of 'manifest.json', 'WEIGHTS"),
    ],
    ids=["one", "three", "twice", "out of the folder", "other order", "upper case"],
)
def test_other_members_are_refused(zip_of, names, message):
    with pytest.raises(ModelFileError, match=message):
        read_all(zip_of(*[(name, b"{}") for name in names]))


def test_a_bomb_is_refused(zip_of):
    bomb = zip_of(*[(name, bytes(10**6)) for name in MEMBERS], compression=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 10_000
    with pytest.raises(ModelFileError, match=r"manifest.json is compressed or encrypted"):
        read_all(bomb)


def changed(offset, new, *, signature=None, skip=0):
    """The archive with other bytes at an offset from its start, or from a signature in it."""
    data = bytearray(written())
    start = 0
    for _ in range(skip + 1 if signature else 0):
        start = data.index(signature, start + 1)
    data[start + offset : start + offset + len(new)] = new
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(changed(6, b"\1"), "does not stand where it should", id="encrypted in its header"),
        pytest.param(changed(8, b"\1", signature=b"PK\1\2"), "compressed or encrypted", id="encrypted"),
        pytest.param(changed(10, b"\x08", signature=b"PK\1\2"), "compressed or encrypted", id="compressed"),
        pytest.param(changed(20, struct.pack("<2L", 9, 9), signature=b"PK\1\2"), "does not stand where", id="longer"),
        pytest.param(
            changed(20, struct.pack("<2L", 7, 7), signature=b"PK\1\2", skip=1), "overlap, or leave gaps", id="gap"
        ),
        pytest.param(
            changed(42, struct.pack("<L", 0), signature=b"PK\1\2", skip=1), "does not stand where", id="overlap"
        ),
        pytest.param(changed(30, b"M"), "damaged: File name in directory", id="other name in the header"),
        pytest.param(changed(40, b"?"), "damaged", id="altered"),
        pytest.param(changed(6, b"\x77", signature=b"PK\1\2"), "damaged: zip file version", id="version of zip"),
        pytest.param(
            changed(16, b"\xff\xff\xff\xff", signature=b"PK\5\6"), "damaged|overlap|should", id="no directory"
        ),
    ],
)
def test_an_archive_that_contradicts_itself_is_refused(data, message):
    with pytest.raises(ModelFileError, match=message):
        read_all(data)


def test_records_of_files_above_4_gib_claim_no_more_than_there_is(monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    data = written()
    end = data.index(b"PK\6\6")
    for offset, number, message in [(32, 700_000, "archive of 700000 members"), (40, 2**25, "archive of 2 members")]:
        with pytest.raises(ModelFileError, match=message):
            read_all(data[: end + offset] + struct.pack("<Q", number) + data[end + offset + 8 :])


def test_a_size_beyond_the_file_is_refused():
    sizes = struct.pack("<2L", 2**31, 2**31)
    with pytest.raises(ModelFileError, match="claims 2147483648 bytes of"):
        read_all(changed(20, sizes, signature=b"PK\1\2"))


def test_bytes_between_the_directory_and_the_end_are_refused():
    data = written()
    end = data.rindex(b"PK\5\6")
    with pytest.raises(ModelFileError, match="Bad magic number for central directory"):
        read_all(data[:end] + b"hidden" + data[end:])
