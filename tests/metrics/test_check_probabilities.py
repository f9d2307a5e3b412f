import numpy as np
import pandas as pd
import pytest
import torch

from skimgcls.metrics._check_probabilities import check_probabilities, label_codes

PROBA = [[0.2, 0.8], [0.6, 0.4], [1.0, 0.0]]


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["cat", "dog", "cat"], ["cat", "dog"]),
        ([20, 10, 20], [20, 10]),
        ([False, True, False], [False, True]),
        (pd.Series(["a", "b", "a"], index=[7, 8, 9]), np.array(["a", "b"], dtype=object)),
        (torch.tensor([0, 1, 0]), torch.tensor([0, 1])),
    ],
    ids=["strings", "integers", "booleans", "series", "tensors"],
)
def test_labels_become_columns(labels, classes):
    codes, proba, found = check_probabilities(labels, PROBA, classes)
    assert codes.tolist() == [0, 1, 0]
    np.testing.assert_array_equal(proba, PROBA)
    assert len(found) == 2


def test_classes_are_the_sorted_labels_unless_given():
    assert check_probabilities(["b", "a", "b"], PROBA)[2].tolist() == ["a", "b"]


def test_one_number_per_image_is_the_probability_of_the_second_of_two_classes():
    np.testing.assert_allclose(check_probabilities([0, 1, 0], [0.8, 0.4, 0.0])[1], PROBA)


def test_an_unknown_label_has_no_column():
    assert check_probabilities([0, 1, 7], PROBA, [0, 1])[0].tolist() == [0, 1, -1]


def test_rounding_beyond_one_is_clipped():
    assert check_probabilities([0, 1], [[1.0005, -0.0005], [0, 1]])[1].tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize(
    ("labels", "proba", "classes", "message"),
    [
        ([0, 1], PROBA, None, "inconsistent numbers of samples"),
        ([0, 1, 2], PROBA, None, "one column for each of the 3 classes, got shape .3, 2.*classes_"),
        ([0, 1, 0], [0.1, 0.2, 0.3], [0, 1, 2], "one column for each of the 3 classes"),
        ([0, 1], [[-3.0, 2.0], [0.1, 0.9]], None, "from 0 to 1, got values from -3 to 2. Pass what predict_proba"),
        ([0, 1], [[np.nan, 1.0], [0.1, 0.9]], None, "NaN"),
        (["cat", "dog", "dog"], PROBA, [0, 1], r"None of the labels is a class: they are \['cat', 'dog'\].*\[0, 1\]"),
    ],
)
def test_what_does_not_fit_is_refused(labels, proba, classes, message):
    with pytest.raises(ValueError, match=message):
        check_probabilities(labels, proba, classes)


def test_an_error_names_a_few_labels_only():
    with pytest.raises(ValueError, match=r"they are \[0, 1, 2, 3, 4, \.\.\.\]"):
        label_codes(np.arange(50), np.array(["a"]))
