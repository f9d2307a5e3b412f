import numpy as np
import pytest

from skimgcls.preprocessing import HistogramEqualizer


def equalize_one(plane):
    """The formula for one plane, value by value."""
    darkest = np.count_nonzero(plane == plane.min())
    new = [(np.count_nonzero(plane <= value) - darkest) * 255 / (plane.size - darkest) for value in plane.ravel()]
    return np.rint(new).reshape(plane.shape)


def test_each_channel_of_each_image_is_equalized_by_itself(rng):
    X = rng.normal(100, [10, 20, 30], (3, 9, 8, 3)).clip(0, 255).astype(np.uint8)
    new = HistogramEqualizer().fit_transform(X)
    for i in range(3):
        for channel in range(3):
            np.testing.assert_array_equal(new[i, ..., channel], equalize_one(X[i, ..., channel]))


def test_the_values_of_a_large_image_become_even(rng):
    X = rng.beta(2, 5, (1, 100, 100))
    new = HistogramEqualizer().fit_transform(X)
    assert (new.min(), new.max()) == (0, 1)
    np.testing.assert_allclose(np.quantile(new, [0.25, 0.5, 0.75]), [0.25, 0.5, 0.75], atol=0.03)


@pytest.mark.parametrize("value", [0, 77, 255])
def test_an_image_of_one_value_stays_as_it_is(value):
    X = np.full((2, 4, 4), value, dtype=np.uint8)
    np.testing.assert_array_equal(HistogramEqualizer().fit_transform(X), X)


def test_floats_below_zero_keep_their_range(rng):
    X = rng.normal(size=(4, 30, 30))
    equalizer = HistogramEqualizer().fit(X)
    assert equalizer.value_range_[0] == X.min()
    new = equalizer.transform(X)
    np.testing.assert_allclose(new.min((1, 2)), X.min())
