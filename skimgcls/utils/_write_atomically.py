"""Writing a file so that nobody ever sees half of it."""

import contextlib
import os
import uuid
from pathlib import Path


def write_atomically(path, data, *, sync=True):
    """Write a file as a whole or not at all.

    The bytes go to a temporary file in the same folder, which then takes the name of the old one: a reader sees
    the old content or the new one, and when writing fails (a full disk, Ctrl-C) the old file is still there.

    Parameters
    ----------
    path : str or path-like
        Where to write; its folder must exist.
    data : bytes, str or callable
        The content. A str is written as UTF-8, its line ends unchanged. A callable is given the open binary file.
    sync : bool, default=True
        Whether to wait until the disk has the file and its name, so that it outlives a power cut; a process may die
        at any moment either way.

    Returns
    -------
    path : pathlib.Path
        The path written to.

    Raises
    ------
    OSError
        If the folder does not exist or cannot be written to.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_atomically(folder / "note.txt", "complete").read_text()
    'complete'
    """
    path = Path(path)
    if isinstance(data, str):
        data = data.encode("utf-8")
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        # Not tempfile: its files are readable by their owner only, and the permissions would stay.
        with open(temporary, "xb") as file:
            data(file) if callable(data) else file.write(data)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if sync:
        _sync_folder(path.parent)
    return path


def _sync_folder(folder):
    """Bring the new name of a file to the disk, where the system lets a folder be opened."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
