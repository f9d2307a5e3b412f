import numpy as np

from skimgcls.preprocessing import ImageFlattener

X = np.arange(2 * 5 * 6 * 3, dtype=np.uint8).reshape(2, 5, 6, 3)


def test_images_become_rows_in_the_order_that_they_lie_in():
    np.testing.assert_array_equal(ImageFlattener().fit_transform(X), X.reshape(2, -1))
    first = X.transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(ImageFlattener().fit_transform(first), first.reshape(2, -1))


def test_images_of_another_order_are_brought_to_that_of_fit():
    flattener = ImageFlattener().fit(X)
    np.testing.assert_array_equal(flattener.transform(X.transpose(0, 3, 1, 2)), X.reshape(2, -1))


def test_names_tell_row_column_and_channel():
    names = ImageFlattener().fit(X).get_feature_names_out()
    assert names[[0, 1, 3, 18, -1]].tolist() == [
        "pixel_0_0_0",
        "pixel_0_0_1",
        "pixel_0_1_0",
        "pixel_1_0_0",
        "pixel_4_5_2",
    ]
    first = ImageFlattener().fit(X.transpose(0, 3, 1, 2)).get_feature_names_out()
    assert first[[0, 1, 30]].tolist() == ["pixel_0_0_0", "pixel_0_1_0", "pixel_0_0_1"]
    assert ImageFlattener().fit(X[..., 0]).get_feature_names_out()[-1] == "pixel_4_5"
