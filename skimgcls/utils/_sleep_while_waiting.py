"""Torch's threads asleep rather than spinning while they wait for each other."""

import contextlib
import os
import sys
import threading

import torch

from skimgcls.utils._shared_scope import SharedScope

_GRAIN = 32768  # elements that torch gives to one thread at least


def sleep_while_waiting():
    """Let the threads of torch's operations sleep while they wait for the slowest of them.

    GNU OpenMP lets them spin for milliseconds, which beside a busy neighbour takes the time away from the very thread
    that all wait for: a fit on two threads then took up to ten times as long. It spins for microseconds only when a
    process has more threads than there are cores (``GOMP_SPINCOUNT`` in its manual), whether they work or not. So a
    team of threads that do nothing is parked while the scope lasts. Other OpenMP libraries are not affected.

    Overlapping scopes share one team.
    """
    return _SCOPE() if sys.platform == "linux" else contextlib.nullcontext()


def count_cores():
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


class _ParkedTeam:
    """As many OpenMP threads as there are cores, asleep until dismissed."""

    def __init__(self):
        self._ready, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._park, daemon=True)
        try:
            self._thread.start()
            self._ready.wait()
        except BaseException:  # Ctrl-C here would leave a thread that nobody dismisses
            self._over.set()
            raise

    def dismiss(self):
        self._over.set()
        self._thread.join()

    def _park(self):
        default, n_cores = torch.get_num_threads(), count_cores()
        try:
            torch.set_num_threads(n_cores)
            torch.zeros(_GRAIN * n_cores, dtype=torch.uint8).add_(1)  # the team is born here and stays with its thread
        finally:
            torch.set_num_threads(default)  # setting it in any thread sets what later threads begin with
            self._ready.set()
        self._over.wait()


_SCOPE = SharedScope(_ParkedTeam, _ParkedTeam.dismiss)
