"""What is equal has one hash in every process, what differs in a way that matters has another."""

import functools
import os
import subprocess
import sys
import threading
import types
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_matrix
from scipy.stats import loguniform
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import accuracy_score, f1_score, make_scorer
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from skimgcls import CNNClassifier, MLPClassifier, PretrainedClassifier
from skimgcls.callbacks import EpochTimer
from skimgcls.preprocessing import Compose, Cutout, RandomFlip
from skimgcls.utils import _stable_hash
from skimgcls.utils._stable_hash import code_version, stable_hash

DIFFERENT = [
    None, 0, 1, True, 1.0, float("nan"), float("inf"), "1", b"1", 1j, ..., range(3), Path("1"),
    (), [], {}, set(), (1,), [1], {1}, {1: 1}, {"a": 1, "b": 2}, [[1], 2], [[1, 2]], ["a", "b"], ["ab"], ["a', 'b"],
    list(range(20)), list(range(21)), [str(i) for i in range(20)],
    np.float64(1), np.float32(1), np.array(1), np.array([1]), np.array([[1]]), np.array([1.0]), np.array(["1"]),
    np.array(["1"], dtype=object), np.array([[1, 2], [3, 4]]), np.array([[1, 3], [2, 4]]), np.zeros(0), np.dtype("f4"),
    np.array(["2020-01-01"], dtype="datetime64[D]"),
    torch.tensor([1]), torch.tensor([1.0]), torch.tensor([1.0], dtype=torch.bfloat16), torch.device("cpu"),
    torch.float32,
    pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]}), pd.DataFrame({"a": [1]}, index=[5]), pd.Series([1]),
    csr_matrix([[1, 0]]), csr_matrix([[0, 1]]),
    np.random.RandomState(0), np.random.RandomState(1), np.random.default_rng(0), np.random.default_rng(1),
    GaussianNB, GaussianNB(), GaussianNB(var_smoothing=1e-3),
    make_pipeline(PCA(2), GaussianNB()), make_pipeline(PCA(3), GaussianNB()),
    FrozenEstimator(GaussianNB().fit([[0], [1]], [0, 1])), FrozenEstimator(GaussianNB().fit([[0], [2]], [0, 1])),
    FrozenEstimator(make_pipeline(GaussianNB()).fit([[0], [1]], [0, 1])),
    FrozenEstimator(make_pipeline(GaussianNB()).fit([[0], [2]], [0, 1])),
    MLPClassifier(), CNNClassifier(), MLPClassifier(lr=0.1), MLPClassifier(callbacks=[EpochTimer()]),
    MLPClassifier(augment=Compose([RandomFlip(), Cutout(2)])),
    MLPClassifier(augment=Compose([RandomFlip(), Cutout(3)])), len, np.add, accuracy_score,
    make_scorer(accuracy_score), make_scorer(f1_score),
    make_scorer(f1_score, average="macro"),
    functools.partial(f1_score, average="macro"), functools.partial(f1_score, average="micro"), "a".join, "b".join,
    loguniform(1, 2), loguniform(1, 3), threading.Lock, types, torch.nn.Linear, torch.nn.functional.relu,
]  # fmt: skip


def test_what_differs_has_another_hash():
    hashes = {}
    for value in DIFFERENT:
        assert hashes.setdefault(stable_hash(value), value) is value, (value, hashes[stable_hash(value)])


@pytest.mark.parametrize("value", [pytest.param(value, id=str(number)) for number, value in enumerate(DIFFERENT)])
def test_a_hash_stays_the_same(value):
    assert stable_hash(value) == stable_hash(value)
    if isinstance(value, BaseEstimator):
        assert stable_hash(clone(value)) == stable_hash(value)


def test_requests_for_metadata_count():
    with config_context(enable_metadata_routing=True):
        asking = GaussianNB().set_fit_request(sample_weight=True)
    assert stable_hash(asking) == stable_hash(clone(asking)) != stable_hash(GaussianNB())


def test_order_and_memory_layout_make_no_difference_where_they_mean_nothing():
    assert stable_hash({"a": 1, "b": 2}) == stable_hash({"b": 2, "a": 1})
    assert stable_hash({f"{i}" for i in range(9)}) == stable_hash({f"{i}" for i in range(8, -1, -1)})
    array = np.arange(12).reshape(3, 4)
    assert stable_hash(array) == stable_hash(np.asfortranarray(array))
    assert stable_hash(array[:, ::2]) == stable_hash(array[:, ::2].copy())


SCRIPT = """
import functools, numpy as np, sklearn, torch
from sklearn.pipeline import make_pipeline
from sklearn.metrics import f1_score, make_scorer
from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.callbacks import EarlyStopping
from skimgcls.utils._stable_hash import stable_hash

WIDTH = 8
def helper(n):
    return torch.nn.Linear(WIDTH, n)
def network(image_shape, n_classes):
    return torch.nn.Sequential(torch.nn.Flatten(), helper(n_classes)) if n_classes in {2, 10, "all"} else None
class Net(torch.nn.Module):
    def forward(self, X):
        return helper(3)(X)
class Own(MLPClassifier):
    places = {"a", "b", "c"}
    def fit(self, X, y):
        return super().fit(X, y)
sklearn.set_config(enable_metadata_routing=True)
asking = MLPClassifier().set_fit_request(sample_weight=True, X_val=False)
print([stable_hash(value) for value in (
    Own(), asking, make_pipeline(asking),
    {"a", "b", "c", 1, None}, frozenset({"x", "y"}), np.random.RandomState(0), network, Net, lambda x: x + WIDTH,
    CNNClassifier(architecture=network, callbacks=[EarlyStopping()]), MLPClassifier(augment="flip"),
    make_scorer(f1_score, average="macro"), functools.partial(network, n_classes=2), torch.optim.SGD,
)])
"""


def run(script, seed):
    env = os.environ | {"PYTHONHASHSEED": str(seed)}  # the order of sets
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_hashes_agree_between_processes():
    assert len({run(SCRIPT, seed) for seed in (1, 2, 3)}) == 1


def function(source, name="f", **names):
    namespace = {"__name__": "notebook", "torch": torch, **names}
    exec(source, namespace)
    return namespace[name]


BASE = """W = 8
def g(n): return n + W
class C:
    k = 1
    def m(self): return g(1)
def f(x, y=1): return g(x) + C().m()
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("W = 8", "W = 9"),  # a constant of a function that is called
        ("W = 8", "W = [8]"),
        ("k = 1", "k = {1: [2]}"),
        ("n + W", "n - W"),
        ("k = 1", "k = 2"),
        ("g(1)", "g(2)"),
        ("y=1", "y=2"),
        ("g(x) +", "g(x) -"),
        ("class C:", "class C(dict):"),
        ("    def m(self)", "    @staticmethod\n    def m(self=0)"),
        ("    def m(self)", "    @property\n    def m(self)"),
    ],
)
def test_a_change_in_code_that_a_function_uses_changes_its_hash(old, new):
    assert old in BASE
    assert stable_hash(function(BASE)) == stable_hash(function(BASE)) != stable_hash(function(BASE.replace(old, new)))


def test_what_a_function_does_not_use_and_where_it_stands_make_no_difference():
    moved = "# a comment\n\n\n" + BASE
    assert stable_hash(function(moved)) == stable_hash(function(BASE))
    attribute = "def f(x): return x.data"
    assert stable_hash(function(attribute, data=1)) == stable_hash(function(attribute, data=2))
    helper = "def f(x): return model"
    assert stable_hash(function(helper, model=GaussianNB())) == stable_hash(function(helper, model=PCA()))


def test_closures_and_functions_that_call_each_other_are_hashed():
    make = function("def f(width):\n    def inner(x): return x * width\n    return inner")
    assert stable_hash(make(2)) == stable_hash(make(2)) != stable_hash(make(3))
    assert stable_hash(function("def f(n): return f(n - 1) if n else g(n)\ndef g(n): return f(n)"))
    loop = [1]
    loop.append({"loop": loop, "self": types.SimpleNamespace()})
    loop[1]["self"].me = loop[1]["self"]
    assert stable_hash(loop[1]["self"]) == stable_hash(loop[1]["self"])


def test_the_methods_of_a_class_of_the_user_count_and_its_locks_do_not():
    source = "import threading, functools\nclass f:\n    lock = threading.Lock()\n    @functools.cached_property\n"
    one, same, other = (function(f"{source}    def a(self): return {value}") for value in (1, 1, 2))
    assert stable_hash(one) == stable_hash(same) != stable_hash(other)


def test_what_cannot_be_recognised_is_refused_by_the_name_of_its_parameter(tmp_path):
    with open(tmp_path / "log", "w") as file:
        model = make_pipeline(PCA(), MLPClassifier(callbacks=[types.SimpleNamespace(file=file)]))
        with pytest.raises(TypeError, match=r"mlpclassifier__callbacks.*TextIOWrapper.*Leave it out"):
            stable_hash(model)
    with pytest.raises(TypeError, match=r"'lr'.*generator"):
        stable_hash((i for i in range(3)), "lr")


def test_the_code_version_names_the_libraries_and_changes_with_the_sources(monkeypatch, tmp_path):
    assert all(name in code_version() for name in ("python 3.", "torch ", "scikit-learn ", "skorch ", "numpy "))
    assert "not installed" not in code_version()
    folder = tmp_path / "skimgcls" / "model_selection"
    folder.mkdir(parents=True)
    monkeypatch.setattr(_stable_hash, "__file__", str(folder / "_stable_hash.py"))
    versions = []
    for source in ("x = 1", "x = 2"):
        (folder / "_x.py").write_text(source)
        versions.append(code_version.__wrapped__())
    assert versions[0] != versions[1]


def test_a_file_of_weights_counts_by_its_size_and_time(tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(b"one")
    models = [PretrainedClassifier("resnet18", weights=str(path)) for _ in range(2)]
    before = stable_hash(models[0])
    assert stable_hash(models[1]) == before
    path.write_bytes(b"another")
    assert stable_hash(models[0]) != before
