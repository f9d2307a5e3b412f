"""Where files go that could be made again."""

import os
import sys
from pathlib import Path


def user_cache_folder():
    """Return this user's cache folder for skimgcls, by the rules of the platform; it need not exist.

    ``$XDG_CACHE_HOME/skimgcls`` where that is set, else ``~/.cache/skimgcls`` (``~/Library/Caches/skimgcls`` on
    macOS, ``%LOCALAPPDATA%\\skimgcls\\Cache`` on Windows).
    """
    xdg_cache_home = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if xdg_cache_home.is_absolute():  # the XDG specification has relative values ignored
        return xdg_cache_home / "skimgcls"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "skimgcls" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "skimgcls"
    return Path.home() / ".cache" / "skimgcls"
