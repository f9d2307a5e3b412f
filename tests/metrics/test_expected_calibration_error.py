import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from skimgcls.metrics import expected_calibration_error


def written_out(y_true, proba, classes, n_bins):
    """The definition of Guo et al. (2017), image by image."""
    error = 0
    for m in range(n_bins):
        inside = [i for i in range(len(proba)) if m / n_bins < max(proba[i]) <= (m + 1) / n_bins]
        if inside:
            correct = [classes[np.argmax(proba[i])] == y_true[i] for i in inside]
            error += len(inside) / len(proba) * abs(np.mean(correct) - np.mean([max(proba[i]) for i in inside]))
    return error


@pytest.mark.parametrize("n_bins", [1, 7, 15])
def test_equals_its_definition(case, n_bins):
    name, y, proba, classes = case
    if name == "hundred":
        y, proba = y[:300], proba[:300]
    expected = written_out(y, proba, classes, n_bins)
    assert expected_calibration_error(y, proba, classes=classes, n_bins=n_bins) == pytest.approx(expected, abs=1e-12)


def test_with_one_bin_it_is_the_difference_between_confidence_and_accuracy(predictions):
    y, proba, classes = predictions(["a", "b", "c"])
    difference = abs(proba.max(axis=1).mean() - accuracy_score(y, classes[proba.argmax(axis=1)]))
    assert expected_calibration_error(y, proba, n_bins=1) == pytest.approx(difference)


def test_right_and_certain_is_perfect_and_wrong_and_certain_is_not():
    assert expected_calibration_error([0, 1, 2], np.eye(3)) == 0
    assert expected_calibration_error([1, 2, 0], np.eye(3)) == 1


def test_labels_drawn_from_the_probabilities_are_calibrated(rng):
    proba = rng.dirichlet(np.ones(4), size=20_000)
    y = (proba.cumsum(axis=1) > rng.random((len(proba), 1))).argmax(axis=1)
    assert expected_calibration_error(y, proba) < 0.02
    sharper = proba**3 / (proba**3).sum(axis=1, keepdims=True)
    assert expected_calibration_error(y, sharper) > 0.15
