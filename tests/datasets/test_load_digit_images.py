import numpy as np
from sklearn.datasets import load_digits

from skimgcls.datasets import load_digit_images


def test_all_digits_come_as_bytes_over_the_full_range():
    bunch = load_digit_images()
    assert bunch.data.shape == (1797, 8, 8)
    assert bunch.data.dtype == np.uint8
    assert (bunch.data.min(), bunch.data.max()) == (0, 255)


def test_ink_levels_are_scaled_and_rounded():
    levels = load_digits().images.astype(int)
    expected = np.array([0, 16, 32, 48, 64, 80, 96, 112, 128, 143, 159, 175, 191, 207, 223, 239, 255])
    np.testing.assert_array_equal(load_digit_images().data, expected[levels])


def test_labels_are_ints_and_their_names_text():
    bunch = load_digit_images()
    np.testing.assert_array_equal(bunch.target, load_digits().target)
    assert np.issubdtype(bunch.target.dtype, np.integer)
    assert bunch.target_names.tolist() == list("0123456789")
    assert bunch.filenames is None
    assert {"Source:", "Licence:", "Citation:"} <= set(bunch.DESCR.split())


def test_images_and_labels_alone():
    X, y = load_digit_images(return_X_y=True)
    assert X.shape == (1797, 8, 8)
    assert y.shape == (1797,)
