import threading

import pytest
import torch


@pytest.fixture
def n_parked():
    """Count the threads that were born since the test began and still live."""
    before = set(threading.enumerate())
    return lambda: len(set(threading.enumerate()) - before)


@pytest.fixture
def restored_threads():
    """Put torch's thread count back."""
    found = torch.get_num_threads()
    yield
    torch.set_num_threads(found)
