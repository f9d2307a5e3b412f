"""Rows that do not fit into memory, read batch by batch ahead of their use."""

import collections
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

_AHEAD = 2  # batches: one is in use, one is ready when it is done


class StreamedRows:
    """Stands where an `ImageDataset` has its tensor of rows, and reads what is looked up.

    Parameters
    ----------
    read : callable
        ``(positions) -> ndarray (b, n_features) of uint8``. Called in threads.
    n_rows, n_features : int
    """

    dtype = torch.uint8
    device = torch.device("cpu")

    def __init__(self, read, n_rows, n_features):
        self.read = read
        self.shape = (n_rows, n_features)
        self.nbytes = n_rows * n_features

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, rows):
        return self._look_up(np.arange(len(self))[rows])

    def index_select(self, _, positions):
        """Look up rows as a tensor does, along its first axis."""
        return self._look_up(positions.cpu().numpy())

    def _look_up(self, positions):
        # in numpy: torch would start a second team of threads beside that of the training
        return torch.from_numpy(np.ascontiguousarray(self.read(positions)))


def read_ahead(function, arguments):
    """Yield ``function(*each)`` for each of the arguments, computed in a thread before it is asked for.

    At most two results wait. What the thread raises is raised here; a loop that is left early ends the thread.
    """
    waiting = collections.deque()
    pool = ThreadPoolExecutor(1, thread_name_prefix="skimgcls-read-ahead")
    try:
        for each in arguments:
            waiting.append(pool.submit(function, *each))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
