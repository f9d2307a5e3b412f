"""Results on disk, written as they come, found again by what they are results of."""

import functools
import hashlib
import json
import math
import os
import time
import uuid
import warnings
from pathlib import Path

_HEAD = '{{"checksum": "{}", "entry": '  # the text of the entry follows, and what closes the line
_START = len(_HEAD.format("0" * 32))
_SYNC_EVERY = 1.0  # seconds; a line outlives its process without, and a busy disk takes 5 ms to sync it


class Journal:
    """Records of a search in a directory: one line each, never changed, found again by their keys.

    Every process of every run writes a file of its own, so that lines of parallel workers cannot mix. A line is
    written at once, so that it outlives ``kill -9``; once a second and at the end they are synced to the disk, so that
    they outlive a power cut. What is left of half a line does not fit its checksum and is passed over. A run finds what
    earlier runs recorded. Pickled, a journal is the same one in another process.

    Parameters
    ----------
    directory : path-like
        Where the files are; made if missing.
    run : str, default=None
        Name of the run, shared by its processes; None makes a new one.
    warn : bool, default=True
        Whether to warn of damaged lines.

    Attributes
    ----------
    directory : pathlib.Path
        Where the files are.
    n_records : int
        Records of earlier runs that were found there, of any search.
    """

    def __init__(self, directory, *, run=None, warn=True):
        self.directory = Path(directory).absolute()
        if self.directory.exists() and not self.directory.is_dir():
            raise NotADirectoryError(f"The directory of a journal is a file: {self.directory}. Choose another one.")
        self.directory.mkdir(parents=True, exist_ok=True)
        self._run = run or uuid.uuid4().hex[:12]
        self._n_reused = None  # once it is closed
        self._synced = -math.inf  # when
        self._records, damaged = {}, []
        for path in self._paths("*"):
            for entry in _read(path, damaged) if not path.name.startswith(f"{self._run}-") else ():
                if "record" in entry:
                    self._records[entry["key"]] = entry["record"]
        self.n_records = len(self._records)
        if damaged and warn:
            more = f" and {len(damaged) - 1} more" if len(damaged) > 1 else ""
            warnings.warn(
                f"Line {damaged[0][1]} of {damaged[0][0]}{more} cannot be read and is skipped: a process was stopped "
                "while writing it, or it was changed. What it held is computed again.",
                stacklevel=2,
            )

    @property
    def n_reused(self):
        """How often this run, in all of its processes, found a record and had nothing to fit."""
        return sum("found" in entry for entry in self._entries()) if self._n_reused is None else self._n_reused

    def find(self, key):
        """Return what an earlier run recorded under a key, or None; what is found counts as reused.

        Parameters
        ----------
        key : str
            From `stable_hash`.

        Returns
        -------
        record : dict or None
        """
        record = self.look_up(key)
        if record is not None:
            self._append({"key": key, "found": True})
        return record

    def look_up(self, key):
        """Return the same without counting it.

        Parameters
        ----------
        key : str
            From `stable_hash`.

        Returns
        -------
        record : dict or None
        """
        return self._records.get(key)

    def add(self, key, record):
        """Write a record. The last one of a key counts.

        Parameters
        ----------
        key : str
            From `stable_hash`.
        record : dict
            Of what JSON can hold, and numbers of numpy; NaN and infinities too.
        """
        now = time.monotonic()
        sync = now - self._synced > _SYNC_EVERY
        self._append({"key": key, "record": record}, sync=sync)
        self._synced = now if sync else self._synced

    def note(self, **facts):
        """Leave a note for the other processes of this run; later runs do not read it.

        Parameters
        ----------
        **facts : object
            What JSON can hold.
        """
        self._append({"note": facts})

    def notes(self):
        """Return the notes of all processes of this run.

        Returns
        -------
        notes : list of dict
            In no particular order.
        """
        return [entry["note"] for entry in self._entries() if "note" in entry]

    def close(self):
        """Sync the files of this run; remove those without a record, which are of no use to the next one."""
        self._n_reused = self.n_reused
        for path in self._paths(self._run):
            if any("record" in entry for entry in _read(path, [])):
                with open(path, "ab") as file:
                    os.fsync(file.fileno())
            else:
                path.unlink(missing_ok=True)

    def __reduce__(self):
        return _same_journal, (str(self.directory), self._run)

    def _append(self, entry, sync=False):
        text = json.dumps(entry, default=_as_plain)
        line = f"{_HEAD.format(_checksum(text))}{text}}}\n".encode()
        try:
            # opened anew for each line: a forked process must not write on in its parent's file
            with open(self.directory / f"{self._run}-{os.getpid()}.jsonl", "ab", buffering=0) as file:
                if file.write(line) < len(line):
                    file.write(b"\n")
                    raise OSError("the disk took a part of the line only")
                if sync:
                    os.fsync(file.fileno())
        except OSError as error:  # a full disk must cost the journal, not the result
            warnings.warn(
                f"A result could not be written to the journal in {self.directory} ({error}). The search goes "
                "on; after a crash this result would be computed again.",
                stacklevel=3,
            )

    def _entries(self):
        return [entry for path in self._paths(self._run) for entry in _read(path, [])]

    def _paths(self, run):
        return sorted(self.directory.glob(f"{run}-*.jsonl"), key=lambda path: (path.stat().st_mtime_ns, path.name))


@functools.lru_cache(4)
def _same_journal(directory, run):
    """The journal of a run in a process that got it from another one: read once, in silence."""
    return Journal(directory, run=run, warn=False)


def _read(path, damaged):
    """Entries of a file; (path, number) of lines that cannot be read are added to `damaged`."""
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        if not line:
            continue
        try:
            text = line.decode()
            entry = text[_START:-1]
            if text != f"{_HEAD.format(_checksum(entry))}{entry}}}":
                raise ValueError("checksum")
            yield json.loads(entry)
        except ValueError:
            damaged.append((path, number))


def _checksum(text):
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _as_plain(value):
    if hasattr(value, "tolist"):  # numbers and arrays of numpy
        return value.tolist()
    raise TypeError(f"A record cannot hold {type(value).__name__}.")
