"""Parameters of candidates as columns of a table: short names, values that can be read and grouped."""

import re
from numbers import Integral, Real

import numpy as np

from skimgcls.utils._is_same import is_same

MOST_CHARACTERS = 60
NOT_SET = "not set"
_ABSENT = object()


def parameter_columns(params, defaults=None, reserved=()):
    """Make one column for each parameter.

    Parameters
    ----------
    params : list of dict
        What was set for each candidate, by full name.
    defaults : dict, default=None
        Values of parameters that a candidate leaves as they are.
    reserved : iterable of str
        Names that other columns have.

    Returns
    -------
    columns : dict of ndarray or list
        By short name. Numbers stay numbers and truth values stay so; every other column is of strings.
    """
    names = list(dict.fromkeys(name for each in params for name in each))
    defaults = defaults or {}
    return {
        short: readable([each.get(name, defaults.get(name, _ABSENT)) for each in params])
        for name, short in zip(names, short_names(names, reserved), strict=True)
    }


def short_names(names, reserved=()):
    """Leave out what comes before the last ``__`` of names, as far as they stay apart.

    Parameters
    ----------
    names : list of str
        Full names, such as "pipeline__clf__lr".
    reserved : iterable of str
        Short names that are taken; a parameter of such a name is shown with more of its own, or with "param_".

    Returns
    -------
    short : list of str
    """
    reserved = set(reserved)
    short = []
    for name in names:
        parts = name.split("__")
        endings = ["__".join(parts[-n:]) for n in range(1, len(parts) + 1)]
        others = [other for other in names if other != name]
        free = [e for e in endings if e not in reserved and not any(_ends_with(other, e) for other in others)]
        unique = name if name not in reserved else f"param_{name}"
        short.append(free[0] if free else unique)
    return short


def readable(values):
    """Turn values of a parameter into a column.

    Parameters
    ----------
    values : list
        Of any kind; values that differ give entries that differ.

    Returns
    -------
    column : ndarray of numbers or booleans, or list of str
    """
    values = [value.item() if isinstance(value, np.generic) else value for value in values]
    present = [value for value in values if value is not _ABSENT]
    is_whole = len(present) == len(values)
    if all(isinstance(value, bool) for value in present) and is_whole:
        return np.array(values, dtype=bool)
    if all(isinstance(value, Real) and not isinstance(value, bool) for value in present):
        if is_whole and all(isinstance(value, Integral) for value in present):
            return np.array(values, dtype=int)
        return np.array([np.nan if value is _ABSENT else value for value in values], dtype=float)
    return _texts(values)


def as_text(value):
    """Write a value of a parameter on one short line.

    Parameters
    ----------
    value : object
        A function or class is shown by its name, anything else by its repr.

    Returns
    -------
    text : str
        Of at most 60 characters.
    """
    if value is _ABSENT:
        return NOT_SET
    if isinstance(value, str):
        text = value
    elif hasattr(value, "__qualname__"):
        text = value.__qualname__.rpartition("<locals>.")[2]
    else:
        text = re.sub(r" at 0x[0-9a-f]+", "", repr(value))  # the address is another one in each process
    text = " ".join(text.split())
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"


def _ends_with(name, ending):
    return name == ending or name.endswith(f"__{ending}")


def _texts(values):
    """Texts of values, numbered where different values would read alike."""
    of_id, known = {}, {}  # known: values by text
    for value in values:
        if id(value) in of_id:
            continue
        alike = known.setdefault(as_text(value), [])
        number = next((n for n, other in enumerate(alike) if _is_same_value(value, other)), len(alike))
        if number == len(alike):
            alike.append(value)
        of_id[id(value)] = as_text(value) + (f" #{number + 1}" if number else "")
    return [of_id[id(value)] for value in values]


def _is_same_value(value, other):
    if type(value) is type(other) and hasattr(value, "get_params") and not isinstance(value, type):
        return is_same(value.get_params(), other.get_params())  # an estimator equals no other by itself
    return is_same(value, other)
