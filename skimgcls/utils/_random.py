"""One integer seed, many independent streams: every random draw of a fit is indexed by purpose and epoch."""

import contextlib

import numpy as np
import torch
from sklearn.utils import check_random_state

from skimgcls.utils._shared_scope import SharedScope

# Each purpose has its own stream, so that a change in one (say, more dropout) never shifts another (the shuffling).
_PURPOSES = {"weights": 0, "split": 1, "shuffle": 2, "dropout": 3, "augment": 4, "foreign": 5}


def draw_seed(random_state):
    """Return the integer that all randomness of one fit derives from.

    An int is taken as it is; None draws one integer from numpy's global generator, a RandomState draws from itself.
    """
    if isinstance(random_state, (int, np.integer)):
        return int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def stream_seed(seed, purpose, epoch=0):
    """Return a 63-bit seed for one purpose ('weights', 'shuffle', ...) at one epoch."""
    sequence = np.random.SeedSequence([abs(seed), int(seed < 0), _PURPOSES[purpose], epoch])
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))


def make_generator(seed, purpose, epoch=0, device="cpu"):
    """Return a torch.Generator of its own for one purpose at one epoch."""
    return torch.Generator(device).manual_seed(stream_seed(seed, purpose, epoch))


@contextlib.contextmanager
def seeded_global_rng(seed):
    """Seed torch's process-global generators for code that knows no other, and give them back as they were.

    Used for networks that are not ours. Threads share these generators, so threads that run foreign networks
    at the same time may differ from run to run; the last one to leave restores what the first one found.
    """
    with _GLOBAL_RNG():
        with _GLOBAL_RNG.lock:
            torch.manual_seed(seed)
        yield


def _get_global_state():
    return torch.get_rng_state(), torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None


def _set_global_state(state):
    cpu, cuda = state
    torch.set_rng_state(cpu)
    if cuda is not None:
        torch.cuda.set_rng_state_all(cuda)


_GLOBAL_RNG = SharedScope(_get_global_state, _set_global_state)
