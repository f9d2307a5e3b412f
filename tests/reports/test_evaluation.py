"""What an evaluation holds beside its scores."""

import numpy as np
import pytest

from skimgcls.reports._evaluation import MOST_MISTAKES, explain_gaps, find_mistakes, unit_of

CLASSES = np.array(["a", "b", "c"])


def test_units_are_those_of_the_number():
    assert [unit_of(name) for name in ("f1_macro", "log_loss", "latency_ms")] == ["0 to 1", "nats", "ms"]


def test_mistakes_are_copies_of_the_most_confident_ones(fitted_mlp, digits):
    X, y = digits
    X = X.copy()
    y_pred, y_proba = fitted_mlp.predict(X), fitted_mlp.predict_proba(X)
    mistakes = find_mistakes(X, y, y_pred, y_proba, fitted_mlp.classes_, estimator=fitted_mlp)
    wrong = np.flatnonzero(y != y_pred)
    expected = wrong[np.argsort(-y_proba[wrong].max(axis=1), kind="stable")][:MOST_MISTAKES]
    assert mistakes["names"] == [f"#{row}" for row in expected]
    assert mistakes["title"] == f"15 mistakes of {len(wrong)}, most confident first"
    before = mistakes["images"].copy()
    assert before.shape == (15, 8, 8)
    X[:] = 0
    np.testing.assert_array_equal(mistakes["images"], before)


def test_mistakes_of_some_rows_are_called_by_their_place_in_all(fitted_mlp, digits):
    X, y = digits
    rows = np.arange(399, 299, -1)
    y_pred, y_proba = fitted_mlp.predict(X[rows]), fitted_mlp.predict_proba(X[rows])
    mistakes = find_mistakes(X, y[rows], y_pred, y_proba, fitted_mlp.classes_, rows=rows, estimator=fitted_mlp)
    places = [int(name[1:]) for name in mistakes["names"]]
    assert set(places) <= set(rows.tolist())
    np.testing.assert_array_equal(y[places], mistakes["y_true"])


def test_no_mistakes_are_told(fitted_mlp, digits):
    X, _ = digits
    y_pred, y_proba = fitted_mlp.predict(X), fitted_mlp.predict_proba(X)
    mistakes = find_mistakes(X, y_pred, y_pred, y_proba, fitted_mlp.classes_, estimator=fitted_mlp)
    assert mistakes["title"] == "no mistakes"
    assert len(mistakes["images"]) == 0


@pytest.mark.parametrize(
    ("y_true", "has_proba", "expected"),
    [
        ("abc", True, []),
        ("ab", True, ["y has no image of 'c': ROC-AUC and average precision are means over the other 2 classes."]),
        ("ab", False, ["y has no image of 'c'.", "Net has no predict_proba."]),
        ("aa", True, ["y has no image of 'b', 'c'.", "All images are of one class: ROC-AUC is not defined."]),
        ("abczz", True, ["Net does not know 'z', the label of 2 images: counted as mistakes, of probability 0."]),
    ],
    ids=["nothing", "a missing class", "no probabilities", "one class", "an unknown label"],
)
def test_gaps_are_explained(y_true, has_proba, expected):
    notes = explain_gaps("Net", np.array(list(y_true)), np.zeros((1, 3)) if has_proba else None, CLASSES)
    assert len(notes) == len(expected)
    assert all(note.startswith(text) for note, text in zip(notes, expected, strict=True))


def test_of_many_missing_classes_some_are_named():
    (note,) = explain_gaps("Net", np.arange(2), np.zeros((1, 9)), np.arange(9))
    assert note.startswith("y has no image of 2, 3, 4 and 4 more:")
