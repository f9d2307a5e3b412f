import numpy as np
import pytest

from skimgcls.metrics._calibration_bins import calibration_bins


def test_counts_and_averages_by_the_probability_of_the_predicted_label():
    proba = [[0.9, 0.1], [0.85, 0.15], [0.4, 0.6], [0.45, 0.55]]
    bins = calibration_bins([0, 1, 1, 0], proba, n_bins=5)
    np.testing.assert_allclose(bins["low"], [0, 0.2, 0.4, 0.6, 0.8])
    np.testing.assert_allclose(bins["high"], [0.2, 0.4, 0.6, 0.8, 1])
    assert bins["n_images"].tolist() == [0, 0, 2, 0, 2]  # 0.6 is the upper edge of its bin
    np.testing.assert_allclose(bins["confidence"], [np.nan, np.nan, 0.575, np.nan, 0.875])
    np.testing.assert_allclose(bins["accuracy"], [np.nan, np.nan, 0.5, np.nan, 0.5])


def test_an_unknown_label_is_a_mistake_and_a_tie_goes_to_the_first_class():
    bins = calibration_bins([0, 7, 1], [[0.5, 0.5]] * 3, classes=[0, 1], n_bins=1)
    assert bins["accuracy"].tolist() == [pytest.approx(1 / 3)]


@pytest.mark.parametrize("n_bins", [0, -1, 2.5, True, "15"])
def test_n_bins_is_a_positive_integer(n_bins):
    with pytest.raises(ValueError, match="n_bins must be an integer of 1 or more, got"):
        calibration_bins([0, 1], np.eye(2), n_bins=n_bins)
