"""MNIST and the data sets published in its form: four idx files, in torchvision's layout of folders."""

import gzip
import math
import struct
import zlib
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from skimgcls.datasets._check_sha256 import check_sha256
from skimgcls.datasets._data_home import find_file, search_folders
from skimgcls.datasets._dataset_bunch import dataset_bunch, parts_of_subset
from skimgcls.datasets._download import download_archive

_FILES = MappingProxyType(
    {
        "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
        "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
    }
)
_MAX_BYTES = 64 * 2**20  # the largest of the files has 45 MiB: what a .gz unpacks to is not its own choice
_UBYTE = 8


@dataclass(frozen=True)
class IdxDataset:
    """Where one data set lies and what it must contain.

    Parameters
    ----------
    name : str
        As its users call it.
    torchvision_name : str
        Its class in torchvision, which is the name of its folder too: the files lie in ``<torchvision_name>/raw``.
    class_labels : tuple of str
        Labels of the classes 0, 1, 2, ...
    sha256 : mapping of str to str
        Checksums of the four files, and of the archives (``.gz``) in which they are downloaded.
    descr : str
        Source, licence and citation.
    """

    name: str
    torchvision_name: str
    class_labels: tuple
    sha256: MappingProxyType
    descr: str

    def fetch(self, subset, data_home, download_if_missing, return_X_y):
        """Read the subset, downloading what is not there."""
        parts = parts_of_subset(subset)
        folders = search_folders(data_home)
        paths = {name: self._find(name, folders) for part in parts for name in _FILES[part]}
        missing = [name for name, path in paths.items() if path is None]
        if missing:
            paths |= self._download(missing, folders, download_if_missing)
        images, codes = zip(*[[self._read(paths[name], name) for name in _FILES[part]] for part in parts], strict=True)
        return dataset_bunch(
            np.concatenate(images),  # (n, h, w); a copy, which the user may write to
            np.concatenate(codes),
            self.class_labels,
            descr=self.descr,
            return_X_y=return_X_y,
        )

    def _find(self, name, folders):
        raw = f"{self.torchvision_name}/raw"
        return find_file(folders, f"{raw}/{name}", f"{raw}/{name}.gz")

    def _download(self, missing, folders, download_if_missing):
        raw = folders[-1] / self.torchvision_name / "raw"  # the last folder is the one for new files
        where = (
            f"Put {', '.join(f'{name}.gz' for name in missing)} into {raw}, or give data_home (or set SKIMGCLS_DATA "
            f"to) a folder that has them in {self.torchvision_name}/raw; unpacked files do as well."
        )
        if not download_if_missing:
            searched = " or ".join(map(str, folders))
            raise FileNotFoundError(f"{self.name} is not in {searched}, and download_if_missing is False. {where}")
        try:
            return {
                name: download_archive(self.torchvision_name, f"{name}.gz", raw, self.sha256[f"{name}.gz"])
                for name in missing
            }
        except OSError as error:
            raise OSError(f"{self.name} is not there and cannot be downloaded. {error} {where}") from error

    def _read(self, path, name):
        """Check and read one file, packed or not: the checksum is that of the content."""
        content = _read_gz(path) if path.suffix == ".gz" else path.read_bytes()
        check_sha256(content, self.sha256[name], path if path.suffix != ".gz" else f"{path}, unpacked,")
        return read_idx(content, path)


def read_idx(content, name):
    """Read unsigned bytes in the idx format of MNIST.

    Parameters
    ----------
    content : bytes
        Two zero bytes, the type of the values (8: unsigned bytes), the number of axes, the length of each axis as a
        big-endian 32-bit integer, and the values.
    name : str or path-like
        Named in errors.

    Returns
    -------
    values : ndarray, uint8
        A read-only view of `content`.

    Raises
    ------
    OSError
        If the bytes are not in this format.

    Examples
    --------
    >>> read_idx(bytes([0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 10, 20, 30]), "a file")
    array([[10, 20, 30]], dtype=uint8)
    """
    if len(content) < 4 or content[:3] != bytes([0, 0, _UBYTE]):
        raise OSError(f"{name} is no idx file of unsigned bytes: it starts with {bytes(content[:4])!r}.")
    n_axes = content[3]
    start = 4 + 4 * n_axes
    if len(content) < start:
        raise OSError(f"{name} is cut off: its header has {start} bytes, and {len(content)} are there.")
    shape = struct.unpack(f">{n_axes}I", content[4:start])
    if len(content) - start != math.prod(shape):
        raise OSError(f"{name} is cut off or too long: it should hold {shape} bytes, and holds {len(content) - start}.")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _read_gz(path):
    try:
        with gzip.open(path) as file:
            return file.read(_MAX_BYTES)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise OSError(f"{path} cannot be unpacked ({error}). It is damaged; delete it and fetch it again.") from error
