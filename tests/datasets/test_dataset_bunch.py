import numpy as np
import pytest
from sklearn.utils import Bunch

from skimgcls.datasets._dataset_bunch import dataset_bunch, parts_of_subset

IMAGES = np.zeros((3, 4, 4), np.uint8)


def test_codes_become_labels():
    bunch = dataset_bunch(IMAGES, [1, 0, 1], ["cat", "dog"], descr="pets", filenames=None, variant="small")
    assert isinstance(bunch, Bunch)
    assert bunch.data is IMAGES
    assert bunch.target.tolist() == ["dog", "cat", "dog"]
    assert bunch.target_names.tolist() == ["cat", "dog"]
    assert (bunch.filenames, bunch.DESCR, bunch.variant) == (None, "pets", "small")


def test_number_labels_stay_numbers_and_have_text_as_names():
    bunch = dataset_bunch(IMAGES, [1, 0, 1], np.array([10, 20]), descr="")
    assert bunch.target.tolist() == [20, 10, 20]
    assert bunch.target_names.tolist() == ["10", "20"]


def test_images_and_labels_alone():
    X, y = dataset_bunch(IMAGES, [1, 0, 1], ["cat", "dog"], descr="", return_X_y=True)
    assert X is IMAGES
    assert y.tolist() == ["dog", "cat", "dog"]


def test_all_means_the_training_part_first():
    assert [parts_of_subset(subset) for subset in ("train", "test", "all")] == [
        ("train",),
        ("test",),
        ("train", "test"),
    ]


@pytest.mark.parametrize("subset", ["val", None, 0])
def test_an_unknown_subset_is_refused(subset):
    with pytest.raises(ValueError, match=r"'subset' parameter must be one of \('train', 'test', 'all'\)\. Got"):
        parts_of_subset(subset)
