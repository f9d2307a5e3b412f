"""Torch's threads, held for the length of a fit or a prediction and then put back."""

import contextlib
import threading

import torch

from skimgcls.utils._sleep_while_waiting import count_cores, sleep_while_waiting

_LOCK = threading.Lock()
_n_holders = 0
_default_found = None


@contextlib.contextmanager
def torch_scope(n_jobs=None, *, brief=False):
    """Hold torch's thread count, and let several threads sleep while they wait for each other.

    The count belongs to the calling thread, but setting it also sets the default of threads that are born later. That
    default is one switch for the whole process: the first of several overlapping scopes remembers what it found, and
    the last one to leave restores it.

    Parameters
    ----------
    n_jobs : int or None
        Torch threads: an int pins them, -1 is all cores. None leaves torch's own setting in the main thread
        (all cores when alone, the worker's share in a joblib process) and takes one in any other thread,
        because there the neighbours are other fits.
    brief : bool
        Whether the work is over in milliseconds, so that arranging how threads wait would cost more than it brings.
    """
    found = torch.get_num_threads()
    wanted = _n_threads(n_jobs, found)
    waits = wanted > 1 and not brief
    if wanted == found and not waits:
        yield
        return
    _enter(found)
    try:
        with sleep_while_waiting() if waits else contextlib.nullcontext():
            torch.set_num_threads(wanted)
            yield
    finally:
        _leave(found)


def _n_threads(n_jobs, current):
    if n_jobs is None:
        return current if threading.current_thread() is threading.main_thread() else 1
    return n_jobs if n_jobs > 0 else max(1, count_cores() + 1 + n_jobs)


def _enter(found):
    global _n_holders, _default_found
    with _LOCK:
        if _n_holders == 0:
            _default_found = found
        _n_holders += 1


def _leave(found):
    global _n_holders
    with _LOCK:
        _n_holders -= 1
        if _n_holders == 0 and _default_found != found:
            _set_in_new_thread(_default_found)
        torch.set_num_threads(found)


def _set_in_new_thread(n_threads):
    # a thread that lives no longer than this call changes the default and nobody's own count
    thread = threading.Thread(target=torch.set_num_threads, args=(n_threads,))
    thread.start()
    thread.join()
