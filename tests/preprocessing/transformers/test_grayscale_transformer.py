import numpy as np
from PIL import Image

from skimgcls.preprocessing import GrayscaleTransformer


def test_bytes_become_grey_as_pillow_does(rng):
    X = rng.integers(0, 256, (5, 40, 40, 3), dtype=np.uint8)
    of_pillow = np.stack([np.asarray(Image.fromarray(image).convert("L")) for image in X])
    np.testing.assert_array_equal(GrayscaleTransformer().fit_transform(X)[..., 0], of_pillow)


def test_what_is_transparent_becomes_white():
    X = np.zeros((2, 2, 2, 4), dtype=np.uint8)
    X[0, 0, 0, 3], X[0, 0, 1, 3] = 255, 51
    new = GrayscaleTransformer(channels="last").fit_transform(X)
    assert new[0, 0, :, 0].tolist() == [0, 204]
    assert (new[1] == 255).all()
    of_fractions = GrayscaleTransformer(channels="last").fit_transform(X / 255)
    np.testing.assert_allclose(of_fractions, new / 255)


def test_grey_images_stay_and_other_channels_are_averaged(rng):
    grey = rng.random((3, 4, 5))
    np.testing.assert_array_equal(GrayscaleTransformer().fit_transform(grey), grey)
    two = np.stack([np.full((3, 4, 5), 10), np.full((3, 4, 5), 13)], axis=-1).astype(np.uint8)
    assert np.unique(GrayscaleTransformer(channels="last").fit_transform(two)).tolist() == [12]
