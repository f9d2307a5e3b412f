import matplotlib.pyplot as plt
import numpy as np
import pytest

from skimgcls.metrics._confusion_labels import label_axes, mark_strongest


@pytest.fixture
def draw():
    def draw(n, inches=4.0):
        ax = plt.subplots(figsize=(inches, inches), layout="constrained")[1]
        ax.imshow(np.zeros((n, n)))
        return ax

    return draw


def names_at(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_short_names_stand_upright_below_their_columns(draw):
    ax = draw(3)
    label_axes(ax, ["cat", "dog", "cow"])
    assert names_at(ax.xaxis) == names_at(ax.yaxis) == ["cat", "dog", "cow"]
    assert {label.get_rotation() for label in ax.get_xticklabels()} == {0}


@pytest.mark.parametrize(("n", "rotation"), [(10, 45), (24, 90)])
def test_names_that_are_wider_than_their_columns_are_turned(draw, n, rotation):
    ax = draw(n)
    label_axes(ax, [f"automobile {i}" for i in range(n)])
    assert {label.get_rotation() for label in ax.get_xticklabels()} == {rotation}


def test_long_names_are_wrapped_at_the_side_and_shortened_below(draw):
    ax = draw(6, inches=6)
    label_axes(ax, [f"Canis lupus familiaris (golden retriever), kind {i}" for i in range(6)])
    assert all("\n" in name for name in names_at(ax.yaxis))
    assert all("…" in name and "\n" not in name for name in names_at(ax.xaxis))
    assert names_at(ax.xaxis)[3].endswith("3")  # names often differ at their ends


def test_too_many_names_are_left_out(draw):
    ax = draw(100)
    label_axes(ax, [str(i) for i in range(100)])
    assert names_at(ax.xaxis) == names_at(ax.yaxis) == []


def test_the_strongest_confusions_are_ringed_with_their_numbers(draw):
    ax = draw(100)
    names = [f"class {i}" for i in range(100)]
    label_axes(ax, names)
    matrix = np.eye(100)
    matrix[20, 30], matrix[21, 31], matrix[70, 5] = 0.5, 0.4, 0.3
    assert mark_strongest(ax, matrix, names, "{:.1f}".format) == 3
    assert sorted(text.get_text() for text in ax.texts) == sorted(
        ["0.5", "0.4", "0.3", *(f"class {i}" for i in (20, 21, 70, 30, 31, 5))]
    )
    names_of_rows = {text.get_text(): text.get_window_extent() for text in ax.texts if text.get_rotation() == 0}
    assert not names_of_rows["class 20"].overlaps(names_of_rows["class 21"])  # neighbours are moved apart


def test_at_most_eight_are_ringed_and_fewer_in_a_small_panel(draw, rng):
    matrix = rng.random((60, 60))
    assert mark_strongest(draw(60), matrix, [str(i) for i in range(60)], str) == 8
    assert 0 < mark_strongest(draw(60, inches=1.6), matrix, [str(i) for i in range(60)], str) < 8


def test_where_all_are_named_rings_bring_no_second_names(draw):
    ax = draw(3)
    label_axes(ax, ["a", "b", "c"])
    mark_strongest(ax, np.array([[1, 2, 0], [0, 1, 0], [0, 0, 1]]), ["a", "b", "c"], str)
    assert [text.get_text() for text in ax.texts] == ["2"]


def test_without_a_mistake_nothing_is_ringed(draw):
    ax = draw(3)
    assert mark_strongest(ax, np.eye(3), ["a", "b", "c"], str) == 0
    assert not ax.lines
    assert not ax.texts
