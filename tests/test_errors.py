"""Every refusal says which argument is wrong, what was got and what to do, and leaves a fitted model as it was."""

import pickle
import re
import traceback

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback

from skimgcls.exceptions import ImageDecodeError
from tests import test_errors_of_data as data
from tests import test_errors_of_functions as functions
from tests import test_errors_of_parameters as parameters
from tests.test_errors_of_parameters import PARAMETERS, X, make, y

ROWS = parameters.ROWS | data.ROWS | functions.ROWS
STANDARD = ("builtins", "sklearn.exceptions", "sklearn.utils._param_validation", "skimgcls.exceptions")


@pytest.fixture(scope="module")
def bad_files(tmp_path_factory):
    return functions.write_bad_files(tmp_path_factory.mktemp("bad_files"))


def test_no_row_hides_another():
    assert len(ROWS) == len(parameters.ROWS) + len(data.ROWS) + len(functions.ROWS) > 1000


@pytest.mark.parametrize("name", ROWS)
def test_a_refusal_names_the_argument_what_was_got_and_what_to_do(name, bad_files):
    kind, call, *columns = ROWS[name]
    with pytest.raises(kind) as raised:
        call(bad_files)
    assert type(raised.value).__module__ in STANDARD
    for column, words in zip(("names", "got", "remedy"), columns, strict=True):
        assert re.search(words, str(raised.value), re.DOTALL), f"{column}: {words!r} is not in: {raised.value}"


# ------------------------------------------------------------------ what a refusal leaves


class FittedModel:
    """A small model with its probabilities and parameters."""

    def __init__(self):
        self.model = make("MLP").fit(X, y)
        self.expected = self.model.predict_proba(X)
        self.params = self.model.get_params()

    def assert_unchanged(self):
        assert self.model.n_epochs_ == 1
        np.testing.assert_array_equal(self.model.predict_proba(X), self.expected)
        assert self.model.partial_fit(X, y).n_epochs_ == 2


BAD_PARAMETERS = {name: next(iter(allowed.values()))[0] for name, allowed in PARAMETERS["MLP"].items()}
BAD_PARAMETERS |= {f"{next(iter(p))}, {name}": p for name, (kind, p, *_) in parameters.OTHERS.items() if kind == "MLP"}
WHILE_TRAINING = ("on what is not there", "batches of one")  # what shows by then only has replaced the model


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("name", [name for name in BAD_PARAMETERS if not name.endswith(WHILE_TRAINING)])
def test_a_refused_parameter_leaves_a_fitted_model_and_its_parameters(name, method):
    fitted = FittedModel()
    bad = BAD_PARAMETERS[name] if ", " in name else {name: BAD_PARAMETERS[name]}
    before = fitted.model.set_params(**bad).get_params()
    with pytest.raises((ValueError, TypeError)):
        getattr(fitted.model, method)(X, y)
    after = fitted.model.get_params()
    assert after.keys() == before.keys()
    assert all(after[each] is before[each] for each in before)
    fitted.model.set_params(**fitted.params)
    fitted.assert_unchanged()


CALLS = {
    **{f"fit X {name}": ("fit", (images, y)) for name, (images, *_) in (data.IMAGES | data.IMAGES_OF_FIT).items()},
    **{f"partial_fit X {name}": ("partial_fit", (images, y)) for name, (images, *_) in data.IMAGES.items()},
    **{f"predict X {name}": ("predict", (images,)) for name, (images, *_) in data.IMAGES_AFTER_FIT.items()},
    **{f"fit y {name}": ("fit", (X, labels)) for name, (labels, *_) in data.LABELS.items()},
    **{f"partial_fit y {name}": ("partial_fit", (X, labels)) for name, (labels, *_) in data.LABELS.items()},
    **{f"fit sample_weight {name}": ("fit", (X, y, weights)) for name, (weights, *_) in data.WEIGHTS.items()},
    **{f"fit {name}": ("fit", (X, y, None, *both)) for name, (both, *_) in data.VALIDATION.items()},
}


@pytest.mark.parametrize("name", CALLS)
def test_refused_images_labels_and_weights_leave_a_fitted_model(name):
    fitted, (method, arguments) = FittedModel(), CALLS[name]
    with pytest.raises((ValueError, TypeError)):
        getattr(fitted.model, method)(*arguments)
    assert fitted.model.get_params() == fitted.params
    fitted.assert_unchanged()


@pytest.mark.parametrize("name", functions.FILES)
def test_refused_files_leave_a_fitted_model(name, bad_files):
    fitted = FittedModel()
    for method, arguments in (("fit", ([bad_files / name] * 12, y)), ("predict", ([bad_files / name],))):
        with pytest.raises((ImageDecodeError, OSError)):
            getattr(fitted.model, method)(*arguments)
    fitted.assert_unchanged()


# -------------------------------------------------------- callbacks that cannot be pickled


class Holding(Callback):
    """Holds something that no process can hand to another."""

    def __init__(self, held):
        self.held = held


@pytest.fixture(params=["a generator", "a file"])
def unpicklable(request, tmp_path):
    if request.param == "a generator":
        yield make("MLP", callbacks=[Holding(number for number in range(3))])
    else:
        with open(tmp_path / "log.txt", "w") as file:
            yield make("MLP", callbacks=[("log", Holding(file))])


REMEDY = r"set_params\(callbacks=None\).*n_jobs=1 or in threads"


def test_a_model_with_a_callback_that_cannot_be_pickled_names_it(unpicklable):
    model = unpicklable.fit(X, y)  # which needs no pickling
    with pytest.raises(TypeError, match=rf"callbacks of MLPClassifier holds .*Holding.*cannot be pickled.*{REMEDY}"):
        pickle.dumps(model)
    restored = pickle.loads(pickle.dumps(model.set_params(callbacks=None)))
    np.testing.assert_array_equal(restored.predict_proba(X), model.predict_proba(X))


@pytest.mark.xdist_group("processes")
def test_a_search_in_processes_names_the_callback_that_cannot_be_pickled(unpicklable):
    search = GridSearchCV(unpicklable, {"lr": [0.1, 0.01]}, cv=2, n_jobs=2)
    with pytest.raises(pickle.PicklingError) as raised:
        search.fit(X, y)
    told = "".join(traceback.format_exception(raised.value))
    assert re.search(rf"callbacks of MLPClassifier holds .*Holding.*{REMEDY}", told, re.DOTALL)
    assert search.set_params(n_jobs=1).fit(X, y).best_score_ > 0
