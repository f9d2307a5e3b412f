"""Layer widths given as a parameter."""

from numbers import Integral


def check_widths(name, value, at_least=0):
    """Return layer widths as a tuple of positive integers; one integer is one layer.

    Raises
    ------
    ValueError
        Naming the parameter.
    """
    widths = (value,) if isinstance(value, Integral) else tuple(value)
    if len(widths) < at_least or not all(map(_is_width, widths)):
        how_many = f"at least {('one', 'two')[at_least - 1]} " if at_least else ""
        raise ValueError(
            f"The {name!r} parameter must be a tuple of {how_many}positive integer(s), one for each layer. "
            f"Got {value!r} instead."
        )
    return tuple(int(width) for width in widths)


def _is_width(value):
    return isinstance(value, Integral) and not isinstance(value, bool) and value > 0
