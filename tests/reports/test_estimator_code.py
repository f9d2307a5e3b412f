"""The code that a report offers is executed, and makes what it says."""

import ast
import functools
import inspect
import math

import numpy as np
import pytest
import sklearn.neural_network
import skorch
import torch
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.callbacks import EarlyStopping
from skimgcls.preprocessing import Compose, FunctionAugmentation, RandomCrop, RandomFlip
from skimgcls.reports._estimator_code import WIDTH, estimator_code
from skimgcls.utils._is_same import is_same


def run(code, **names):
    exec(compile(code, "pasted", "exec"), names)
    return names


def assert_equal(built, wanted):
    built, wanted = (each.get_params(deep=True) for each in (built, wanted))
    assert built.keys() == wanted.keys()
    for name, value in wanted.items():
        assert is_same(taken_apart(built[name]), taken_apart(value)), name


def taken_apart(value):
    """Estimators and callbacks as their kind and parameters, which can be compared; values with their types."""
    if isinstance(value, (list, tuple)):
        return type(value), [taken_apart(each) for each in value]
    if hasattr(value, "get_params") and not isinstance(value, type):
        return type(value), {name: taken_apart(each) for name, each in value.get_params(deep=False).items()}
    value = value.item() if isinstance(value, np.generic) else value
    return type(value), value


class Keeper(BaseEstimator):
    def __init__(self, value=None):
        self.value = value


ESTIMATORS = [
    MLPClassifier(),
    MLPClassifier(hidden_units=(32,), lr=np.float64(0.01), optimizer="sgd", class_weight={0: 1.0, 1: 2.5}),
    MLPClassifier(augment=Compose([RandomFlip(), RandomCrop(padding=2)]), optimizer=torch.optim.AdamW),
    CNNClassifier(device=torch.device("cpu"), net_params={"optimizer__betas": (0.9, 0.99)}, random_state=np.int64(3)),
    MLPClassifier(callbacks=[EarlyStopping(patience=3)], criterion=torch.nn.CrossEntropyLoss, augment=["light", None]),
    make_pipeline(StandardScaler(with_mean=False), FunctionTransformer(np.log1p), MLPClassifier(max_epochs=3)),
    Pipeline([("a", None), ("mine", MLPClassifier()), ("theirs", sklearn.neural_network.MLPClassifier(alpha=1))]),
    ColumnTransformer([("first", StandardScaler(), [0, 1]), ("rest", "drop", slice(2, 9))]),
    FunctionTransformer(functools.partial(np.clip, a_min=0, a_max=1)).set_params(func=np.clip),
    MLPClassifier(augment=FunctionAugmentation(torch.neg)),
]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
def test_the_code_makes_an_estimator_with_the_same_parameters(estimator):
    assert_equal(run(estimator_code(estimator))["model"], estimator)


@pytest.mark.parametrize(
    "value",
    ["it's", 'a "word"', "both ' and \"", "line\nend", "\\", "", True, 1, 1.0, 1e-5, -math.inf, None, b"x", 1 + 2j,
     (), (1,), [1, (2, 3)], {1, 2}, set(), frozenset({1}), {"a": {"b": [None]}}, range(3), slice(1, 2), np.arange(3.0),
     np.array([1, 2], dtype="uint8"), np.array([["a", "b"]]), torch.float64, int, len, inspect.Parameter.KEYWORD_ONLY],
    ids=repr,
)  # fmt: skip
def test_a_value_comes_back_as_it_was(value):
    built = run(estimator_code({"value": value}, "params"))["params"]["value"]
    assert type(built) is type(value)
    assert is_same(built, value)
    assert getattr(built, "dtype", None) == getattr(value, "dtype", None)


def test_nan_and_a_partial_come_back():
    params = run(estimator_code({"x": math.nan, "f": functools.partial(int, base=2)}, "params"))["params"]
    assert math.isnan(params["x"])
    assert params["f"]("101") == 5


def test_defaults_are_left_out_and_the_rest_stands_in_the_order_of_the_constructor():
    code = estimator_code(MLPClassifier(random_state=0, lr=0.01, optimizer="adam", hidden_units=(256, 128)))
    assert code == "from skimgcls import MLPClassifier\n\nmodel = MLPClassifier(lr=0.01, random_state=0)"
    assert estimator_code(SimpleImputer()).endswith("model = SimpleImputer()")  # its default is NaN


def test_what_equals_the_default_but_is_of_another_kind_is_kept():
    assert "tol=1" in estimator_code(sklearn.neural_network.MLPClassifier(tol=1))
    assert "verbose=True" in estimator_code(MLPClassifier(verbose=True))
    assert "warm_start" not in estimator_code(MLPClassifier(warm_start=np.bool_(False)))


def test_two_classes_of_one_name_are_told_apart():
    code = estimator_code(Pipeline([("a", MLPClassifier()), ("b", sklearn.neural_network.MLPClassifier())]))
    steps = run(code)["model"].steps
    assert [type(step) for _, step in steps] == [MLPClassifier, sklearn.neural_network.MLPClassifier]


def test_an_estimator_that_bears_the_name_of_the_variable_is_told_apart(monkeypatch):
    code = estimator_code(StandardScaler(), name="StandardScaler")
    assert type(run(code)["StandardScaler"]) is StandardScaler


def test_a_function_that_cannot_be_imported_is_named_in_a_comment():
    def halve(images):
        return images / 2

    estimator = MLPClassifier(augment=halve)
    code = estimator_code(estimator)
    assert "# Define halve before: it is a function of your own.\nmodel = MLPClassifier(augment=halve)" in code
    assert run(code, halve=halve)["model"].augment is halve


def test_lambdas_get_the_name_of_their_parameter_and_a_number():
    first, second = (lambda x: x), (lambda x: x + 1)
    code = estimator_code([Keeper(first), Keeper(second), Keeper(first)])
    assert [line for line in code.splitlines() if line.startswith("#")] == [
        "# Define value before: it is a function of your own.",
        "# Define value_2 before: it is a function of your own.",
    ]
    model = run(code, value=first, value_2=second, Keeper=Keeper)["model"]
    assert [each.value for each in model] == [first, second, first]


def test_an_object_without_code_is_named_in_a_comment_of_one_line():
    class Odd:
        def __repr__(self):
            return "Odd(\nimport os)"

    code = estimator_code(MLPClassifier(augment=Odd()))
    assert "# Define augment before: it was Odd( import os)." in code
    assert not any(isinstance(node, ast.Import) for node in ast.walk(ast.parse(code)))


def test_a_class_of_a_notebook_is_asked_for(monkeypatch):
    monkeypatch.setattr(Keeper, "__module__", "__main__")
    code = estimator_code(Keeper(3))
    assert code == "# Define Keeper before: it is a class of your own.\nmodel = Keeper(value=3)"


def test_a_net_of_skorch_keeps_the_parameters_of_its_module():
    net = skorch.NeuralNetClassifier(torch.nn.Linear, module__in_features=3, module__out_features=2, lr=0.1)
    code = estimator_code(sklearn.base.clone(net))
    assert "    module__in_features=3,\n    module__out_features=2,\n)" in code
    assert "train_split" not in code  # an object that equals the default
    built = run(code)["model"]
    assert built.get_params()["module__out_features"] == 2
    assert built.initialize().module_.in_features == 3


def test_long_code_is_broken_into_lines_and_short_code_is_not():
    augment = Compose([RandomFlip(), RandomCrop(padding=1), Compose([RandomFlip(p=0.1), RandomCrop(padding=3)])])
    code = estimator_code(make_pipeline(StandardScaler(), MLPClassifier(augment=augment, max_epochs=3, lr=0.01)))
    assert max(len(line) for line in code.splitlines()) <= WIDTH
    assert '        ("standardscaler", StandardScaler()),\n' in code
