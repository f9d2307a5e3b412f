"""Names for the candidates of a comparison, made of what tells them apart."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid

from skimgcls.model_selection._parameter_columns import as_text, short_names
from skimgcls.utils._is_same import is_same


class Candidate(NamedTuple):
    """An estimator that takes part in a comparison.

    Parameters
    ----------
    name : str
        Unique among the candidates.
    estimator : estimator
        Not fitted.
    params : dict
        What the grid set, by full names; empty without a grid.
    """

    name: str
    estimator: object
    params: dict


def named_candidates(estimators):
    """Read a dict, a list or an (estimator, grid) pair as candidates.

    Parameters
    ----------
    estimators : dict of str to estimator, list of estimator, or pair (estimator, grid)
        A grid is a dict of lists, or a list of these, as for ``GridSearchCV``.

    Returns
    -------
    candidates : list of Candidate

    Raises
    ------
    TypeError
        If `estimators` is none of these, or something in it has no ``fit``.
    ValueError
        If there are fewer than two.
    """
    if isinstance(estimators, Mapping):
        candidates = [Candidate(str(name), estimator, {}) for name, estimator in estimators.items()]
    elif _is_grid_pair(estimators):
        candidates = _from_grid(*estimators)
    elif isinstance(estimators, (list, tuple)):
        for estimator in estimators:
            _check_estimator(estimator)
        names = _unique(_names_by_difference(list(estimators)))
        candidates = [Candidate(name, estimator, {}) for name, estimator in zip(names, estimators, strict=True)]
    else:
        raise TypeError(
            "estimators must be a dict of names to estimators, a list of estimators, or a pair (estimator, grid), got "
            f"{type(estimators).__name__}."
        )
    for candidate in candidates:
        _check_estimator(candidate.estimator, f" named {candidate.name!r}")
    if len(candidates) < 2:
        raise ValueError(f"compare needs at least two candidates, got {len(candidates)}. Add the one to compare with.")
    return candidates


def _is_grid_pair(estimators):
    if not isinstance(estimators, (list, tuple)) or len(estimators) != 2 or not hasattr(estimators[0], "fit"):
        return False
    grid = estimators[1]
    return isinstance(grid, Mapping) or (isinstance(grid, (list, tuple)) and all(isinstance(g, Mapping) for g in grid))


def _is_estimator(value):
    return hasattr(value, "fit") or hasattr(value, "get_params")


def _check_estimator(estimator, name=""):
    if isinstance(estimator, type) or not (hasattr(estimator, "fit") and hasattr(estimator, "get_params")):
        kind = f"the class {estimator.__name__}" if isinstance(estimator, type) else type(estimator).__name__
        raise TypeError(
            f"Each candidate must be an estimator with fit and get_params, got {kind}{name}. Pass an instance, such "
            "as CNNClassifier()."
        )


def _from_grid(estimator, grid):
    _check_estimator(estimator)
    rows = list(ParameterGrid(grid))
    names = [_join(row) or "as given" for row in _shortened(rows)]
    # a grid may hold estimators, for a step of a pipeline: each candidate gets a copy of its own
    made = [clone(estimator).set_params(**{name: clone(row[name], safe=False) for name in row}) for row in rows]
    return [Candidate(*parts) for parts in zip(_unique(names), made, rows, strict=True)]


def _names_by_difference(estimators):
    """Class names where there are several classes, and the parameters in which those of one class differ."""
    kinds = [_kind(estimator) for estimator in estimators]
    names = kinds.copy()
    for kind in set(kinds):
        members = [index for index, each in enumerate(kinds) if each == kind]
        settings = _shortened(_differing([estimators[index].get_params(deep=True) for index in members]))
        for index, setting in zip(members, settings, strict=True):
            text = _join(setting)
            if text:
                names[index] = f"{kind} {text}" if len(set(kinds)) > 1 else text
    return names


def _shortened(rows):
    """The same dicts under short names."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    short = dict(zip(names, short_names(names), strict=True))
    return [{short[name]: value for name, value in row.items()} for row in rows]


def _join(setting):
    return ", ".join(f"{name}={_text(value)}" for name, value in setting.items())


def _text(value):
    if _is_estimator(value) and not isinstance(value, type):
        return type(value).__name__
    value = value.item() if isinstance(value, np.generic) else value
    return f"{value:.6g}" if isinstance(value, float) else as_text(value)


_ABSENT = object()


def _kind(estimator):
    steps = getattr(estimator, "steps", None)
    return _kind(steps[-1][1]) if steps else type(estimator).__name__


def _differing(settings):
    """Of each setting the parameters that are not the same in all; estimators count by their class."""
    differing, replaced = [], ()
    for name in sorted({name for setting in settings for name in setting}):  # "clf" before "clf__lr"
        values = [setting.get(name, _ABSENT) for setting in settings]
        if name.startswith(replaced) or any(_holds_estimators(value) for value in values):
            continue  # said by the class of the step, or by a nested name
        compared = [type(value) if _is_estimator(value) else value for value in values]
        if not all(is_same(compared[0], value) for value in compared[1:]):
            differing.append(name)
            replaced += (f"{name}__",)
    return [{name: setting[name] for name in differing if name in setting} for setting in settings]


def _holds_estimators(value):
    return isinstance(value, (list, tuple)) and any(
        isinstance(part, tuple) and any(_is_estimator(each) for each in part) for part in value
    )


def _unique(names):
    counts, seen = Counter(names), Counter()
    numbered = []
    for name in names:
        seen[name] += 1
        numbered.append(f"{name} ({seen[name]})" if counts[name] > 1 else name)
    return numbered
