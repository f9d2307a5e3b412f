"""Widths of layers that a user gave: in order, and such that a network of them can be."""

from collections.abc import Mapping, Set

from skimgcls.utils._check_widths import check_widths

MAX_WIDTH = 1_000_000  # units or channels; two such layers after each other would be 4 TB of weights


def check_layer_widths(name, value, at_least=0):
    """Return layer widths as a tuple of integers from 1 to a million; one integer is one layer.

    Raises
    ------
    ValueError
        Naming the parameter.
    """
    if isinstance(value, (Set, Mapping)):
        raise ValueError(
            f"The {name!r} parameter must be a tuple of positive integers, the layers in order. Got {value!r} instead. "
            "Pass a tuple: sets and dicts do not say which layer comes first."
        )
    widths = check_widths(name, value, at_least)
    if max(widths, default=0) > MAX_WIDTH:
        raise ValueError(
            f"The {name!r} parameter must be a tuple of positive integers up to {MAX_WIDTH:,}, one for each layer. "
            f"Got {value!r} instead. Lower it."
        )
    return widths
