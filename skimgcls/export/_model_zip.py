"""The container of a model file: a zip of two stored members, and not one byte more."""

import contextlib
import os
import struct
import zipfile

from skimgcls.exceptions import ModelFileError

MEMBERS = ("manifest.json", "weights.safetensors")

_END = struct.Struct("<4s4H2LH")  # the end record: signature, disks, members, size and place of the directory, comment
_END64 = struct.Struct("<4sQ2H2L4Q")  # the same for files above 4 GiB, and what says where it stands
_LOCATOR = struct.Struct("<4sLQL")
_LOCAL = struct.Struct("<4s5H3L2H")  # what stands before the bytes of a member
_MAX_DIRECTORY = 1024
_MAX_EXTRA = 28  # the numbers of a file above 4 GiB
_FAULTS = (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, struct.error)


def write_model_zip(file, manifest, weights):
    """Write the two members.

    Parameters
    ----------
    file : binary file
        Open, empty and seekable.
    manifest, weights : bytes
        The same bytes give the same file: no time is written down.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, data in zip(MEMBERS, (manifest, weights), strict=True):
            info = zipfile.ZipInfo(name)  # of 1980
            info.create_system, info.external_attr = 3, 0o644 << 16  # else of the system that writes
            archive.writestr(info, data)


def open_model_zip(file):
    """Open the container and check all of it but the content of its members.

    Parameters
    ----------
    file : binary file
        Open for as long as members are read.

    Returns
    -------
    read : callable
        Returns the bytes of a member, ``read(name, limit)``, of no more than ``limit`` bytes.

    Raises
    ------
    ModelFileError
        If it is anything but a zip of the two members, stored one after the other.
    """
    n_bytes = file.seek(0, os.SEEK_END)
    _check_end(file, n_bytes)
    with _refusals():
        archive = zipfile.ZipFile(file)
        _check_members(archive, file, n_bytes)

    def read(name, limit):
        size = archive.getinfo(name).file_size
        if size > limit:
            raise ModelFileError(f"{name} has {size} bytes, more than the {limit} that it may have.")
        with _refusals():
            return archive.read(name)

    return read


def _check_end(file, n_bytes):
    """Refuse what does not end with the record of two members; that it stands behind its directory, zipfile checks."""
    file.seek(0)
    head = file.read(4)
    file.seek(max(0, n_bytes - _END.size))
    end = file.read(_END.size)
    if not head.startswith(b"PK") or len(end) < _END.size or not end.startswith(b"PK\5\6"):
        raise ModelFileError(
            f"it is no model file, or not all of one: it begins with {head!r} and has {n_bytes} bytes, where a zip "
            f"archive was expected.{_guess(head)} Copy it again, or make one with save_model."
        )
    _, disk, first_disk, n_here, n_members, directory_bytes, _, n_comment = _END.unpack(end)
    if (disk, first_disk, n_here, n_members, n_comment) != (0, 0, 2, 2, 0) or directory_bytes > _MAX_DIRECTORY:
        raise ModelFileError(f"it is a zip archive of {n_members} members. {_wanted()}")
    _check_end_64(file, n_bytes - _END.size - _LOCATOR.size)


def _check_end_64(file, place):
    """Refuse a larger directory in the end record of files above 4 GiB: zipfile would read it all."""
    file.seek(max(0, place))
    if place < _END64.size or not file.read(4).startswith(b"PK\6\7"):
        return
    file.seek(place - _END64.size)
    _, _, _, _, disk, first_disk, n_here, n_members, directory_bytes, _ = _END64.unpack(file.read(_END64.size))
    if (disk, first_disk, n_here, n_members) != (0, 0, 2, 2) or directory_bytes > _MAX_DIRECTORY:
        raise ModelFileError(f"it is a zip archive of {n_members} members. {_wanted()}")


def _check_members(archive, file, n_bytes):
    infos = archive.infolist()
    names = [info.filename for info in infos]
    if names != list(MEMBERS):
        raise ModelFileError(f"it is a zip archive of {', '.join(map(repr, names))[:200]}. {_wanted()}")
    position = 0
    for info in infos:
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits or info.compress_size != info.file_size:
            raise ModelFileError(f"{info.filename} is compressed or encrypted. {_wanted()}")
        if not 0 <= info.file_size <= n_bytes or len(info.extra) > _MAX_EXTRA:
            raise ModelFileError(f"{info.filename} claims {info.file_size} bytes of {n_bytes}, or more. {_wanted()}")
        file.seek(position)
        signature, _, flags, method, *_, n_name, n_extra = _LOCAL.unpack(file.read(_LOCAL.size))
        if info.header_offset != position or signature != b"PK\3\4" or flags or method or n_extra > _MAX_EXTRA:
            raise ModelFileError(f"{info.filename} does not stand where it should. {_wanted()}")
        position += _LOCAL.size + n_name + n_extra + info.file_size
    if position != archive.start_dir:
        raise ModelFileError(f"its members overlap, or leave gaps between them. {_wanted()}")


def _wanted():
    return f"A model file holds {' and '.join(MEMBERS)}, stored one after the other, and nothing else."


def _guess(head):
    return " Pickles begin like this; load_model unpickles nothing." if head.startswith(b"\x80") else ""


@contextlib.contextmanager
def _refusals():
    try:
        yield
    except ModelFileError:
        raise
    except _FAULTS as error:
        raise ModelFileError(f"its zip archive is damaged: {error}. Copy it again.") from error
