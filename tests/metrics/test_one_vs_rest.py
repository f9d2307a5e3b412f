import numpy as np
import pytest

from skimgcls.metrics._one_vs_rest import GRID, one_vs_rest_curves


def curve(is_positive, score):
    return np.array([0.0, score[is_positive].mean(), 1.0]), np.array([1.0, 0.5, 0.0]), float(is_positive.mean())


def mean_of(curves, grid):
    return grid, np.mean([np.interp(grid, each.x, each.y) for each in curves], axis=0)


def test_each_class_is_held_against_the_rest():
    y, proba = ["b", "a", "c", "a"], np.full((4, 3), [0.2, 0.3, 0.5])
    curves, averages, left_out = one_vs_rest_curves(y, proba, None, curve, mean_of)
    assert {label: (each.x[1], each.area, each.n_images) for label, each in curves.items()} == {
        "a": (0.2, 0.5, 2),
        "b": (0.3, 0.25, 1),
        "c": (0.5, 0.25, 1),
    }
    assert averages["macro"].area == pytest.approx(1 / 3)
    np.testing.assert_allclose(averages["macro"].x, [0, 0.2, 0.3, 0.5, 1])
    assert averages["micro"].area == pytest.approx(1 / 3)  # 4 of 12 decisions
    assert averages["micro"].n_images == 4
    assert left_out == []


def test_of_two_classes_the_second_is_the_positive_one():
    curves, averages, _ = one_vs_rest_curves([True, False], np.eye(2), [False, True], curve, mean_of)
    assert list(curves) == [True]
    assert averages == {}


def test_a_class_without_images_is_left_out():
    curves, _, left_out = one_vs_rest_curves([0, 1, 0], np.full((3, 4), 0.25), range(4), curve, mean_of)
    assert list(curves) == [0, 1]
    assert left_out == [2, 3]


def test_an_unknown_label_is_the_rest_to_all():
    curves, _, _ = one_vs_rest_curves([0, 1, 2, 9], np.full((4, 3), 1 / 3), range(3), curve, mean_of)
    assert [each.area for each in curves.values()] == [0.25] * 3


@pytest.mark.parametrize("n_classes", [1, 2, 3])
def test_one_label_alone_makes_no_curve(n_classes):
    with pytest.raises(ValueError, match="no label other than 0: a curve needs"):
        one_vs_rest_curves([0, 0], np.full((2, n_classes), 1 / n_classes), range(n_classes), curve, mean_of)


def test_an_average_of_many_points_is_thinned(rng):
    def long_curve(is_positive, score):
        x = np.sort(np.r_[0, rng.random(GRID), 1])
        return x, x, 0.5

    _, averages, _ = one_vs_rest_curves([0, 1, 2], np.eye(3), None, long_curve, mean_of)
    assert len(averages["macro"].x) == GRID
    assert averages["macro"].x[[0, -1]].tolist() == [0, 1]
