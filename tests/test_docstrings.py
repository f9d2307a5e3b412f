"""Every public docstring follows numpydoc, names every parameter, and says what fit really sets."""

import importlib
import inspect
import pkgutil
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from numpydoc.docscrape import ClassDoc
from numpydoc.validate import validate

import skimgcls

# The engine behind the estimators: no example of its own is asked for, and one line may do. But a list of parameters
# that is begun must be complete and right there too.
INTERNAL = {"images", "training", "base", "cli"}
MAY_BE_SHORT = {"PR04", "PR07", "RT01"}

# Codes of numpydoc.validate that we do not follow, each with its reason; all others must hold.
NOT_FOLLOWED = {
    "ES01": "a good one-line summary needs no second one",
    "GL01": "the summary stands on the line of the opening quotes (PEP 257)",
    "GL02": "a docstring of one line closes on that line (PEP 257)",
    "RT02": "returned values have names: `path : pathlib.Path`",
    "RT03": "a type can say it all: `TrainingCurveDisplay`",
    "RT04": "a description may begin with a name in code",
    "SA01": "not everything has something related",
    "SS05": "a summary may be a noun: 'Convolutional image classifier', and numpydoc takes every final s for a verb",
    "SS06": "the line length of the sources limits the summary",
    "YD01": "generators document what they yield under Returns where that reads better",
}


def public_objects():
    """Every name of each folder's `__all__`, and of the modules beside the folders: {dotted name: object}."""
    found = {}
    for module_info in pkgutil.iter_modules(skimgcls.__path__):
        if module_info.name.startswith("_"):
            continue
        module = importlib.import_module(f"skimgcls.{module_info.name}")
        names = [name for name, obj in vars(module).items() if getattr(obj, "__module__", "") == module.__name__]
        for name in getattr(module, "__all__", [name for name in names if not name.startswith("_")]):
            found[f"{module.__name__}.{name}"] = getattr(module, name)
    return {name: obj for name, obj in found.items() if inspect.isclass(obj) or inspect.isfunction(obj)}


def documented_names(objects):
    """The objects and their methods, each method once, under the first class that has it."""
    names, seen = [], set()
    for name, obj in objects.items():
        names.append(name)
        for method_name in own_methods(obj) if inspect.isclass(obj) else []:
            method = inspect.getattr_static(obj, method_name)
            if id(method) not in seen:
                seen.add(id(method))
                names.append(f"{name}.{method_name}")
    return names


def own_methods(cls):
    """Public methods and properties written in this library; hooks of a foreign class are documented there."""
    for name, member in inspect.getmembers_static(cls):
        if name.startswith("_") or not (inspect.isroutine(member) or isinstance(member, property)):
            continue
        owner = next(base for base in cls.__mro__ if name in vars(base))
        from_elsewhere = any(name in vars(base) for base in cls.__mro__ if not is_ours(base) and base is not object)
        if is_ours(owner) and not from_elsewhere:
            yield name


def is_ours(cls):
    return cls.__module__.partition(".")[0] in ("skimgcls", "tests")


def docstring_complaints(name):
    result = validate(name)
    left_out = set(NOT_FOLLOWED)
    _, folder, *rest = name.split(".")
    if folder in INTERNAL:
        has_list = "\nParameters\n---" in inspect.cleandoc(result["docstring"])
        left_out |= MAY_BE_SHORT if has_list else MAY_BE_SHORT | {"PR01"}
    if folder in INTERNAL | {"exceptions"} or len(rest) > 1:  # a method's example is that of its class
        left_out.add("EX01")
    return [f"{name}: {code} {message}" for code, message in result["errors"] if code not in left_out]


OBJECTS = public_objects()


@pytest.mark.parametrize("name", documented_names(OBJECTS))
def test_a_public_docstring_follows_numpydoc_and_names_every_parameter(name):
    complaints = docstring_complaints(name)
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("name", [name for name in OBJECTS if not name.rpartition(".")[2].startswith("fetch_")])
def test_the_example_of_a_docstring_is_run_and_not_skipped(name):
    assert "+SKIP" not in inspect.getdoc(OBJECTS[name])


@pytest.mark.parametrize("name", ["CNNClassifier", "MLPClassifier"])
@pytest.mark.parametrize("as_frame", [False, True])
def test_the_attributes_that_are_documented_are_those_that_fit_sets(name, as_frame, digits):
    X, y = digits
    X = X[:40].reshape(40, -1)
    if as_frame:
        X = pd.DataFrame(X, columns=[f"pixel{i}" for i in range(64)])
    model = getattr(skimgcls, name)(max_epochs=1, random_state=0).fit(X, y[:40])
    documented = documented_attributes(type(model))
    if not as_frame:
        documented -= {"feature_names_in_"}
    assert fitted_attributes(model) == documented


def documented_attributes(cls):
    return {attribute.name for attribute in ClassDoc(cls)["Attributes"]}


def fitted_attributes(model):
    names = set(vars(model)) | {name for name in dir(type(model)) if isinstance(getattr(type(model), name), property)}
    return {name for name in names if name.endswith("_") and not name.startswith("_") and hasattr(model, name)}


def test_what_is_public_is_found():
    assert {"skimgcls.estimators.CNNClassifier", "skimgcls.datasets.make_images"} <= set(OBJECTS)
    names = documented_names(OBJECTS)
    methods = {
        "fit",
        "partial_fit",
        "predict",
        "predict_proba",
        "predict_log_proba",
        "decision_function",
        "plot_history",
    }
    assert methods <= {name.rpartition(".")[2] for name in names}
    assert len(names) == len(set(names))


def badly_documented(documented, forgotten):
    """do something

    Parameters
    ----------
    documented
        no type, no capital.
    invented : int
        Not in the signature.
    """
    return documented, forgotten


def shortly_documented(value):
    """Do something."""
    return value


class Undocumented(dict):
    def method(self):
        return self

    def update(self):  # documented by dict
        return self

    @property
    def value_(self):
        return 1

    def _private(self):
        return self


def found_codes(name):
    return {complaint.split()[1] for complaint in docstring_complaints(name)}


def test_a_bad_docstring_is_found():
    codes = found_codes(f"{__name__}.badly_documented")
    assert codes >= {"SS02", "SS03", "PR01", "PR02", "PR04", "PR08", "RT01", "EX01"}


def test_a_docstring_of_one_line_will_do_inside_the_engine_only(monkeypatch):
    assert found_codes(f"{__name__}.shortly_documented") == {"PR01", "RT01", "EX01"}
    monkeypatch.setattr(sys.modules[__name__], "INTERNAL", {"test_docstrings"})
    assert found_codes(f"{__name__}.shortly_documented") == set()
    assert found_codes(f"{__name__}.badly_documented") >= {"SS02", "PR01", "PR02"}


def test_a_class_and_its_methods_without_docstrings_are_found():
    names = documented_names({f"{__name__}.Undocumented": Undocumented})
    assert [name.rpartition(".")[2] for name in names] == ["Undocumented", "method", "value_"]
    assert all("GL08" in found_codes(name) for name in names)


def test_fitted_attributes_count_properties_and_leave_out_parameters_and_private_ones():
    class Model(SimpleNamespace):
        @property
        def history_(self):
            return np.zeros(1)

        @property
        def absent_(self):
            raise AttributeError

    assert fitted_attributes(Model(lr=1, n_epochs_=2, _cache_=3)) == {"history_", "n_epochs_"}
