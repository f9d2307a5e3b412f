"""Decoded image files in a cache on disk, shared by fits, folds and processes."""

import contextlib
import hashlib
import os
import re
import shutil
import uuid
from pathlib import Path

import numpy as np

from skimgcls.images._decode_rows import FAILED, decode_rows
from skimgcls.utils._user_cache_folder import user_cache_folder

FOLDER_VARIABLE, LIMIT_VARIABLE = "SKIMGCLS_CACHE", "SKIMGCLS_CACHE_LIMIT"
_DECODER = 2  # to be raised with every change of what `decode_image` makes of a file
_SLAB_NAME = re.compile(r"\d+x\d+x[13]-\d+-[\w.]+")
_RECORD = np.dtype([("key", "S16"), ("facts", "u1")])
_CHUNK_BYTES, _CHUNK_FILES = 32 * 2**20, 4096  # decoded under one lock: seconds at most
_SHARE_OF_DISK = 0.5


class CacheUnusableError(Exception):
    """The cache cannot be written to, or has no room; the message completes "The image cache cannot be used: "."""


class ImageCache:
    """Decoded images in one folder, in a slab for each shape.

    A slab is a file of rows that only grows, and an index with a key for each row: the hash of a file's path, time of
    change and size. Rows are written first, then their keys, both under a lock: what a killed process leaves without
    keys is overwritten by the next one, and a process that waits for the lock finds the rows when it gets it. Whoever
    reads takes no lock. A slab that is cleared begins anew under another name, so that an index never meets the rows
    of another.

    Parameters
    ----------
    folder : str or path-like
        Where the slabs lie; made when something is written.
    limit : int or None, default=None
        Bytes that all slabs may take. None takes the environment variable SKIMGCLS_CACHE_LIMIT, and where that is unset
        half of the disk space that is free or taken by the cache.
    """

    def __init__(self, folder, limit=None):
        self.folder = Path(folder).expanduser().absolute()
        self.limit = limit

    def fetch(self, paths, target, file_facts, failures):
        """Give the rows of some files, decoding those that are not there.

        Parameters
        ----------
        paths : list of str
        target : DecodeTarget
        file_facts : list of (int, int)
            Time of change (ns) and size (bytes) of each file.
        failures : DecodeFailures
            Raises the errors when all other files have been decoded.

        Returns
        -------
        rows : memmap (m, row_bytes) of uint8
            Read-only.
        positions : ndarray (n,) of int64
            The row of each file.

        Raises
        ------
        CacheUnusableError
            If something cannot be read or written, or does not fit.
        """
        slab = _Slab(self.folder / _slab_name(target), target.row_bytes)
        keys = _keys_of(paths, file_facts)
        with _as_unusable():
            positions, rows = slab.find(keys, target.needed)
        if (positions < 0).any():
            self._decode_missing(slab, paths, keys, positions, target, failures)
            failures.raise_if_any()
            with _as_unusable():
                positions, rows = slab.find(keys, target.needed)
        if (positions < 0).any():
            raise CacheUnusableError("another process clears it all the time.")
        return rows, positions

    def clear(self):
        """Remove all slabs; return the bytes that they took. Processes that read them are not disturbed."""
        return sum(slab.clear() for slab in self._slabs())

    def _decode_missing(self, slab, paths, keys, positions, target, failures):
        missing = np.flatnonzero(positions < 0)
        missing = missing[np.sort(np.unique(keys[missing], return_index=True)[1])]  # a file may come more than once
        with _as_unusable():
            if self._make_room(slab, len(missing) * target.row_bytes, len(np.unique(keys)) * target.row_bytes):
                missing = np.sort(np.unique(keys, return_index=True)[1])
        chunk = max(1, min(_CHUNK_BYTES // target.row_bytes, _CHUNK_FILES))
        state = None
        while len(missing):
            with slab.locked():
                with _as_unusable():
                    if slab.state() != state:  # another process was here
                        missing = missing[slab.find(keys[missing], target.needed)[0] < 0]
                wanted, missing = missing[:chunk], missing[chunk:]
                rows, facts = decode_rows([paths[row] for row in wanted], target, failures)
                good = facts != FAILED
                with _as_unusable():
                    if good.any():
                        slab.append(keys[wanted[good]], facts[good], rows if good.all() else rows[good])
                    state = slab.state()

    def _make_room(self, slab, n_missing, n_wanted):
        """Clear what was not used for the longest time, and at last old rows of this slab: then return True."""
        slab.folder.mkdir(parents=True, exist_ok=True)
        others = sorted((each for each in self._slabs() if each.folder != slab.folder), key=_Slab.last_use)
        taken = {each.folder: each.n_bytes() for each in [*others, slab]}
        limit = self._limit(sum(taken.values()))
        for other in others:
            if sum(taken.values()) + n_missing <= limit:
                break
            if other.clear(wait=False):
                taken[other.folder] = 0
        if sum(taken.values()) + n_missing <= limit:
            return False
        if sum(taken.values()) - taken[slab.folder] + n_wanted <= limit:
            slab.clear()
            return True
        raise CacheUnusableError(
            f"the images take {n_wanted / 1e9:.2g} GB, and its limit is {limit / 1e9:.2g} GB. Set {LIMIT_VARIABLE} "
            "(bytes) or name a folder on a larger disk with cache=."
        )

    def _limit(self, taken):
        if self.limit is not None:
            return self.limit
        text = os.environ.get(LIMIT_VARIABLE)
        if text:
            try:
                return float(text)
            except ValueError:
                raise ValueError(f"{LIMIT_VARIABLE} must be a number of bytes, such as 20e9. Got {text!r}.") from None
        return (shutil.disk_usage(self.folder).free + taken) * _SHARE_OF_DISK

    def _slabs(self):
        try:
            folders = sorted(entry for entry in self.folder.iterdir() if _SLAB_NAME.fullmatch(entry.name))
        except OSError:  # nothing there
            return []
        return [_Slab(folder) for folder in folders]


def cache_folder(cache="auto"):
    """Return the folder that ``cache="auto"`` or ``cache=directory`` means."""
    if cache != "auto":
        return Path(cache)
    return Path(os.environ.get(FOLDER_VARIABLE) or user_cache_folder() / "decoded-images")


class _Slab:
    """Rows of one length."""

    def __init__(self, folder, row_bytes=None):
        self.folder = folder
        self._row_bytes = row_bytes
        self._known = None, np.empty(0, _RECORD), np.empty(0, np.int64)  # records in the order of their keys

    def find(self, keys, needed):
        """Return the position of each key, -1 where it is not there, and the rows."""
        stem, records, order = self._read()
        positions = np.full(len(keys), -1)
        if len(records):
            # the last of several that are equal: it was written because something of the others was not known
            at = order[np.maximum(np.searchsorted(records["key"], keys, side="right", sorter=order) - 1, 0)]
            known = (records["key"][at] == keys) & (records["facts"][at] & needed == needed)
            positions = np.where(known, at, -1)
        if not (positions >= 0).any():
            return positions, None
        with contextlib.suppress(OSError):  # a cache that is read-only can be read
            os.utime(self.folder / f"{stem}.index")
        shape = (len(records), self._row_bytes)
        return positions, np.memmap(self.folder / f"{stem}.rows", np.uint8, "r", shape=shape)

    def append(self, keys, facts, rows):
        """Write rows, then their keys; for whoever holds the lock."""
        stem, n_records = self.state()
        if stem is None:
            self._remove(self._files("rows"))  # of one that was killed before its first key
            stem = uuid.uuid4().hex
        with open(self.folder / f"{stem}.rows", "ab") as file:
            file.truncate(n_records * self._row_bytes)  # what was written without keys
            file.write(memoryview(rows).cast("B"))
            file.flush()
            os.fsync(file.fileno())  # or after a power cut keys could stand for rows that were not written
        new = np.empty(len(keys), _RECORD)
        new["key"], new["facts"] = keys, facts
        with open(self.folder / f"{stem}.index", "ab") as file:
            file.truncate(n_records * _RECORD.itemsize)
            file.write(new.tobytes())

    def clear(self, wait=True):
        """Remove the files; return their bytes, 0 where another process writes and we do not wait for it."""
        try:
            with self.locked(timeout=-1 if wait else 0):
                freed = self.n_bytes()
                self._remove(self._files("index") + self._files("rows"))
                return freed
        except CacheUnusableError:
            return 0

    def _remove(self, paths):
        for path in paths:
            with contextlib.suppress(OSError):  # Windows keeps what somebody reads
                path.unlink()

    @contextlib.contextmanager
    def locked(self, timeout=-1):
        """Hold the lock of this slab."""
        from filelock import FileLock

        lock = FileLock(self.folder / "lock", timeout=timeout)
        with _as_unusable():
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def n_bytes(self):
        """Bytes of all files."""
        return sum(path.stat().st_size for path in self._files("index") + self._files("rows"))

    def last_use(self):
        """When it was last read or written, in seconds."""
        return max((path.stat().st_mtime for path in self._files("index")), default=0.0)

    def state(self):
        """Return the name of the files and how many rows have a key."""
        for index in self._files("index"):
            with contextlib.suppress(FileNotFoundError):  # cleared at this moment
                n_rows = index.with_suffix(".rows").stat().st_size // self._row_bytes
                return index.stem, min(index.stat().st_size // _RECORD.itemsize, n_rows)
        return None, 0

    def _read(self):
        """Return the name of the files, their records and the order of the keys."""
        stem, n_records = self.state()
        if (stem, n_records) != (self._known[0], len(self._known[1])):
            records = np.empty(0, _RECORD)
            if n_records:
                records = np.fromfile(self.folder / f"{stem}.index", _RECORD, n_records)
            self._known = stem, records, np.argsort(records["key"], kind="stable")
        return self._known

    def _files(self, kind):
        return sorted(self.folder.glob(f"*.{kind}"))


@contextlib.contextmanager
def _as_unusable():
    try:
        yield
    except (OSError, NotImplementedError) as error:  # file systems without locks
        raise CacheUnusableError(f"{error}.") from error


def _slab_name(target):
    from PIL import __version__

    version = re.sub(r"[^\w.]", "_", __version__)
    return f"{target.height}x{target.width}x{target.channels}-{_DECODER}-{version}"


def _keys_of(paths, file_facts):
    folder = os.getcwd()
    hashes = [
        hashlib.blake2b(os.fsencode(f"{os.path.join(folder, path)}\0{changed}\0{size}"), digest_size=16).digest()
        for path, (changed, size) in zip(paths, file_facts, strict=True)
    ]
    return np.array(hashes, "S16")
