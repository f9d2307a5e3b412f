"""What the four studies share: settings of one network, fitted on the same folds with their curves kept."""

from collections.abc import Mapping

import numpy as np
from sklearn.base import clone

from skimgcls.metrics._unwrap_estimator import unwrap_estimator
from skimgcls.model_selection._compare import compare
from skimgcls.model_selection._known_costs import _prefix
from skimgcls.model_selection._parameter_columns import parameter_columns
from skimgcls.model_selection._validated_pipeline import ValidatedPipeline
from skimgcls.model_selection.studies._study import CURVE_COLUMNS, Study
from skimgcls.utils._is_same import is_same


def run_study(estimator, settings, X, y, *, draw, reference=None, columns=None, **options):
    """Compare settings of the network in an estimator.

    Parameters
    ----------
    estimator : estimator
        A network, or one inside of pipelines or of whatever else hands parameters on.
    settings : dict of str to dict
        Parameters of the network, by name of the candidate.
    X, y : array-like of shape (n, ...), (n,)
        Images and labels.
    draw : callable
        Given the study and Axes or None, draws it and returns a dict of Axes.
    reference : str, default=None
        As in ``compare``.
    columns : list of dict, default=None
        What the frame begins with, for each candidate. None means the settings.
    **options : dict
        ``cv``, ``scoring``, ``n_seeds``, ``n_jobs`` and ``random_state`` of ``compare``.

    Returns
    -------
    study : Study

    Raises
    ------
    ValueError
        If the estimator holds no network, or several, or the network has no such parameter or value; or as ``compare``
        does.
    """
    find_network(estimator)  # before it is put into a pipeline: errors should name what was given
    estimator = ValidatedPipeline.around(estimator)
    prefix, network = find_network(estimator)
    candidates = {}
    for name, params in settings.items():
        _check(network, name, params)
        copies = {f"{prefix}{key}": clone(value, safe=False) for key, value in params.items()}
        candidates[name] = clone(estimator).set_params(**copies)
    comparison = compare(
        candidates, X, y, reference=reference, return_train_score=True, return_estimator=True, **options
    )
    curves = _take_curves(comparison.scores)
    parameters = parameter_columns(list(settings.values()) if columns is None else columns)
    return Study(comparison, curves, candidates=list(settings), parameters=parameters, draw=draw)


def find_network(estimator):
    """Find the one network in an estimator.

    Parameters
    ----------
    estimator : estimator
        Of any kind.

    Returns
    -------
    prefix : str
        What stands before the names of its parameters, such as "pipeline__clf__"; "" for the estimator itself.
    network : estimator
        With ``max_epochs``.

    Raises
    ------
    TypeError
        If it is no estimator.
    ValueError
        If there is none, or several.
    """
    if isinstance(estimator, type) or not hasattr(estimator, "get_params") or not hasattr(estimator, "fit"):
        kind = f"the class {estimator.__name__}" if isinstance(estimator, type) else type(estimator).__name__
        raise TypeError(f"estimator must be an estimator such as MLPClassifier(), or a pipeline with one, got {kind}.")
    params = estimator.get_params(deep=True)
    prefix = _prefix(params)
    if prefix is None:
        names = [name for name in params if name.endswith("__max_epochs")]
        what = f"several networks, with the parameters {names}" if names else "no network: nothing in it has max_epochs"
        raise ValueError(
            f"{type(estimator).__name__} holds {what}. Pass MLPClassifier(), CNNClassifier(), or a pipeline with one."
        )
    return prefix, params[prefix.removesuffix("__")] if prefix else estimator


def _check(network, name, params):
    """Refuse at once what would fail in every fit."""
    known = network.get_params(deep=False)
    unknown = [key for key in params if key not in known]
    if unknown:
        raise ValueError(
            f"{type(network).__name__} has no parameter {unknown[0]!r}, which the candidate {name!r} sets. Choose one "
            f"of {sorted(known)}."
        )
    if hasattr(network, "_build_module"):  # one of ours
        clone(network).set_params(**params)._validate_params()


def _take_curves(scores):
    """Take the kept networks out of the scores, leave their seconds there, and return their learning curves."""
    import pandas as pd

    # of a failed fit there is NaN, in which nothing is found
    networks = [unwrap_estimator(each, "fit_time_") for each in scores.pop("estimator")]
    # their own clock leaves out what a library loads in the first fit of a process
    known = [np.nan if each is None else each.fit_time_ for each in networks]
    scores["fit_seconds"] = pd.Series(known, index=scores.index).fillna(scores["fit_seconds"])
    places = scores[["candidate", "seed", "fold"]].to_dict("records")
    curves = [
        network.history_.assign(**place).reindex(columns=CURVE_COLUMNS)
        for network, place in zip(networks, places, strict=True)
        if network is not None
    ]
    return pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=CURVE_COLUMNS)


def check_values(name, values, at_least=2):
    """Return the values of a parameter as a list.

    Parameters
    ----------
    name : str
        What the argument is called.
    values : list
        What was given.
    at_least : int, default=2
        How many there must be.

    Returns
    -------
    values : list

    Raises
    ------
    ValueError
        If it is no list, too short, or holds a value twice.
    """
    if isinstance(values, (str, Mapping)) or not hasattr(values, "__iter__"):
        raise ValueError(f"{name} must be a list of values, got {values!r}. Put it in brackets.")
    values = list(values)
    if len(values) < at_least:
        raise ValueError(f"{name} must hold at least {at_least} values, got {values!r}. Add the one to compare with.")
    for place, value in enumerate(values):
        if any(is_same(value, other) for other in values[:place]):
            raise ValueError(f"{name} holds {value!r} twice. Leave one of them out.")
    return values
