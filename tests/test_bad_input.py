"""What a user gets wrong is answered by an error that says what, what was got and what to do."""

import re

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skimgcls import MLPClassifier

X = np.random.RandomState(0).randint(0, 256, (12, 8, 8)).astype(np.uint8)
y = np.repeat([0, 1, 2], 4)
RGB = np.stack([X] * 3, axis=-1)


def make(**params):
    return MLPClassifier(**{"hidden_units": (8,), "max_epochs": 1, "random_state": 0, **params})


def with_value(value):
    images = X.astype(np.float64)
    images[3, 2, 1] = value
    return images


def assert_says(error, words):
    message = str(error.value)
    for word in words:
        assert re.search(word, message), f"{word!r} is not in: {message}"


# ---------------------------------------------------------------------- data


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


@pytest.mark.parametrize("name", ["history_", "device_", "n_parameters_"])
def test_a_fitted_attribute_of_an_unfitted_model_says_so(name):
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        getattr(make(), name)


# ---------------------------------------------------------------- parameters


@pytest.mark.parametrize(
    ("images", "labels", "params"),
    [(X, y, {"batch_size": 1}), (X[[0, 4]], y[[0, 4]], {"validation_fraction": 0.5})],
    ids=["batch_size=1", "one image left"],
)
@pytest.mark.filterwarnings("ignore:The 1 of 2 images held out for validation are not stratified")
def test_batch_normalization_over_batches_of_one_image_is_refused(images, labels, params):
    with pytest.raises(ValueError, match=r"norm='batch'.*(batch_size|one image).*norm='group'"):
        make(norm="batch", **params).fit(images, labels)


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


def test_a_batch_larger_than_the_data_is_clipped():
    whole, larger = (make(batch_size=size).fit(X, y).predict_proba(X) for size in (12, 10**6))
    np.testing.assert_array_equal(larger, whole)
