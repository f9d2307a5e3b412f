"""Features that this process keeps for further fits, the latest used of them."""

import threading
from collections import OrderedDict


class FeatureCache:
    """Rows of numbers by key, within a number of bytes; those that were not asked for the longest go first."""

    def __init__(self):
        self._rows, self._lock = OrderedDict(), threading.Lock()
        self.n_bytes = 0

    def __len__(self):
        return len(self._rows)

    def get(self, keys):
        """Return a list of the rows (d,), None for each that is not there."""
        with self._lock:
            found = [self._rows.get(key) for key in keys]
            for key, row in zip(keys, found, strict=True):
                if row is not None:
                    self._rows.move_to_end(key)
            return found

    def put(self, keys, rows, limit):
        """Keep rows (n, d) as copies, and let go of the oldest until all take at most ``limit`` bytes."""
        with self._lock:
            for key, row in zip(keys, rows, strict=True):
                if key not in self._rows:
                    self._rows[key] = row.clone()  # of its own memory: a view would keep all the others
                    self.n_bytes += row.nbytes
            while self.n_bytes > limit:
                _, row = self._rows.popitem(last=False)
                self.n_bytes -= row.nbytes

    def clear(self):
        """Let go of everything."""
        with self._lock:
            self._rows.clear()
            self.n_bytes = 0


FEATURE_CACHE = FeatureCache()  # of the process: candidates of a search share nothing else
