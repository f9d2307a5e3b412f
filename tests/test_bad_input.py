"""What a user gets wrong is answered by an error that says what, what was got and what to do."""

import re

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback, Checkpoint, EarlyStopping, EpochScoring

from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.exceptions import DivergedError

X = np.random.RandomState(0).randint(0, 256, (12, 8, 8)).astype(np.uint8)
y = np.repeat([0, 1, 2], 4)
RGB = np.stack([X] * 3, axis=-1)


def make(cls=MLPClassifier, **params):
    small = {"hidden_units": (8,), "max_epochs": 1, "random_state": 0}
    if cls is CNNClassifier:
        small["conv_channels"] = (8,)
    return cls(**{**small, **params})


def with_value(value, dtype=np.float64):
    images = X.astype(dtype)
    images[3, 2, 1] = value
    return images


def assert_says(error, words):
    message = str(error.value)
    for word in words:
        assert re.search(word, message), f"{word!r} is not in: {message}"


# ---------------------------------------------------------------------- data

# id: (arguments of fit, words that the message must hold: what, got, remedy)
BAD_DATA = {
    "empty X": ((X[:0], y[:0]), ["0 sample", "minimum of 1", "MLPClassifier"]),
    "images without pixels": ((X[:, :0], y), [r"\(12, 0, 8\)", "pixel"]),
    "one sample": ((X[:1], y[:1]), ["two classes", "1 class", "n_samples=1", "y"]),
    "one class": ((X, np.full(12, "cat")), ["two classes", "1 class: ", "cat", "Check y"]),
    "one class once weighted": ((X, y, (y == 2) * 1.0), ["two classes", "1 class", "sample_weight"]),
    "NaN in float64": ((with_value(np.nan), y), ["X contains NaN", "MLPClassifier"]),
    "NaN in float32": ((with_value(np.nan, np.float32), y), ["X contains NaN"]),
    "NaN in float16": ((with_value(np.nan, np.float16), y), ["X contains NaN"]),
    "NaN in a tensor": ((torch.tensor(with_value(np.nan)), y), ["X contains NaN"]),
    "NaN in lists": ((with_value(np.nan).tolist(), y), ["X contains NaN"]),
    "inf": ((with_value(np.inf), y), ["X contains infinity"]),
    "ragged images": (([np.zeros((8, 8)), np.zeros((7, 8))] * 6, y), ["ragged", r"\(7, 8\), \(8, 8\)", "Resize"]),
    "ragged lists": (([[1, 2, 3], [1, 2]] * 6, y), ["ragged", r"\(2,\), \(3,\)", "Resize"]),
    "one axis": ((np.zeros(12), y), ["1 ax|1 dim", r"\(12,\)", "Reshape"]),
    "five axes": ((np.zeros((12, 2, 2, 2, 2)), y), ["5 axes", r"\(n, h, w\)", "Reshape"]),
    "no channel axis": ((np.zeros((12, 5, 8, 7)), y), [r"\(12, 5, 8, 7\)", "no axis of 1, 3 or 4", "channels='first'"]),
    "two channel axes": ((np.zeros((12, 3, 8, 3)), y), [r"\(12, 3, 8, 3\)", "can be read", "channels='first'"]),
    "complex": ((X.astype(complex), y), ["Complex"]),
    "sparse": ((csr_matrix(X.reshape(12, -1)), y), ["[Ss]parse", "toarray"]),
    "no y": ((X, None), ["y to be passed", "None"]),
    "NaN in y": ((X, np.where(y == 0, np.nan, y)), ["y contains NaN"]),
    "a regression target": ((X, y + 0.5), ["Unknown label type", "continuous"]),
    "labels of two types": ((X, np.array([1, "a", "b"] * 4, dtype=object)), ["label"]),
    "one-hot y": ((X, np.eye(3, dtype=int)[y]), [r"\(12, 3\)", "one label per image", r"argmax\(axis=1\)"]),
    "multi-label y": ((X, np.ones((12, 2), dtype=int)), [r"\(12, 2\)", "one label per image", "not supported"]),
    "multi-label y as lists": ((X, [[0, 1], [1]] * 6), ["one label per image", "not supported"]),
    "too few labels": ((X, y[:5]), ["12", "5", "inconsistent numbers"]),
    "negative weights": ((X, y, -np.ones(12)), ["sample_weight", "negative", "-1", "at least 0"]),
    "NaN weights": ((X, y, np.full(12, np.nan)), ["sample_weight contains NaN"]),
    "too few weights": ((X, y, np.ones(3)), ["12", "3"]),
    "weights of zero": ((X, y, np.zeros(12)), ["[Ss]ample.weight", "zero|positive"]),
    "labels unseen in y_val": ((X, y, None, X[:3], [0, 1, 7]), ["y_val", r"\[7\]", r"\[0, 1, 2\]", "Correct"]),
    "X_val without y_val": ((X, y, None, X), ["X_val was given without y_val", "both"]),
    "y_val without X_val": ((X, y, None, None, y), ["y_val was given without X_val", "both"]),
    "X_val of another size": ((X, y, None, X[:, :7], y), ["X_val", r"\(12, 7, 8\)", r"\(8, 8, 1\)", "[Rr]esize"]),
    "NaN in X_val": ((X, y, None, with_value(np.nan), y), ["X_val contains NaN"]),
    "empty X_val": ((X, y, None, X[:0], y[:0]), ["0 sample"]),
}


@pytest.mark.parametrize("name", BAD_DATA)
def test_bad_data_is_refused_before_anything_is_trained(name):
    arguments, words = BAD_DATA[name]
    model = make()
    with pytest.raises((ValueError, TypeError) if name == "sparse" else ValueError) as error:
        model.fit(*arguments)
    assert_says(error, words)
    assert not hasattr(model, "net_")


def test_values_too_large_to_scale_are_refused():
    with pytest.raises(ValueError, match="too large") as error:
        make(dtype="float64").fit(with_value(1e300), y)
    assert_says(error, ["X", "Divide"])


@pytest.mark.parametrize(
    ("fitted_on", "images", "words"),
    [
        (X, X[:, :7], [r"\(12, 7, 8\)", r"\(8, 8, 1\)", "resize", "fit again"]),
        (X, RGB, [r"\(12, 8, 8, 3\)", r"\(8, 8, 1\)", "greyscale"]),
        (RGB, X, [r"\(12, 8, 8\)", r"\(8, 8, 3\)", "fit again"]),
        (X, X.reshape(12, -1)[:, 1:], ["63 features", "expecting 64", "Resize"]),
        (X, X[:0], ["0 sample"]),
        (X, with_value(np.nan), ["X contains NaN"]),
        (X, X[0], ["single image", r"X\[None\]"]),
    ],
    ids=["size", "channels", "no channels", "flat", "empty", "NaN", "one image"],
)
@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_images_unlike_those_of_fit_are_refused_at_predict(fitted_on, images, words, method):
    model = make().fit(fitted_on, y)
    with pytest.raises(ValueError) as error:  # noqa: PT011 the words are looked at below
        getattr(model, method)(images)
    assert_says(error, words)


@pytest.mark.parametrize("cls", [MLPClassifier, CNNClassifier])
@pytest.mark.parametrize("use", ["predict", "predict_proba", "predict_log_proba", "decision_function", "score"])
def test_what_needs_a_fitted_model_says_so(cls, use):
    with pytest.raises(NotFittedError, match=f"{cls.__name__} instance is not fitted yet. Call 'fit'"):
        getattr(make(cls), use)(*((X, y) if use == "score" else (X,)))


@pytest.mark.parametrize("name", ["history_", "device_", "n_parameters_"])
def test_a_fitted_attribute_of_an_unfitted_model_says_so(name):
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        getattr(make(), name)


# ---------------------------------------------------------------- parameters

# name: (bad values, a word of what is allowed)
BAD_PARAMETERS = {
    "hidden_units": ([(0,), (8.5,), "ab", None, (-3,)], "integer|int"),
    "norm": (["layer"], "group"),
    "activation": (["relux", None], "gelu"),
    "dropout": ([1.0, -0.1, "a"], "0"),
    "optimizer": (["adamm", 3, print, dict], "adamw"),
    "lr": ([0, -1.0, "a", np.nan, np.inf, None], r"\(0.0, inf\)"),
    "momentum": ([1, -0.1], r"\[0.0, 1.0\)"),
    "weight_decay": ([-1, "a"], r"\[0.0, inf\)"),
    "l1": ([-1], r"\[0.0, inf\)"),
    "lr_schedule": (["cos", 3], "cosine"),
    "criterion": (["mse", torch.nn.CrossEntropyLoss(), 3, torch.nn.MSELoss, print], "cross_entropy|CrossEntropyLoss"),
    "label_smoothing": ([1, -0.1], r"\[0.0, 1.0\)"),
    "class_weight": (["even", [1, 2], {0: -1.0}, {0: np.nan}], "balanced|class_weight"),
    "sampling": (["over", True, {0: 5}], "undersample"),
    "batch_size": ([0, 1.5, -1, "a"], r"\[1, inf\)"),
    "max_epochs": ([0, 1.5], r"\[1, inf\)"),
    "gradient_clip": ([0, -1], r"\(0.0, inf\)"),
    "early_stopping": (["yes", 3], "bool"),
    "validation_fraction": ([0, 1.0, 0.99, "a"], r"\(0.0, 1.0\)|Lower it"),
    "patience": ([0, 1.5], r"\[1, inf\)"),
    "tol": ([-1.0], r"\[0.0, inf\)"),
    "time_limit": ([0, -1.0], r"\(0.0, inf\)"),
    "image_shape": ([(8,), (8, -8), (8, 8, 1, 1), (8.0, 8.0), (9, 8), "ab"], "height, width|array-like"),
    "channels": (["middle"], "first"),
    "n_jobs": ([0, 1.5], r"\[1, inf\)"),
    "callbacks": (["x", 3], "list"),
    "net_params": ([[1], {"lr": 1.0}, {"callbacks": []}, {"no_such": 1}], "dict|net_params"),
    "device": (["gpu", "cuda:99"], "auto"),
    "precision": (["fp8", "fp16"], "bf16"),
    "dtype": (["float16", np.float32], "float64"),
    "random_state": (["a", -1, 0.5], "int"),
    "verbose": (["x", -1], "int"),
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, v) for name, (values, _) in BAD_PARAMETERS.items() for v in values], ids=repr
)
def test_a_bad_parameter_is_named_with_what_was_got_and_what_is_allowed(name, value):
    model = make(**{name: value})
    with pytest.raises(ValueError) as error:  # noqa: PT011 the words are looked at below
        model.fit(X, y)
    got = str(next(iter(value)) if isinstance(value, dict) else getattr(value, "__name__", value))
    assert_says(error, [name, re.escape(got.rstrip(")")), BAD_PARAMETERS[name][1]])
    assert not hasattr(model, "net_")


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"conv_channels": ()}, ["conv_channels", "at least one", r"\(\)"]),
        ({"conv_channels": (-3,)}, ["conv_channels", "positive", r"-3"]),
        ({"architecture": "vgg"}, ["architecture", "resnet", "vgg"]),
        ({"architecture": "resnet", "depth": 21}, ["depth", "6n? ?n?", "21", "20 or 26"]),
        ({"architecture": "resnet", "depth": 2}, ["depth", r"\[8, inf\)", "2"]),
        ({"architecture": "resnet", "width": 0}, ["width", r"\[1, inf\)", "0"]),
        (
            {"architecture": lambda image_shape, n_classes: torch.nn.Flatten()},
            [r"\(2, 3\)", r"\(2, 64\)", "last layer"],
        ),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, (dict, list)) else repr(value),
)
def test_a_bad_parameter_of_the_cnn_is_refused(params, words):
    with pytest.raises(ValueError) as error:  # noqa: PT011 the words are looked at below
        make(CNNClassifier, **params).fit(X, y)
    assert_says(error, words)


def test_an_architecture_that_gives_no_module_is_refused():
    with pytest.raises(TypeError, match=r"architecture returned int where a torch.nn.Module was expected"):
        make(CNNClassifier, architecture=lambda image_shape, n_classes: 3).fit(X, y)


def test_an_architecture_that_is_a_module_already_is_refused():
    with pytest.raises((TypeError, ValueError), match=r"architecture.*\(image_shape, n_classes\)"):
        make(CNNClassifier, architecture=torch.nn.Linear(64, 3)).fit(X, y)


@pytest.mark.parametrize(
    ("images", "labels", "params"),
    [(X, y, {"batch_size": 1}), (X[[0, 4]], y[[0, 4]], {"validation_fraction": 0.5})],
    ids=["batch_size=1", "one image left"],
)
@pytest.mark.filterwarnings("ignore:The 1 of 2 images held out for validation are not stratified")
def test_batch_normalization_over_batches_of_one_image_is_refused(images, labels, params):
    with pytest.raises(ValueError, match=r"norm='batch'.*(batch_size|one image).*norm='group'"):
        make(norm="batch", **params).fit(images, labels)


@pytest.mark.parametrize("patch_size", [0, 2.5, "a"])
def test_a_bad_patch_size_of_the_mlp_is_refused(patch_size):
    with pytest.raises(ValueError, match=f"'patch_size' parameter of MLPClassifier .* Got {patch_size!r}"):
        make(patch_size=patch_size).fit(X, y)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"precision": "bf16", "dtype": "float64"}, ["precision='bf16'", "dtype='float64'", "Choose"]),
        ({"label_smoothing": 0.1, "criterion": torch.nn.NLLLoss}, ["label_smoothing", "NLLLoss", "cross_entropy"]),
        ({"weight_decay": 0.1, "optimizer": torch.optim.Rprop}, ["weight_decay", "Rprop", "another optimizer"]),
        ({"callbacks": [EarlyStopping()]}, ["EarlyStopping", "valid_loss", "validation_fraction", "train_loss"]),
        ({"callbacks": [Checkpoint()]}, ["Checkpoint", "valid_loss_best", "validation_fraction"]),
    ],
    ids=" ".join,
)
def test_parameters_that_contradict_each_other_are_refused(params, words):
    with pytest.raises(ValueError) as error:  # noqa: PT011 the words are looked at below
        make(**params).fit(X, y)
    assert_says(error, words)


@pytest.mark.parametrize("callback", [3, "early_stopping", print, EpochScoring], ids=repr)
def test_what_is_no_callback_is_refused(callback):
    with pytest.raises(TypeError, match=r"callbacks holds .* no (instance of a )?skorch callback"):
        make(callbacks=[callback]).fit(X, y)


def test_a_class_weight_for_no_class_is_refused():
    with pytest.raises(ValueError, match=r"\[0, 1, 2\].* class_weight"):
        make(class_weight={5: 1.0}).fit(X, y)


def test_a_misspelt_parameter_is_answered_with_the_valid_ones():
    with pytest.raises(ValueError, match=r"Invalid parameter 'learning_rate'.*'lr'"):
        make().set_params(learning_rate=1.0)


# -------------------------------------------------------------- going on


@pytest.mark.parametrize(
    ("params", "arguments", "words"),
    [
        ({"hidden_units": (9,)}, (X, y), [r"hidden_units=\(9,\)", r"hidden_units=\(8,\)", "Set it back"]),
        ({"dropout": 0.5}, (X, y), ["dropout=0.5", "dropout=0.0", "Set it back"]),
        ({"lr": -1.0}, (X, y), ["lr", "-1.0"]),
        ({}, (X, y + 1), [r"\[3\]", r"\[0, 1, 2\]"]),
        ({}, (X[:, :7], y), [r"\(12, 7, 8\)", r"\(8, 8, 1\)"]),
        ({}, (X, y, [0, 1]), [r"classes=\[0, 1\]", r"\[0, 1, 2\]"]),
    ],
    ids=["architecture", "dropout", "lr", "labels", "size", "classes"],
)
def test_partial_fit_refuses_what_does_not_fit_to_its_first_call_and_stays_usable(params, arguments, words):
    model = make().partial_fit(X, y)
    probabilities, before = model.predict_proba(X), model.get_params()
    model.set_params(**params)
    with pytest.raises(ValueError) as error:  # noqa: PT011 the words are looked at below
        model.partial_fit(*arguments)
    assert_says(error, words)
    model.set_params(**before)
    np.testing.assert_array_equal(model.predict_proba(X), probabilities)
    assert model.partial_fit(X, y).n_epochs_ == 2


def test_partial_fit_needs_all_classes_at_its_first_call():
    with pytest.raises(ValueError, match=r"y holds labels that are no class of MLPClassifier: \[2\]"):
        make().partial_fit(X, y, classes=[0, 1])


# -------------------------------------------------------------- divergence


class KeepEpochStart(Callback):
    """Collects the weights that each epoch starts with."""

    def __init__(self, starts):
        self.starts = starts

    def on_epoch_begin(self, net, **kwargs):
        self.starts.append({name: tensor.clone() for name, tensor in net.module_.state_dict().items()})


@pytest.mark.parametrize("batch_size", [4, 128])
def test_a_diverging_fit_stops_with_an_error_that_names_lr_and_keeps_the_weights_of_the_epochs_start(batch_size):
    starts = []
    params = {"optimizer": "sgd", "lr": 1e6, "batch_size": batch_size, "max_epochs": 50}
    model = make(callbacks=[KeepEpochStart(starts)], **params)
    with pytest.raises(DivergedError, match=r"lr=1e\+06.* Lower lr") as error:
        model.fit(X, y)
    assert isinstance(error.value, ValueError)
    assert f"epoch {len(starts)}:" in str(error.value)
    assert model.n_epochs_ == len(model.history_) == len(starts) - 1 < 49
    kept = model.net_.module_.state_dict()
    assert kept.keys() == starts[-1].keys()
    assert all(torch.equal(kept[name], tensor) for name, tensor in starts[-1].items())
    assert all(tensor.isfinite().all() for tensor in kept.values())


def test_a_trained_model_stays_usable_after_a_call_of_partial_fit_that_diverges():
    model = make(batch_size=4, max_epochs=3).fit(X, y)
    probabilities = model.predict_proba(X)
    with pytest.raises(DivergedError, match=r"epoch 4: .* lr=1e\+30"):
        model.set_params(lr=1e30).partial_fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), probabilities)
    assert model.set_params(lr=1e-3).partial_fit(X, y).n_epochs_ == 4
    assert np.isfinite(model.predict_proba(X)).all()


def test_weights_that_overflow_at_predict_are_an_error_and_no_nan():
    model = make().fit(X, y)
    with torch.no_grad():
        for parameter in model.net_.module_.parameters():
            parameter.fill_(1e30)
    with pytest.raises(ValueError, match=r"predicted values that are not finite for .* of 12 images"):
        model.predict(X)


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_a_search_carries_on_past_a_candidate_that_diverges():
    search = GridSearchCV(make(optimizer="sgd", max_epochs=50), {"lr": [1e6, 0.01]}, cv=2)
    with pytest.warns(FitFailedWarning, match=r"(?s)2 fits failed.*DivergedError.*Lower lr"):
        search.fit(X, y)
    assert search.best_params_ == {"lr": 0.01}


def test_a_batch_larger_than_the_data_is_clipped():
    whole, larger = (make(batch_size=size).fit(X, y).predict_proba(X) for size in (12, 10**6))
    np.testing.assert_array_equal(larger, whole)
