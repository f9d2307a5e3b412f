"""Whether chance decides what a search tries."""

from collections.abc import Mapping


def draws_candidates(search):
    """Tell whether a search draws its candidates, or the images that it tries them on, by its ``random_state``.

    Parameters
    ----------
    search : search

    Returns
    -------
    bool
    """
    asked = any(getattr(search, name, None) is not None for name in ("n_iter", "n_trials", "n_candidates"))
    from_distributions = any(hasattr(values, "rvs") for _, values in searched_values(search))
    return asked or from_distributions or getattr(search, "resource", None) == "n_samples"


def searched_values(search):
    """Return pairs of the names of parameters that are searched, and their values or distributions."""
    spaces = [getattr(search, name, None) for name in ("param_grid", "param_distributions")]
    spaces = [space for each in spaces for space in (each if isinstance(each, (list, tuple)) else [each])]
    return [item for space in spaces if isinstance(space, Mapping) for item in space.items()]
