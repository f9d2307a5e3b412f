"""From a fitted estimator to plain JSON and named tensors."""

import copy
from dataclasses import dataclass, field

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skimgcls.exceptions import ModelFileError
from skimgcls.export._check_params import MAX_MODELS, MAX_NESTING, NOT_STORED, check_params, is_too_deep
from skimgcls.export._plain_values import to_plain, unsavable
from skimgcls.export._registry import registered_name
from skimgcls.utils._random import draw_seed

_PLAIN = (bool, int, float, str, type(None))  # what a row of the history may hold


@dataclass
class ModelDescription:
    """All that goes into a model file.

    Parameters
    ----------
    record : dict
        Plain JSON: name of the estimator, parameters, what was learnt beside the weights.
    tensors : dict of str to tensor
        The weights, where they are; not copied.
    left_out : dict of str to None
        What was not stored and could be missed, in words.
    n_models : int
        Estimators in it, those within others too.
    """

    record: dict = None
    tensors: dict = field(default_factory=dict)
    left_out: dict = field(default_factory=dict)
    n_models: int = 0


def describe_model(estimator):
    """Describe a fitted estimator.

    Parameters
    ----------
    estimator : estimator
        One of ours.

    Returns
    -------
    ModelDescription

    Raises
    ------
    ModelFileError
        If it, or the value of a parameter, cannot be stored.
    NotFittedError
        If it is not fitted.
    """
    registered_name(estimator)  # what is none of ours need not be fitted to be refused
    description = ModelDescription()
    description.record = _describe(estimator, "", description)
    return description


def _describe(estimator, prefix, description, *, is_fitted=True):
    name = registered_name(estimator)
    description.n_models += 1
    if description.n_models > MAX_MODELS or is_too_deep(prefix):
        raise ModelFileError(f"A model file holds at most {MAX_MODELS} models, {MAX_NESTING} within each other.")
    fitted = None
    if is_fitted:
        check_is_fitted(estimator)
        fitted = _FITTED.get(name, _describe_classifier)(estimator, prefix, description)
    return {"estimator": name, "params": _describe_params(estimator, prefix, description), "fitted": fitted}


def _describe_params(estimator, prefix, description):
    params = _without_compiler(estimator.get_params(deep=False), description)
    check_params(params, prefix)
    for callback in params.get("callbacks") or ():
        callback = callback[1] if isinstance(callback, (tuple, list)) else callback
        description.left_out[f"the callback {type(callback).__name__}"] = None
    return {
        name: _describe_param(estimator, name, value, prefix, description)
        for name, value in params.items()
        if name not in NOT_STORED
    }


def _without_compiler(params, description):
    """No compiler may run because of a file; what was compiled is stored as it is without."""
    given = params.get("net_params")
    if not isinstance(given, dict):
        return params
    kept = {name: value for name, value in given.items() if str(name).partition("__")[0] != "compile"}
    if len(kept) < len(given):
        description.left_out["compile of net_params"] = None
    return params | {"net_params": kept}


def _describe_param(estimator, name, value, prefix, description):
    if name in ("estimator", "backbone") and not isinstance(value, (str, type)):
        return {"model": _describe(value, f"{prefix}{name}.", description, is_fitted=name == "backbone")}
    if name == "architecture" and callable(value):
        return {"own": "architecture"}
    if name == "random_state" and isinstance(value, np.random.RandomState):
        return estimator.net_.seed if hasattr(estimator, "net_") else draw_seed(copy.deepcopy(value))
    if name == "net_params" and value:
        for key, each in value.items():  # so that an error names the one
            to_plain(each, f"{prefix}net_params[{key!r}]")
    return to_plain(value, f"{prefix}{name}")


def _describe_classifier(estimator, prefix, description):
    net = estimator.net_
    module = getattr(net.module_, "_orig_mod", net.module_)  # what torch.compile wraps
    _add_tensors(module, f"{prefix}module.", description)
    counts = getattr(estimator, "_class_counts", None)
    trained_with = {
        name: _describe_param(estimator, name, value, prefix, description)
        for name, value in estimator._fitted_architecture.items()
    }
    return {
        "trained_with": trained_with,
        "classes": _describe_classes(estimator.classes_),
        **_describe_images(estimator),
        "history": [_describe_row(row, description) for row in net.history.to_list()],
        "best_epoch": int(estimator.best_epoch_),
        "fit_time": to_plain(float(estimator.fit_time_), "fit_time_"),
        "seed": int(net.seed),
        "class_counts": None if counts is None else to_plain(np.asarray(counts, dtype=np.float64), "class_counts"),
    }


def _describe_ensemble(ensemble, prefix, description):
    members = [
        _describe(member, f"{prefix}members.{number}.", description)
        for number, member in enumerate(ensemble.estimators_)
    ]
    fit_time = to_plain(float(ensemble.fit_time_), "fit_time_")
    return {"classes": _describe_classes(ensemble.classes_), "fit_time": fit_time, "members": members}


def _describe_embedder(embedder, prefix, description):
    if hasattr(embedder, "network_") and isinstance(embedder.backbone, str):
        _add_tensors(embedder.network_, f"{prefix}network.", description)
    return {**_describe_images(embedder), "n_features_out": int(embedder.n_features_out_)}


_FITTED = {"EnsembleClassifier": _describe_ensemble, "ImageEmbedder": _describe_embedder}


def _describe_classes(classes):
    if classes.dtype == object and all(isinstance(label, str) for label in classes):
        classes = np.array([str(label) for label in classes], dtype=object)  # of numpy's own strings too
    try:
        return to_plain(classes, "classes_")
    except ModelFileError:
        remedy = "Labels are strings, integers, booleans or numbers: fit with such ones."
        raise unsavable("classes_", classes, remedy) from None


def _describe_images(estimator):
    """What was learnt of the form of the images."""
    names = getattr(estimator, "feature_names_in_", None)
    return {
        "layout": {
            name: getattr(estimator._layout, name) for name in ("height", "width", "channels", "channels_first")
        },
        "maximum": float(estimator._maximum),
        "feature_names": None if names is None else names.tolist(),
    }


def _describe_row(row, description):
    plain = {}
    for name, value in row.items():
        value = value.item() if isinstance(value, np.generic) else value
        if type(value) in _PLAIN:
            plain[name] = to_plain(value, "history_")
        elif name != "batches":
            description.left_out[f"{name!r} of history_, a {type(value).__name__},"] = None
    return plain


def _add_tensors(module, prefix, description):
    description.tensors |= {f"{prefix}{name}": value for name, value in module.state_dict().items()}
