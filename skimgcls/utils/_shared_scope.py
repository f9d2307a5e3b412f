"""One switch of the whole process, held by any number of overlapping scopes."""

import contextlib
import threading


class SharedScope:
    """Set a process-wide switch while at least one scope is open, also when scopes of several threads overlap.

    Parameters
    ----------
    enter : callable
        Sets the switch when the first scope opens, and returns what it found.
    leave : callable
        Is given that, and restores it when the last scope closes.
    """

    def __init__(self, enter, leave):
        self.lock = threading.Lock()
        self._enter = enter
        self._leave = leave
        self._n_open = 0
        self._found = None

    @contextlib.contextmanager
    def __call__(self):
        """Open a scope."""
        with self.lock:
            if self._n_open == 0:
                self._found = self._enter()
            self._n_open += 1
        try:
            yield
        finally:
            with self.lock:
                self._n_open -= 1
                if self._n_open == 0:
                    self._leave(self._found)
