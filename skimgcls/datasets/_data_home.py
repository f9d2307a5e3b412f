"""Where data sets lie on this machine, and where new files may be put."""

import os
from pathlib import Path

from skimgcls.utils._user_cache_folder import user_cache_folder

_VARIABLE = "SKIMGCLS_DATA"


def search_folders(data_home=None):
    """List the folders to look for data sets in, the first with the data wins.

    Parameters
    ----------
    data_home : str, path-like or None
        None means the environment variable SKIMGCLS_DATA, and where that is unset the user's cache folder.

    Returns
    -------
    folders : list of Path
        The data home; where nothing can be written into it, the user's cache folder follows, to hold what is made
        or downloaded. They need not exist.
    """
    if not isinstance(data_home, (str, os.PathLike, type(None))):
        raise TypeError(f"data_home must be the path of a folder or None, got {data_home!r}.")
    wanted = data_home if data_home is not None else os.environ.get(_VARIABLE) or user_cache_folder()
    folder = Path(wanted).expanduser().absolute()
    if is_writable(folder) or folder == user_cache_folder():
        return [folder]
    return [folder, user_cache_folder()]


def is_writable(folder):
    """Whether files may be made in a folder, or in its nearest parent that exists.

    The permission bits are read as well, since an administrator could write into any folder: one that its owner
    made read-only stays as it is.
    """
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK) and bool(existing.stat().st_mode & 0o222)


def find_file(folders, *names):
    """Return the first existing file, trying all names in the first folder, then in the next; None if there is none."""
    candidates = (folder / name for folder in folders for name in names)
    return next((path for path in candidates if path.is_file()), None)
