"""Reading CIFAR-10 as its author published it: pickled batches, in a folder or still in their archive."""

import io
import pickle
import tarfile
import zlib
from types import MappingProxyType

import numpy as np

from skimgcls.datasets._check_sha256 import check_sha256
from skimgcls.datasets._data_home import find_file

ARCHIVE = "cifar-10-python.tar.gz"
ARCHIVE_SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
FOLDER = "cifar-10-batches-py"
BATCHES = MappingProxyType(
    {
        "train": ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"),
        "test": ("test_batch",),
    }
)
BATCH_SHA256 = MappingProxyType(
    {
        "data_batch_1": "54636561a3ce25bd3e19253c6b0d8538147b0ae398331ac4a2d86c6d987368cd",
        "data_batch_2": "766b2cef9fbc745cf056b3152224f7cf77163b330ea9a15f9392beb8b89bc5a8",
        "data_batch_3": "0f00d98ebfb30b3ec0ad19f9756dc2630b89003e10525f5e148445e82aa6a1f9",
        "data_batch_4": "3f7bb240661948b8f4d53e36ec720d8306f5668bd0071dcb4e6c947f78e9682b",
        "data_batch_5": "d91802434d8376bbaeeadf58a737e3a1b12ac839077e931237e0dcd43adcb154",
        "test_batch": "f53d8d457504f7cff4ea9e021afcf0e0ad8e24a91f3fc42091b8adef61157831",
    }
)
_MAX_BYTES = 64 * 2**20  # a batch has 30 MiB


def find_original(folder, parts):
    """Return what holds all batches of the parts in a folder: the folder of batches, or the archive; else None."""
    names = [name for part in parts for name in BATCHES[part]]
    if all((folder / FOLDER / name).is_file() for name in names):
        return folder / FOLDER
    return find_file([folder], ARCHIVE)


def read_original(path, parts):
    """Read the batches of some parts.

    Parameters
    ----------
    path : Path
        The folder of batches or the archive, which is read without unpacking it to disk.
    parts : sequence of {"train", "test"}

    Returns
    -------
    images : ndarray of shape (n, 32, 32, 3), uint8
    codes : ndarray of shape (n,), int
        Classes, 0 to 9.
    filenames : ndarray of shape (n,), str
        Names that the author gave the images.

    Raises
    ------
    OSError
        If a batch is damaged or another one than expected.
    """
    names = [name for part in parts for name in BATCHES[part]]
    contents = (
        _read_archive(path, names) if path.suffix == ".gz" else {name: (path / name).read_bytes() for name in names}
    )
    batches = []
    for name in names:
        check_sha256(contents[name], BATCH_SHA256[name], path / name)
        batches.append(_read_batch(contents.pop(name), path / name))
    images, codes, filenames = zip(*batches, strict=True)
    return np.concatenate(images), np.concatenate(codes), np.concatenate(filenames)


def load_plain_pickle(content, name):
    """Unpickle numbers, strings, lists, dicts and numpy arrays of bytes, and refuse whatever else a pickle can call.

    Parameters
    ----------
    content : bytes
        A pickle of Python 2 or 3; strings of Python 2 become bytes.
    name : str or path-like
        Named in the error.

    Returns
    -------
    value : object

    Raises
    ------
    OSError
        If the pickle is damaged or asks for anything else, such as a function.
    """
    try:
        return _PlainUnpickler(io.BytesIO(content), encoding="bytes").load()
    except Exception as error:  # damaged pickles raise nearly anything, IndexError to UnicodeDecodeError
        raise OSError(f"{name} could not be read: {error}. Delete it and fetch it again.") from error


def _read_archive(path, names):
    """Read members in one pass: the archive is compressed as a whole, going back would start over."""
    wanted = {f"{FOLDER}/{name}": name for name in names}
    contents = {}
    try:
        with tarfile.open(path, "r|gz") as archive:
            for member in archive:
                if member.name in wanted and member.isfile() and member.size <= _MAX_BYTES:
                    contents[wanted[member.name]] = archive.extractfile(member).read()
                if len(contents) == len(wanted):
                    break
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise OSError(f"{path} cannot be unpacked ({error}). It is damaged; delete it and fetch it again.") from error
    missing = sorted(set(names) - set(contents))
    if missing:
        raise OSError(f"{path} lacks {', '.join(missing)}. It is incomplete; delete it and fetch it again.")
    return contents


def _read_batch(content, name):
    batch = load_plain_pickle(content, name)
    images = batch[b"data"].to_array().reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)  # (n, 3072) -> (n, 32, 32, 3)
    filenames = np.array([filename.decode("ascii") for filename in batch[b"filenames"]])
    return images, np.array(batch[b"labels"]), filenames


class _PlainUnpickler(pickle.Unpickler):
    """Looks no name up: a pickled array is rebuilt by the two classes below, which only keep what they are given."""

    def find_class(self, module, name):
        if (module, name) in {
            ("numpy.core.multiarray", "_reconstruct"),
            ("numpy._core.multiarray", "_reconstruct"),
        }:
            return lambda *_: _PickledArray()
        if (module, name) == ("numpy", "dtype"):
            return _PickledDtype
        if (module, name) == ("numpy", "ndarray"):
            return None  # an argument of _reconstruct, not needed here
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, and data need no such thing")


class _PickledDtype:
    def __init__(self, kind, *_):
        self.kind = kind

    def __setstate__(self, state):
        pass  # byte order and the like: there are only bytes


class _PickledArray:
    def __setstate__(self, state):
        _version, self.shape, self.dtype, self.is_fortran, self.values = state

    def to_array(self):
        if self.dtype.kind not in (b"u1", "u1") or self.is_fortran:
            raise OSError(f"an array of unsigned bytes was expected, and {self.dtype.kind!r} found")
        return np.frombuffer(self.values, np.uint8).reshape(self.shape)
