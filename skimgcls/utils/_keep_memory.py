"""Memory that a training step frees, kept for the next one."""

import contextlib
import ctypes
import functools
import os
import sys
import time

from skimgcls.utils._shared_scope import SharedScope

# of mallopt(3), with the values that glibc's own adaptation ends at
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST_TRIM, _LARGEST_MMAP = 64 * 2**20, 32 * 2**20
_NEVER = 2**31 - 1
_USERS_OWN = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_MMAP_MAX_", "GLIBC_TUNABLES")
_LONG = 1.0  # seconds; after them, looking through all free memory costs nothing by comparison


def keep_memory():
    """Let the C library keep what is freed inside the scope, and give it back to the system at its end.

    The activations of a training step are allocated and freed again and again. Returned to the system each time, they
    are faulted in anew page by page, which takes up to a quarter of the time of a convolutional network on a CPU.

    Only for the GNU C library, and not where the user has set its limits by environment variables. It cannot say what
    its limits were; afterwards they stand where its own adaptation ends in any program that frees large arrays.
    """
    return contextlib.nullcontext() if _find_glibc() is None else _SCOPE()


def _keep():
    libc = _find_glibc()
    libc.mallopt(_MMAP_THRESHOLD, _LARGEST_MMAP)
    libc.mallopt(_TRIM_THRESHOLD, _NEVER)
    return time.monotonic()


def _give_back(start):
    libc = _find_glibc()
    libc.mallopt(_TRIM_THRESHOLD, _LARGEST_TRIM)
    if time.monotonic() - start > _LONG:
        libc.malloc_trim(0)


_SCOPE = SharedScope(_keep, _give_back)


@functools.cache
def _find_glibc():
    if sys.platform != "linux" or any(name in os.environ for name in _USERS_OWN):
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "gnu_get_libc_version") else None
