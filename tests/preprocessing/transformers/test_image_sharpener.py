import numpy as np
import pytest
from skimage.filters import unsharp_mask

from skimgcls.preprocessing import ImageSharpener


@pytest.mark.parametrize(("amount", "radius"), [(1.0, 1.0), (0.5, 2.0)])
def test_the_result_is_that_of_scikit_image(amount, radius, rng):
    X = rng.random((3, 20, 18, 3))
    new = ImageSharpener(amount, radius=radius).fit_transform(X)
    for i, channel in np.ndindex(3, 3):
        expected = unsharp_mask(X[i, ..., channel], radius=radius, amount=amount)
        np.testing.assert_allclose(new[i, ..., channel], expected, atol=1e-10)


def test_bytes_are_rounded_and_stay_within_black_and_white(rng):
    X = rng.integers(0, 256, (3, 20, 18), dtype=np.uint8)
    of_floats = ImageSharpener(2.0).fit_transform(X.astype(float))
    new = ImageSharpener(2.0).fit_transform(X)
    np.testing.assert_array_equal(new, np.rint(of_floats))
    assert (new.min(), new.max()) == (0, 255)


def test_an_amount_of_zero_changes_nothing(rng):
    X = rng.random((2, 8, 8))
    np.testing.assert_array_equal(ImageSharpener(0).fit_transform(X), X)
