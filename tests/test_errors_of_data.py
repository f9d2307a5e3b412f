"""Bad images, labels and weights in every method of the estimators: a part of the table that `test_errors.py` reads."""

import functools
import inspect

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_matrix
from sklearn.exceptions import NotFittedError

from tests.test_errors_of_parameters import KINDS, X, make, y

RGB = np.stack([X] * 3, axis=-1)
FLAT = X.reshape(12, -1)
nan, inf = np.nan, np.inf


def with_value(value, dtype=np.float64):
    images = X.astype(dtype)
    images[3, 2, 1] = value
    return images


def as_objects(values):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


SHAPES = r"\(n, h, w\)"
NOT_FINITE = "NaN|infinity|inf"
# what X may be wrong about in any method: (X, got, what was wanted or what to do)
IMAGES = {
    "no images": (X[:0], r"\(0, 8, 8\)", "minimum of 1"),
    "no images in a list": ([], "empty", "expected images"),
    "None": (None, "None", "expected images"),
    "a number": (3, r"shape \(\)", SHAPES),
    "a text": ("cat.png", "cat.png", r"\[path\]"),
    "numbers in one axis": (np.zeros(12), r"\(12,\)", "Reshape"),
    "five axes": (np.zeros((12, 2, 2, 2, 2)), r"\(12, 2, 2, 2, 2\)", "Reshape|Convert"),
    "no pixels": (X[:, :0], r"\(12, 0, 8\)", "at least one value|Convert the images|a minimum of 1"),
    "ragged images": ([np.zeros((8, 8)), np.zeros((7, 8))] * 6, r"\(7, 8\), \(8, 8\)", "Resize"),
    "ragged lists": ([[1, 2, 3], [1, 2]] * 6, r"\(2,\), \(3,\)", "Resize"),
    "ragged objects": (as_objects([np.zeros((8, 8)), np.zeros((7, 8))] * 6), r"\(7, 8\), \(8, 8\)", "Resize"),
    "complex": (X.astype(complex), "complex128|ComplexDouble", "real numbers"),
    "sparse": (csr_matrix(FLAT), "[Ss]parse", "toarray"),
    "objects that are no numbers": (np.full((12, 8, 8), {}, dtype=object), "dict", "real numbers"),
    "texts among numbers": (np.full((12, 64), "a"), "<U1", "real numbers"),
    "dates": (np.zeros((12, 8, 8), "datetime64[s]"), "datetime64", "real numbers"),
    "a data set of torch": (torch.utils.data.TensorDataset(torch.zeros(12, 8, 8)), "TensorDataset", "numpy.stack"),
    "a generator": ((image for image in X), "a generator", "Make a list"),
    "a set": ({1, 2}, "a set", "Make a list"),
    "a dict": ({"a": X}, "a dict", "Make a list"),
    "integers beyond any float": (np.full((12, 8, 8), 10**400, dtype=object), "object", "real numbers"),
    "a tensor without values": (torch.zeros(12, 8, 8, device="meta"), "a meta tensor", "make it on the CPU"),
    "a sparse tensor": (torch.zeros(12, 64).to_sparse(), "a sparse_coo tensor", "to_dense"),
    "hidden values": (np.ma.masked_array(X, np.arange(X.size).reshape(X.shape) < 5), "hides 5 of", r"X\.filled"),
    "paths with a gap": (["a.png", None], "None in row 1", "Leave those rows out"),
    "NaN": (with_value(nan), "NaN", "Leave these images out"),
    "NaN in float32": (with_value(nan, np.float32), "NaN", "Leave these images out"),
    "NaN in float16": (with_value(nan, np.float16), "NaN", "Leave these images out"),
    "NaN in a tensor": (torch.tensor(with_value(nan)), "NaN", "Leave these images out"),
    "NaN in bfloat16": (torch.tensor(with_value(nan)).bfloat16(), "NaN", "Leave these images out"),
    "NaN in lists": (with_value(nan).tolist(), "NaN", "Leave these images out"),
    "NaN in rows": (with_value(nan).reshape(12, -1), "NaN", "Leave these images out"),
    "NaN in a frame": (pd.DataFrame(with_value(nan).reshape(12, -1)), "NaN", "Leave these images out"),
    "NaN in objects": (with_value(nan).astype(object), "NaN", "Leave these images out"),
    "inf": (with_value(inf), "infinity", "Leave these images out"),
    "-inf in float32": (with_value(-inf, np.float32), "infinity", "Leave these images out"),
    "inf in a tensor": (torch.tensor(with_value(inf)), "infinity", "Leave these images out"),
    "a value beyond float32": (with_value(1e300), "too large|infinity", "Leave these images out"),
}
# and in fit alone: there the shape is free
IMAGES_OF_FIT = {
    "no channel axis": (np.zeros((12, 5, 8, 7)), r"\(12, 5, 8, 7\)", "channels='first'"),
    "two channel axes": (np.zeros((12, 3, 8, 3)), r"\(12, 3, 8, 3\)", "channels='first'"),
    "fewer images than labels": (X[:5], "5 images", "y 12 labels|12"),
}
IMAGES_AFTER_FIT = {
    "another height": (X[:, :7], r"\(12, 7, 8\)", "[Rr]esize"),
    "another width in rows": (FLAT[:, 1:], "63 features", "64.*[Rr]esize"),
    "more channels": (RGB, r"\(12, 8, 8, 3\)", "greyscale"),
    "one image": (X[0], r"\(8, 8\)", r"X\[None\]"),
}
# y: (value, the parameter, got, remedy)
LABELS = {
    "none": (None, "None", "requires y|Pass"),
    "continuous": (y + 0.5, "continuous", "expected one .* for each image"),
    "NaN": (np.where(y == 0, nan, y), "4 labels are missing", "Leave those images out"),
    "None among them": (as_objects([None, "a", "b"] * 4), "4 labels are missing|NaN|None", "Leave those images out"),
    "NaN among texts": (as_objects([nan, "a", "b"] * 4), "4 labels are missing|NaN", "Leave those images out"),
    "NA in a Series": (pd.Series([1, 2, None] * 4, dtype="Int64"), "4 labels are missing|NaN", "Leave those"),
    "of two types": (as_objects([1, "a", "b"] * 4), "int, str|mix", "astype"),
    "lists": (as_objects([[1], [2], [1, 2]] * 4), "list", "expected one .* for each image"),
    "dicts": (as_objects([{}, {"a": 1}] * 6), "dict", "expected one .* for each image"),
    "one-hot": (np.eye(3, dtype=int)[y], r"\(12, 3\)", r"argmax\(axis=1\)|1d array"),
    "multi-label": ([[0, 1], [1]] * 6, "several|sequence|inhomogeneous", "one label per image|not supported"),
    "inf": (np.where(y == 0, inf, y), "infinity", "correct y"),
    "hidden labels": (np.ma.masked_equal(y, 1), "hides 4 of its 12", r"Leave those rows out.*y\.filled"),
    "one label": (np.full(12, "cat"), "cat", "two classes"),
    "too few": (y[:5], "5", "12"),
    "too many": (np.r_[y, y], "24", "12"),
    "a number": (3, r"\(\)", "1d array"),
    "a text": ("cat", r"\(\)", "1d array"),
    "complex": (y + 1j, "complex", "expected one .* for each image"),
}
WEIGHTS = {
    "negative": (-np.ones(12), "-1", "at least 0"),
    "NaN": (np.full(12, nan), "NaN", "one finite number .* leaves an image out"),
    "inf": (np.full(12, inf), "infinity", "one finite number .* leaves an image out"),
    "too few": (np.ones(3), "3", "12"),
    "of two axes": (np.ones((12, 2)), r"2D|\(12, 2\)", "1D|1d"),
    "texts": (["a"] * 12, "'a'", "one finite number .* for each image"),
    "beyond any sum": (np.full(12, 1e308), "add up to inf", "Divide all weights"),
    "all zero": (np.zeros(12), "only zeros|non-zero", "positive weight|at least one"),
    "none of a class": ((y == 2) * 1.0, "1 class", "two classes"),
    "a text": ("balanced", "8 values", "inconsistent|y 12"),
}
VALIDATION = {
    "X_val alone": ((X, None), "X_val was given without y_val", "both"),
    "y_val alone": ((None, y), "y_val was given without X_val", "both"),
    "X_val of another size": ((X[:, :7], y), r"X_val.*\(12, 7, 8\)", "[Rr]esize"),
    "NaN in X_val": ((with_value(nan), y), "X_val contains NaN", "Leave these"),
    "inf in X_val": ((with_value(inf), y), "X_val contains infinity", "Leave these"),
    "NaN in X_val of tensors": ((torch.tensor(with_value(nan)), y), "X_val contains NaN", "Leave these"),
    "NaN in X_val of rows": ((with_value(nan).reshape(12, -1), y), "X_val contains NaN", "Leave these"),
    "no X_val": ((X[:0], y[:0]), "0 sample", "minimum of 1"),
    "y_val of another length": ((X, y[:5]), "X_val holds 12 images, but y_val 5", "one label per image"),
    "y_val of unknown labels": ((X[:3], [0, 1, 7]), r"y_val.*\[7\]", "Correct"),
    "NaN in y_val": ((X, np.where(y == 0, nan, y)), "y_val contains NaN", "Leave those images out"),
    "one-hot y_val": ((X, np.eye(3, dtype=int)[y]), r"y_val.*\(12, 3\)", r"y_val.argmax"),
}
# what may not change while training goes on: parameter: (parameters, got, remedy)
GOING_ON = {
    "hidden_units": ({"hidden_units": (9,)}, r"hidden_units=\(9,\)", "Set it back"),
    "dropout": ({"dropout": 0.5}, "dropout=0.5", "Set it back"),
    "activation": ({"activation": "gelu"}, "activation='gelu'", "Set it back"),
    "image_shape": ({"image_shape": (4, 16)}, r"image_shape=\(4, 16\)", "Set it back"),
    "dtype": ({"dtype": "float64"}, "dtype='float64'", "Set it back"),
    "lr": ({"lr": -1.0}, r"-1\.0", r"in the range \(0.0, inf\)"),
    "tta": ({"tta": 2}, "tta=2", "set tta=1"),
}
TRAINING = {kind: ["fit"] for kind in KINDS} | {"MLP": ["fit", "partial_fit"]}
PREDICTING = {
    "MLP": ["predict", "predict_proba", "predict_log_proba", "decision_function", "score"],
    "CNN": ["predict"],
    "Pretrained": ["predict"],
    "Embedder": ["transform"],
    "Ensemble": ["predict", "predict_proba", "score"],
}


@functools.cache
def fitted(kind):
    return make(kind).fit(X, y)


def row(call, names, got, remedy, error=(ValueError, TypeError)):
    return error, call, names, got, remedy


def call_of(model_of, method, *arguments, **more):
    """A call to be made later."""
    return lambda files: getattr(model_of(), method)(*arguments, **more)


def images_rows():
    for kind, methods in TRAINING.items():
        for method in methods:
            for name, (images, *words) in (IMAGES | IMAGES_OF_FIT).items():
                if kind != "Embedder" or "labels" not in name:
                    call = call_of(functools.partial(make, kind), method, images, y)
                    yield f"{kind}.{method} X {name}", row(call, r"\bX\b", *words)
    for kind, methods in PREDICTING.items():
        for method in methods:
            labels = [y] if method == "score" else []
            for name, (images, *words) in (IMAGES | IMAGES_AFTER_FIT).items():
                call = call_of(functools.partial(fitted, kind), method, images, *labels)
                yield f"{kind}.{method} X {name}", row(call, r"\bX\b", *words)
            call = call_of(functools.partial(make, kind), method, X, *labels)
            words = KINDS[kind][0].__name__, "not fitted yet", "Call 'fit'"
            yield f"{kind}.{method} before fit", row(call, *words, NotFittedError)


def labels_rows():
    for kind, method in (("MLP", "fit"), ("MLP", "partial_fit"), ("CNN", "fit"), ("Ensemble", "fit")):
        new = functools.partial(make, kind)
        for name, (labels, *words) in LABELS.items():
            yield f"{kind}.{method} y {name}", row(call_of(new, method, X, labels), r"\by\b", *words)
        for name, (weights, *words) in WEIGHTS.items():
            call = call_of(new, method, X, y, sample_weight=weights)
            yield f"{kind}.{method} sample_weight {name}", row(call, "[Ss]ample.?weight", *words)
        for name, ((images, labels), *words) in VALIDATION.items():
            call = call_of(new, method, X, y, X_val=images, y_val=labels)
            yield f"{kind}.{method} {name}", row(call, "[Xy]_val", *words)


def going_on_rows():
    def trained(params=None):
        return make("MLP", warm_start=True).fit(X, y).set_params(**params or {})

    for method in ("fit", "partial_fit"):
        for name, (params, *words) in GOING_ON.items():
            call = call_of(functools.partial(trained, params), method, X, y)
            yield f"MLP.{method} goes on with another {name}", row(call, name, *words)
        call = call_of(trained, method, X, y + 1)
        yield f"MLP.{method} goes on with other labels", row(call, r"\by\b", r"\[3\]", r"are \[0, 1, 2\]. Correct")
        call = call_of(trained, method, X[:, :7], y)
        yield f"MLP.{method} goes on with another shape", row(call, "X", r"\(12, 7, 8\)", "fit again")


ROWS = dict([*images_rows(), *labels_rows(), *going_on_rows()])


@pytest.mark.parametrize("kind", KINDS)
def test_each_method_that_takes_images_is_in_the_table(kind):
    methods = inspect.getmembers(KINDS[kind][0], inspect.isfunction)
    taking_images = {name for name, method in methods if takes_images(name, method)}
    inherited = {*TRAINING["MLP"], *PREDICTING["MLP"], "fit_transform"}
    made_of_predict_proba = {"staged_predict_proba", "disagreement", "score_members"}
    assert taking_images - inherited - made_of_predict_proba <= {*TRAINING[kind], *PREDICTING[kind]}
    assert {*TRAINING[kind], *PREDICTING[kind]} <= taking_images


def takes_images(name, method):
    return not name.startswith("_") and "X" in inspect.signature(method).parameters
