"""Image classification for people who think in scikit-learn."""

from typing import TYPE_CHECKING

__version__ = "0.1.0.dev0"
__all__ = [
    "CNNClassifier",
    "EnsembleClassifier",
    "MLPClassifier",
    "PretrainedClassifier",
    "__version__",
    "compare",
    "evaluate",
    "load_model",
    "save_model",
    "show_versions",
]

_HOME_OF = {
    "CNNClassifier": "skimgcls.estimators",
    "EnsembleClassifier": "skimgcls.ensemble",
    "MLPClassifier": "skimgcls.estimators",
    "PretrainedClassifier": "skimgcls.estimators",
    "compare": "skimgcls.model_selection",
    "evaluate": "skimgcls.reports",
    "load_model": "skimgcls.export",
    "save_model": "skimgcls.export",
    "show_versions": "skimgcls.utils",
}
_SUBPACKAGES = (
    "callbacks",
    "datasets",
    "ensemble",
    "estimators",
    "exceptions",
    "export",
    "inspection",
    "metrics",
    "model_selection",
    "preprocessing",
    "reports",
)

if TYPE_CHECKING:
    from skimgcls.ensemble import EnsembleClassifier
    from skimgcls.estimators import CNNClassifier, MLPClassifier, PretrainedClassifier
    from skimgcls.export import load_model, save_model
    from skimgcls.model_selection import compare
    from skimgcls.reports import evaluate
    from skimgcls.utils import show_versions


def __getattr__(name):
    # torch takes seconds to import: nothing is loaded before it is asked for
    from importlib import import_module

    if name in _HOME_OF:
        return getattr(import_module(_HOME_OF[name]), name)
    if name in _SUBPACKAGES:
        return import_module(f"skimgcls.{name}")
    raise AttributeError(f"module 'skimgcls' has no attribute {name!r}")


def __dir__():
    return sorted([*__all__, *_SUBPACKAGES])
