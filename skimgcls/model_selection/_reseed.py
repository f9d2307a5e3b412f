"""A seed of its own for every fit of a comparison, derived from the seed that an estimator was given."""

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

_LARGEST_SEED = np.iinfo(np.int32).max


def derive_seed(seed, *place):
    """Derive an integer seed from another and a place such as (repetition, fold); other places give other seeds."""
    entropy = [int(part) % 2**32 for part in (seed, *place)]
    return int(np.random.SeedSequence(entropy).generate_state(1)[0] % _LARGEST_SEED)


def draw_seed(random_state):
    """Return an integer as it is; draw one from a RandomState, and for None from numpy's global generator."""
    if isinstance(random_state, (int, np.integer)):
        return int(random_state)
    return int(check_random_state(random_state).randint(_LARGEST_SEED))


def reseed(estimator, default_seed, *place):
    """Return a clone in which every ``random_state``, nested ones too, is an integer for this place.

    Estimators with equal seeds get equal seeds again, and those with different seeds different ones. `default_seed`
    stands in for ``random_state=None``.
    """
    estimator = clone(estimator)  # also copies a RandomState, so that drawing leaves the user's own alone
    seeds = {
        name: derive_seed(default_seed if value is None else draw_seed(value), *place)
        for name, value in estimator.get_params(deep=True).items()
        if name.rpartition("__")[2] == "random_state"
    }
    return estimator.set_params(**seeds)
