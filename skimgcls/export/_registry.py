"""The estimators that a model file may hold: a file names one of these, and never an import path."""

import importlib

from skimgcls.exceptions import ModelFileError

_HOMES = {
    "CNNClassifier": "skimgcls.estimators",
    "EnsembleClassifier": "skimgcls.ensemble",
    "ImageEmbedder": "skimgcls.estimators",
    "MLPClassifier": "skimgcls.estimators",
    "PretrainedClassifier": "skimgcls.estimators",
}
KNOWN_NAMES = ", ".join(_HOMES)


def estimator_class(name):
    """Return the class of an estimator by its name.

    Parameters
    ----------
    name : object
        As a file has it.

    Returns
    -------
    type

    Raises
    ------
    ModelFileError
        If it is none of ours.
    """
    if not isinstance(name, str) or name not in _HOMES:
        raise ModelFileError(f"it names the estimator {_short(name)}; model files hold one of {KNOWN_NAMES}.")
    return getattr(importlib.import_module(_HOMES[name]), name)


def registered_name(estimator):
    """Return the name under which an estimator is stored.

    Parameters
    ----------
    estimator : object

    Returns
    -------
    str

    Raises
    ------
    ModelFileError
        If it is none of ours; the message says what to save instead.
    """
    name = type(estimator).__name__
    if name in _HOMES and estimator_class(name) is type(estimator):
        return name
    raise ModelFileError(
        f"save_model cannot save a {type(estimator).__name__}. A model file holds one of {KNOWN_NAMES}, fitted."
        f"{_hint(estimator)}"
    )


def _hint(estimator):
    if isinstance(estimator, type):
        return " This is a class: make an instance, fit it and save that."
    if hasattr(estimator, "steps"):
        return " Of a pipeline save the last step, pipeline[-1], and make the steps before it anew."
    if hasattr(estimator, "best_estimator_") or hasattr(estimator, "refit"):
        return " Of a search save best_estimator_."
    if any(base.__name__ in _HOMES for base in type(estimator).__mro__):
        return " A class of your own cannot be found again from its name: keep it in pickles that only you read."
    return ""


def _short(value, length=80):
    text = repr(value)
    return text if len(text) <= length else f"{text[:length]}..."
