"""Bytes and fractions must not be mixed between fit and predict."""

import warnings

import numpy as np
import pytest

from skimgcls import MLPClassifier
from skimgcls.images import warn_of_other_scale


def warned(values, fitted_maximum, dtype="float32"):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_other_scale(np.array([values], dtype), fitted_maximum, name="Tester", input_name="X")
    return [str(warning.message) for warning in caught]


def test_fractions_after_bytes_are_named():
    assert warned([0, 0.5, 1], 255) == [
        "X reaches to 1, but Tester was fitted on images that reach to 255. The scale is learnt at fit and must stay "
        "the same: multiply or divide by 255 to match."
    ]


def test_bytes_after_fractions_are_named():
    assert len(warned([0, 200], 1.0, "uint8")) == 1
    assert len(warned([0, 200], 0.9)) == 1


@pytest.mark.parametrize(
    ("values", "fitted_maximum", "dtype"),
    [
        ([0, 0], 255, "float32"),  # a black image
        ([0, 1], 255, "uint8"),  # a dark one
        ([0, 130.5], 255, "float32"),
        ([0, 0.5], 1.0, "float32"),
        ([0, 0.5], 16, "float32"),  # may be either
        ([-0.5, 0.5], 60, "float32"),  # columns of a table
    ],
)
def test_the_same_scale_is_silent(values, fitted_maximum, dtype):
    assert warned(values, fitted_maximum, dtype) == []


def test_the_estimators_warn_at_each_entrance(digits):
    X, y = digits
    X = (X / X.max() * 255).astype(np.uint8)
    fractions = X / 255.0
    model = MLPClassifier(hidden_units=(8,), max_epochs=1, random_state=0, n_jobs=1)
    with pytest.warns(UserWarning, match=r"X_val reaches to 1, .*reach to 255"):
        model.fit(X, y, X_val=fractions, y_val=y)
    with pytest.warns(UserWarning, match=r"X reaches to 1, but MLPClassifier was fitted on images that reach to 255"):
        model.predict(fractions)
    with pytest.warns(UserWarning, match="X reaches to 1"):
        model.partial_fit(fractions, y)
