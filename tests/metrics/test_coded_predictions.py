"""Labels as places: of classes, and of what is none."""

import numpy as np
import pytest

from skimgcls.metrics._coded_predictions import code_predictions

PROBA = [[0.6, 0.4, 0.0], [0.1, 0.2, 0.7], [0.3, 0.4, 0.3]]


@pytest.mark.parametrize(
    "classes", [["a", "b", "c"], [10, 20, 30], [1.5, 2.5, 3.5]], ids=["strings", "integers", "floats"]
)
def test_labels_are_places_among_the_classes(classes):
    coded = code_predictions([classes[1], classes[2], classes[1]], None, PROBA, classes)
    assert coded.labels.tolist() == classes
    assert coded.true.tolist() == [1, 2, 1]
    assert coded.predicted.tolist() == [0, 2, 1]
    assert coded.n_classes == 3


def test_booleans_are_labels_too():
    coded = code_predictions([True, False], None, [[0.1, 0.9], [0.2, 0.8]])
    assert coded.labels.dtype == bool
    assert coded.true.tolist() == [1, 0]


@pytest.mark.parametrize(("other", "dtype"), [("zebra", "U"), (7, "O")], ids=["a longer name", "another kind"])
def test_labels_that_are_no_classes_stand_behind_them(other, dtype):
    y_true = np.array(["a", other], dtype=object if dtype == "O" else None)
    coded = code_predictions(y_true, ["a", "b"], None, ["a", "b"])
    assert coded.labels.tolist() == ["a", "b", other]
    assert coded.labels.dtype.kind == dtype
    assert coded.true.tolist() == [0, 2]
    assert coded.n_classes == 2


def test_without_classes_they_are_those_that_occur():
    assert code_predictions(["b", "b"], ["c", "a"]).labels.tolist() == ["a", "b", "c"]


def test_predicted_labels_need_not_be_those_of_the_largest_probability():
    assert code_predictions(["a", "b", "c"], ["c", "b", "a"], PROBA).predicted.tolist() == [2, 1, 0]


@pytest.mark.parametrize(("n_classes", "k"), [(2, 0), (3, 2), (5, 4), (6, 5), (100, 5)])
def test_the_k_of_top_k_leaves_out_one_class_at_least(n_classes, k):
    proba = np.full((1, n_classes), 1 / n_classes)
    assert code_predictions([0], None, proba, range(n_classes)).n_guesses == k
    assert code_predictions([0], [0], None, range(n_classes)).n_guesses == 0


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_the_least_probability_is_the_resolution_of_what_was_given(dtype):
    coded = code_predictions([0, 1], None, np.eye(2, dtype=dtype))
    assert coded.least == np.finfo("float32" if dtype == "float32" else "float64").eps


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["a"],), "both None. Pass predicted labels"),
        (([], []), "y_true is empty"),
        ((["a"], ["a", "b"]), "inconsistent numbers of samples"),
        (
            ([1, 2], ["a", "b"], None, ["a", "b"]),
            r"None of the labels is a class: they are \[1, 2\], and the classes are \['a', 'b'\]",
        ),
        ((["a", "b"], None, [[0.5, 0.5]]), "inconsistent numbers of samples"),
    ],
    ids=["nothing predicted", "no image", "lengths", "other labels", "lengths of probabilities"],
)
def test_what_does_not_fit_together_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        code_predictions(*arguments)
