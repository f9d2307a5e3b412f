import numpy as np
import pytest

from skimgcls.preprocessing import ImageCropper

X = np.arange(2 * 5 * 7, dtype=np.uint8).reshape(2, 5, 7)


@pytest.mark.parametrize(
    ("params", "rows", "columns"),
    [
        ({}, slice(0, 5), slice(1, 6)),
        ({"size": 3}, slice(1, 4), slice(2, 5)),
        ({"size": (2, 4)}, slice(1, 3), slice(1, 5)),
        ({"size": (2, 4), "position": (3, 0)}, slice(3, 5), slice(0, 4)),
        ({"size": (5, 7)}, slice(None), slice(None)),
    ],
    ids=["largest square", "centre", "odd rest", "position", "whole"],
)
def test_the_part_is_cut_out(params, rows, columns):
    np.testing.assert_array_equal(ImageCropper(**params).fit_transform(X), X[:, rows, columns])


@pytest.mark.parametrize("params", [{"size": 6}, {"size": 3, "position": (3, 0)}, {"size": 3, "position": (-1, 0)},
                                    {"size": 3, "position": (0, 0, 0)}, {"size": 3, "position": (0.5, 0)}],
                         ids=["too large", "beyond", "before", "three", "half"])  # fmt: skip
def test_a_part_beyond_the_image_is_refused(params):
    with pytest.raises(ValueError, match="does not lie within images of 5 x 7"):
        ImageCropper(**params).fit(X)
