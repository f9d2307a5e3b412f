"""Epochs and network sizes of candidates, where they can be known without having kept the networks."""

import numpy as np

from skimgcls.metrics._unwrap_estimator import unwrap_estimator
from skimgcls.utils._is_same import is_same

# Of the callbacks that leave training to run its course.
HARMLESS = {"EpochTimer", "EpochProgressBar", "PrintLog", "ProgressBar", "EpochScoring", "LRScheduler"}


def settings_of(estimator, params):
    """Parameters that an estimator has after ``set_params(**params)``, nested ones included, without a copy of it.

    Parameters
    ----------
    estimator : estimator or None
        That the search was given.
    params : list of dict
        What it set for each candidate.

    Returns
    -------
    settings : list of dict
        By full name.
    """
    own = {} if estimator is None else estimator.get_params(deep=True)
    return [_updated(own, each) for each in params]


def epochs_run(candidates, settings):
    """Epochs that each candidate was trained for, the mean over its folds.

    Parameters
    ----------
    candidates : Candidates
        What the search tried.
    settings : list of dict
        From `settings_of`.

    Returns
    -------
    epochs : ndarray (n,)
        Of kept networks as they say; else ``max_epochs`` where nothing could stop training before; else NaN.
    """
    if candidates.fitted:
        return _mean_over_folds(candidates.fitted, "n_epochs_", lambda net: net.n_epochs_)
    epochs = np.array([_planned_epochs(each) for each in settings], dtype=float)
    return np.where(np.isnan(next(iter(candidates.means.values()))), np.nan, epochs)  # a failed fit stopped somewhere


def parameter_counts(candidates, settings):
    """Weights that training adjusts in the network of each candidate.

    Parameters
    ----------
    candidates : Candidates
        What the search tried.
    settings : list of dict
        From `settings_of`.

    Returns
    -------
    counts : ndarray (n,)
        Of kept networks as they are; else counted in a network built without memory for its weights, for images of
        the shape that the winner was fitted on; NaN where that is not known.
    """
    if candidates.fitted:
        counts = _mean_over_folds(candidates.fitted, "n_parameters_", lambda net: net.n_parameters_)
        return counts if not np.isnan(counts).all() else _mean_over_folds(candidates.fitted, "module_", _count)
    fitted = unwrap_estimator(candidates.best, "n_parameters_")
    if fitted is not None and hasattr(fitted, "_build_module"):
        return _counts_like(fitted, candidates, settings)
    fitted = unwrap_estimator(candidates.best, "module_")
    if fitted is not None and not any("module" in name for each in candidates.params for name in each):
        return np.full(len(settings), _count(fitted), dtype=float)
    return np.full(len(settings), np.nan)


def _updated(own, params):
    settings = own.copy()
    for name in sorted(params):  # "clf" before "clf__lr"
        value = params[name]
        settings[name] = value
        if hasattr(value, "get_params") and not isinstance(value, type):  # another step takes its parameters along
            settings = {key: old for key, old in settings.items() if not key.startswith(f"{name}__")}
            settings |= {f"{name}__{key}": nested for key, nested in value.get_params(deep=True).items()}
    return settings


def _mean_over_folds(fitted, attribute, read):
    def mean(folds):
        nets = [unwrap_estimator(each, attribute) for each in folds]
        return np.nan if not nets or None in nets else np.mean([read(net) for net in nets])

    return np.array([mean(folds) for folds in fitted], dtype=float)


def _count(net):
    from skimgcls.architectures import count_parameters

    return count_parameters(net.module_)


def _prefix(settings):
    """What stands before the names of the network's parameters; None if there is not exactly one network."""
    names = [name for name in settings if name == "max_epochs" or name.endswith("__max_epochs")]
    return names[0].removesuffix("max_epochs") if len(names) == 1 else None


def _planned_epochs(settings):
    prefix = _prefix(settings)
    if prefix is None:
        return np.nan
    callbacks = settings.get(f"{prefix}callbacks")
    may_stop = settings.get(f"{prefix}early_stopping") or settings.get(f"{prefix}time_limit") is not None
    may_stop = may_stop or (callbacks not in (None, "disable") and not _are_harmless(callbacks))
    return np.nan if may_stop else settings[f"{prefix}max_epochs"]


def _are_harmless(callbacks):
    callbacks = [each[-1] if isinstance(each, tuple) else each for each in callbacks]  # skorch takes (name, callback)
    return all((each if isinstance(each, type) else type(each)).__name__ in HARMLESS for each in callbacks)


def _counts_like(fitted, candidates, settings):
    """Counts of networks for images of the shape, and for the classes, that one was fitted on."""
    known = {}  # by what shapes a network
    counts = np.full(len(settings), np.nan)
    winner = _updated(candidates.estimator.get_params(deep=True), candidates.best_params)
    for index in np.flatnonzero(~np.isnan(next(iter(candidates.means.values())))):
        prefix = _prefix(settings[index])
        if prefix is None or not _sees_same_images(candidates.params[index], winner, prefix):
            continue
        net = settings[index][prefix.removesuffix("__")] if prefix else candidates.estimator
        if not hasattr(net, "_build_module"):
            continue
        own = {name: settings[index][prefix + name] for name in type(net)._get_param_names()}
        key = (type(net), *(repr(own[name]) for name in net._architecture_params))
        if key not in known:
            known[key] = _count_unbuilt(type(net)(**own), fitted)
        counts[index] = known[key]
    return counts


def _sees_same_images(params, winner, prefix):
    """Whether nothing before the network, nor how it reads images, differs from the winner's."""

    def may_reshape(name):
        return not f"{name}__".startswith(prefix) or name.endswith(("image_shape", "channels"))

    return all(is_same(value, winner.get(name)) for name, value in params.items() if may_reshape(name))


def _count_unbuilt(net, fitted):
    import torch

    from skimgcls.architectures import count_parameters

    names = net._architecture_params
    if type(net) is type(fitted) and all(is_same(getattr(net, name), getattr(fitted, name)) for name in names):
        return fitted.n_parameters_
    if callable(getattr(net, "architecture", None)):  # may have layers that get their size from images only
        return np.nan
    try:
        with torch.device("meta"):
            return count_parameters(net._build_module(fitted.image_shape_, len(fitted.classes_)))
    except (TypeError, ValueError):  # the fit failed, and `error_score` is a number
        return np.nan
