import numpy as np
import pytest
from skimage.feature import hog

from skimgcls.preprocessing import HOGTransformer


def of_scikit_image(X, orientations, cell, block):
    settings = {"orientations": orientations, "pixels_per_cell": cell, "cells_per_block": block}
    channel_axis = -1 if X.ndim == 4 else None
    return np.stack([hog(image, block_norm="L2-Hys", channel_axis=channel_axis, **settings) for image in X])


@pytest.mark.parametrize("shape", [(28, 28), (33, 30, 3)], ids=["grey", "colour"])
@pytest.mark.parametrize(
    ("orientations", "cell", "block"), [(9, (8, 8), (2, 2)), (9, (4, 4), (3, 3)), (8, (5, 3), (1, 2))]
)
def test_the_features_are_those_of_scikit_image(orientations, cell, block, shape, rng):
    X = rng.random((4, *shape))
    transformer = HOGTransformer(orientations, pixels_per_cell=cell, cells_per_block=block)
    np.testing.assert_allclose(transformer.fit_transform(X), of_scikit_image(X, orientations, cell, block), atol=1e-5)


@pytest.mark.parametrize("orientations", [4, 8, 9, 12])
def test_bytes_in_float32_too_also_where_a_gradient_lies_between_two_directions(orientations, rng):
    X = rng.choice([0, 100, 200], (6, 28, 28)).astype(np.uint8)  # many gradients of 0, 45, 90 and 135 degrees
    new = HOGTransformer(orientations, pixels_per_cell=4).fit_transform(X)
    assert new.dtype == np.float32
    np.testing.assert_allclose(new, of_scikit_image(X.astype(float), orientations, (4, 4), (2, 2)), atol=1e-5)


def test_an_edge_is_counted_where_it_is_and_in_its_direction():
    X = np.zeros((1, 8, 8))
    X[:, :, 5:] = 1  # in the right cells, across
    transformer = HOGTransformer(4, pixels_per_cell=4, cells_per_block=1).fit(X)
    names = transformer.get_feature_names_out()
    assert names[transformer.transform(X)[0] > 0].tolist() == ["hog_0_1_0_0_0", "hog_1_1_0_0_0"]


def test_images_that_hold_no_block_are_refused(rng):
    with pytest.raises(ValueError, match=r"hold 1 x 1 cells .* a block takes 2 x 2\. Lower pixels_per_cell"):
        HOGTransformer().fit(rng.random((2, 8, 8)))
