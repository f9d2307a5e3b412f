import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier
from sklearn.neural_network import MLPClassifier

from skimgcls.datasets import make_images


@pytest.mark.parametrize("shape", [(16, 16), (4, 4), (8, 12, 1), (9, 8, 3), (5, 6, 4)])
def test_images_are_bytes_of_the_wanted_shape(shape):
    bunch = make_images(10, image_shape=shape, random_state=0)
    assert bunch.data.shape == (10, *shape)
    assert bunch.data.dtype == np.uint8
    assert bunch.filenames is None
    assert str(shape) in bunch.DESCR


def test_classes_are_as_equal_as_possible_and_shuffled():
    y = make_images(100, n_classes=3, random_state=0).target
    assert np.bincount(y).tolist() == [34, 33, 33]
    assert len(set(y[:20])) == 3


def test_target_names_are_the_labels_as_text():
    assert make_images(4, n_classes=4, random_state=0).target_names.tolist() == ["0", "1", "2", "3"]


def test_an_int_gives_the_same_images_again():
    for mine, theirs in zip(*(make_images(20, random_state=3, return_X_y=True) for _ in range(2)), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert (make_images(20, random_state=4).data != make_images(20, random_state=3).data).any()


def test_a_generator_gives_new_images_each_time():
    random = np.random.RandomState(0)
    assert (make_images(20, random_state=random).data != make_images(20, random_state=random).data).any()


def test_an_int_leaves_the_global_generator_alone():
    np.random.seed(0)
    make_images(20, random_state=3)
    drawn = np.random.random()
    np.random.seed(0)
    assert drawn == np.random.random()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # 30 epochs are enough here
@pytest.mark.parametrize("n_classes", [2, 4])
def test_a_network_learns_the_classes_and_a_linear_model_does_not(n_classes):
    X, y = make_images(600, image_shape=(8, 8), n_classes=n_classes, random_state=0, return_X_y=True)
    X = X.reshape(600, -1) / 127.5 - 1
    network = MLPClassifier((64,), max_iter=30, batch_size=50, random_state=0).fit(X[:400], y[:400])
    line = RidgeClassifier().fit(X[:400], y[:400])
    assert network.score(X[400:], y[400:]) > 0.95
    assert line.score(X[400:], y[400:]) < 1 / n_classes + 0.15


def test_without_noise_the_class_is_the_direction_of_the_wave():
    bunch = make_images(40, image_shape=(16, 16), n_classes=2, noise=0, random_state=0)
    changes_down = np.abs(np.diff(bunch.data.astype(int), axis=1)).max(axis=(1, 2))
    changes_right = np.abs(np.diff(bunch.data.astype(int), axis=2)).max(axis=(1, 2))
    assert (changes_down[bunch.target == 0] == 0).all()
    assert (changes_right[bunch.target == 1] == 0).all()
    assert (changes_right[bunch.target == 0] > 20).all()


def test_noise_is_a_share_of_the_full_range():
    kwargs = {"image_shape": (32, 32), "random_state": 0}
    difference = make_images(50, noise=0.02, **kwargs).data.astype(float) - make_images(50, noise=0, **kwargs).data
    assert difference.std() == pytest.approx(0.02 * 255, rel=0.05)


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"n_samples": 2}, "n_samples"),
        ({"n_samples": 10.5}, "n_samples"),
        ({"n_classes": 1}, "n_classes"),
        ({"n_classes": "two"}, "n_classes"),
        ({"noise": -0.1}, "noise"),
        ({"noise": np.inf}, "noise"),
        ({"noise": None}, "noise"),
        ({"image_shape": 16}, "image_shape"),
        ({"image_shape": (3, 16)}, "image_shape"),
        ({"image_shape": (16, 16, 0)}, "image_shape"),
        ({"image_shape": (16, 16, 1, 1)}, "image_shape"),
        ({"image_shape": (16.0, 16)}, "image_shape"),
    ],
)
def test_parameters_out_of_range_are_refused_by_name(parameters, name):
    with pytest.raises(ValueError, match=rf"The '{name}' parameter must be .* Got .* instead"):
        make_images(**parameters)
