"""From the plain JSON and the weights of anybody's model file to a fitted estimator."""

import contextlib
import math
from types import SimpleNamespace

import numpy as np

from skimgcls import __version__
from skimgcls.exceptions import ModelFileError
from skimgcls.export._check_params import MAX_MODELS, MAX_NESTING, NOT_STORED, check_params, is_too_deep
from skimgcls.export._plain_values import from_plain, limited_arrays
from skimgcls.export._registry import estimator_class
from skimgcls.export._restore_network import restore_embedding, restore_module
from skimgcls.export._strict_json import take
from skimgcls.images import ImageLayout
from skimgcls.training._portable_state import settle_params

_MAX_FEATURES = 2**26  # of an image: 8192 pixels square
_NUMBERS = ("epoch", "train_loss", "train_accuracy", "valid_loss", "valid_accuracy", "lr", "seconds")
_NONE = type(None)
_PLAIN = (bool, int, float, str, _NONE)  # what a row of the history may hold


def restore_model(record, weights, architecture=None):
    """Make the estimator that a record describes.

    Parameters
    ----------
    record : object
        JSON, as of `describe_model`.
    weights : ModelWeights
    architecture : callable or None
        The user's own network, where the record says that there was one.

    Returns
    -------
    estimator : estimator
        Fitted.

    Raises
    ------
    ModelFileError
        If anything is not as `describe_model` writes it.
    """
    source = SimpleNamespace(weights=weights, architecture=architecture, n_models=0, is_own=False)
    with limited_arrays():
        estimator = _restore(record, "", source)
    if weights.claimed:
        raise ModelFileError(f"it holds weights that belong to nothing: {', '.join(list(weights.claimed)[:3])}.")
    if architecture is not None and not source.is_own:
        raise ModelFileError(
            f"architecture={architecture!r:.80} was handed in, but the {type(estimator).__name__} in it was saved with "
            "a network of skimgcls. Leave architecture out."
        )
    return estimator


def _restore(record, prefix, source, *, is_fitted=True):
    source.n_models += 1
    if source.n_models > MAX_MODELS or is_too_deep(prefix):
        raise ModelFileError(f"it holds more than {MAX_MODELS} models, or more than {MAX_NESTING} within each other.")
    wanted = {"estimator": str, "params": dict, "fitted": dict if is_fitted else _NONE}
    name, params, fitted = take(record, f"{prefix}model", **wanted)
    cls = estimator_class(name)
    params = _read_params(cls, params, prefix, source)
    estimator = _make(cls, params, prefix)
    if hasattr(estimator, "device"):
        settle_params(estimator)
    if is_fitted:
        _RESTORERS.get(name, _restore_classifier)(estimator, fitted, prefix, source)
    return estimator


# ------------------------------------------------------------- parameters


def _read_params(cls, plain, prefix, source):
    known = set(cls._get_param_names()) - NOT_STORED.keys()
    unknown = sorted(plain.keys() - known)
    if unknown:
        raise ModelFileError(
            f"it sets the parameter {prefix}{unknown[0]}, which {cls.__name__} of skimgcls {__version__} does not take "
            "from files. If a newer skimgcls wrote it, update skimgcls."
        )
    return {name: _read_param(cls, name, value, prefix, source) for name, value in plain.items()}


def _read_param(cls, name, plain, prefix, source):
    kind = next(iter(plain), None) if isinstance(plain, dict) and len(plain) == 1 else None
    if kind == "own" and name == "architecture":
        if source.architecture is None:
            raise ModelFileError(
                f"the {cls.__name__} in it was saved with an architecture of the user's, which files do not hold. Hand "
                "in the same callable: load_model(path, architecture=...)."
            )
        source.is_own = True
        return source.architecture
    if kind == "model" and (cls.__name__, name) in _HOLDERS:
        return _restore(plain["model"], f"{prefix}{name}.", source, is_fitted=name == "backbone")
    return from_plain(plain, f"{prefix}{name}")


_HOLDERS = {("EnsembleClassifier", "estimator"), ("ImageEmbedder", "backbone")}


def _make(cls, params, prefix):
    """Make an estimator of checked parameters."""
    with _refusals(f"its parameters of {prefix}{cls.__name__} are not valid"):
        estimator = cls(**params)
        estimator._validate_params()
    check_params(params, prefix)
    return estimator


# ------------------------------------------------------------ what was learnt


def _restore_classifier(classifier, fitted, prefix, source):
    trained_with, classes, layout, maximum, names, history, best_epoch, fit_time, seed, counts = take(
        fitted, f"{prefix}fitted", trained_with=dict, classes=dict, layout=dict, maximum=(float, int),
        feature_names=(list, _NONE), history=list, best_epoch=int, fit_time=(float, int, dict), seed=int,
        class_counts=(dict, _NONE),
    )  # fmt: skip
    cls = type(classifier)
    trained_with = _read_params(cls, trained_with, prefix, source)
    if trained_with.keys() != set(cls._architecture_params):
        raise ModelFileError(f"trained_with of {prefix}fitted names other parameters than those of a {cls.__name__}.")
    builder = _make(cls, classifier.get_params(deep=False) | trained_with, prefix)
    learnt = SimpleNamespace(
        classes=_read_classes(classes), layout=_read_layout(layout), maximum=_read_number(maximum, "maximum")
    )
    rows = [_read_row(row, number) for number, row in enumerate(history, start=1)]
    if not (0 <= best_epoch <= len(rows) and 0 <= seed < 2**32):
        raise ModelFileError(f"best_epoch={best_epoch} of {len(rows)} epochs, or seed={seed}, cannot be.")
    with _refusals(f"no network can be made of the parameters of {prefix}{cls.__name__}"):
        net = restore_module(classifier, builder, learnt, seed, source.weights, prefix, n_epochs=len(rows))
    net.history_.extend(rows)
    classifier._begin_anew(net, learnt, None)
    classifier._fitted_architecture = trained_with
    classifier.n_epochs_, classifier.best_epoch_ = len(rows), best_epoch
    classifier.fit_time_ = _read_number(fit_time, "fit_time", is_finite=False)
    if counts is not None:
        classifier._class_counts = _read_array(counts, "class_counts", (2, len(learnt.classes)))
    _set_feature_names(classifier, names)


def _restore_ensemble(ensemble, fitted, prefix, source):
    wanted = {"classes": dict, "fit_time": (float, int, dict), "members": list}
    classes, fit_time, members = take(fitted, f"{prefix}fitted", **wanted)
    ensemble.classes_ = _read_classes(classes)
    ensemble.fit_time_ = _read_number(fit_time, "fit_time", is_finite=False)
    ensemble.estimators_ = [
        _restore(member, f"{prefix}members.{number}.", source) for number, member in enumerate(members)
    ]
    for number, member in enumerate(ensemble.estimators_):
        if not set(getattr(member, "classes_", [None])) <= set(ensemble.classes_):
            raise ModelFileError(f"{prefix}members.{number} knows classes that the ensemble does not have.")
    if not members:
        raise ModelFileError(f"an ensemble in it has no members: {prefix}fitted.")


def _restore_embedder(embedder, fitted, prefix, source):
    layout, maximum, names, n_features_out = take(
        fitted, f"{prefix}fitted", layout=dict, maximum=(float, int), feature_names=(list, _NONE), n_features_out=int
    )
    if not 0 < n_features_out <= _MAX_FEATURES:
        raise ModelFileError(f"n_features_out={n_features_out} cannot be.")
    embedder._layout, embedder._maximum = _read_layout(layout), _read_number(maximum, "maximum")
    embedder.image_shape_, embedder.n_features_in_ = embedder._layout.image_shape, embedder._layout.n_features
    embedder.n_features_out_ = n_features_out
    _set_feature_names(embedder, names)
    if isinstance(embedder.backbone, str):
        with _refusals(f"no network can be made of the parameters of {prefix}ImageEmbedder"):
            embedder.network_ = restore_embedding(embedder, source.weights, prefix)


_RESTORERS = {"EnsembleClassifier": _restore_ensemble, "ImageEmbedder": _restore_embedder}


# ----------------------------------------------------------------- its parts


def _read_array(plain, name, shape=None):
    array = from_plain(plain, name)
    if not isinstance(array, np.ndarray) or array.shape != (shape or (array.size,)):
        raise ModelFileError(f"{name} is no array of shape {shape or '(n,)'}.")
    return array


def _read_classes(plain):
    classes = _read_array(plain, "classes")
    if len(classes) < 2 or len(np.unique(classes)) < len(classes) or (np.sort(classes) != classes).any():
        raise ModelFileError(
            f"classes must be sorted, different from each other and at least two: {str(classes)[:80]}."
        )
    return classes


def _read_layout(plain):
    height, width, channels, channels_first = take(
        plain, "layout", height=int, width=int, channels=int, channels_first=bool
    )
    if min(height, width, channels) < 1 or height * width * channels > _MAX_FEATURES:
        raise ModelFileError(f"images of {height} x {width} pixels and {channels} channels cannot be.")
    return ImageLayout(height, width, channels, channels_first)


def _read_number(plain, name, *, is_finite=True):
    value = from_plain(plain, name)
    with contextlib.suppress(OverflowError):  # of an int with hundreds of digits
        if type(value) in (float, int) and (math.isfinite(value) or not is_finite):
            return float(value)
    raise ModelFileError(f"{name} is {str(value)[:80]!r}, where a number was expected.")


def _read_row(plain, number):
    if not isinstance(plain, dict) or "batches" in plain:
        raise ModelFileError(f"epoch {number} of the history is no row of numbers.")
    row = {name: from_plain(value, f"{name} of the history") for name, value in plain.items()}
    for name in row.keys() & set(_NUMBERS):
        if type(row[name]) not in (float, int):
            raise ModelFileError(f"{name} of epoch {number} is {str(row[name])[:80]!r}, where a number was expected.")
    if row.get("epoch") != number or any(type(value) not in _PLAIN for value in row.values()):
        raise ModelFileError(f"epoch {number} of the history is no row of numbers.")
    return row | {"batches": [{}]}


def _set_feature_names(estimator, names):
    if names is None:
        return
    if len(names) != estimator.n_features_in_ or not all(isinstance(name, str) for name in names):
        raise ModelFileError(f"feature_names holds {len(names)} names, where {estimator.n_features_in_} were expected.")
    estimator.feature_names_in_ = np.array(names, dtype=object)


@contextlib.contextmanager
def _refusals(what):
    """Turn whatever goes wrong with values of anybody's into a refusal."""
    try:
        yield
    except (ModelFileError, ImportError):  # a library that is missing here says how to get it
        raise
    except Exception as error:
        raise ModelFileError(f"{what}: {error}") from error
