"""Process-global switches of torch, held while at least one fit needs them and then put back."""

import contextlib
import os
import threading

import torch

_LOCK = threading.RLock()
_matmul_holders = 0
_matmul_found = None


@contextlib.contextmanager
def torch_scope(n_jobs=None, matmul_precision=None):
    """Hold thread count and matmul precision for the length of a fit or a prediction.

    The matmul precision is one switch for the whole process: the first of several overlapping scopes remembers
    what it found, the last one to leave restores it. The thread count belongs to the calling thread.

    Parameters
    ----------
    n_jobs : int or None
        Torch threads: an int pins them, -1 is all cores. None leaves torch's own setting in the main thread
        (all cores when alone, the worker's share in a joblib process) and takes one in any other thread,
        because there the neighbours are other fits.
    matmul_precision : {"highest", "high", "medium"} or None
        See ``torch.set_float32_matmul_precision``; None leaves it.
    """
    threads_found = torch.get_num_threads()
    threads_wanted = _n_threads(n_jobs, threads_found)
    if threads_wanted != threads_found:
        torch.set_num_threads(threads_wanted)
    if matmul_precision is not None:
        _enter_matmul(matmul_precision)
    try:
        yield
    finally:
        if matmul_precision is not None:
            _leave_matmul()
        if threads_wanted != threads_found:
            torch.set_num_threads(threads_found)


def _n_threads(n_jobs, current):
    if n_jobs is None:
        return current if threading.current_thread() is threading.main_thread() else 1
    n_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return n_jobs if n_jobs > 0 else max(1, n_cores + 1 + n_jobs)


def _enter_matmul(precision):
    global _matmul_holders, _matmul_found
    with _LOCK:
        if _matmul_holders == 0:
            _matmul_found = torch.get_float32_matmul_precision()
            torch.set_float32_matmul_precision(precision)
        _matmul_holders += 1


def _leave_matmul():
    global _matmul_holders
    with _LOCK:
        _matmul_holders -= 1
        if _matmul_holders == 0:
            torch.set_float32_matmul_precision(_matmul_found)
