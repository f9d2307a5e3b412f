import matplotlib.pyplot as plt
import numpy as np
import pytest

from skimgcls.model_selection.displays._place_labels import (
    make_room,
    name_line_ends,
    not_crowded,
    place_labels,
    wrapped,
    write_lines,
)


@pytest.fixture
def ax():
    ax = plt.subplots(layout="constrained")[1]
    ax.set(xlim=(0, 1), ylim=(0, 1))
    return ax


def test_labels_cover_neither_each_other_nor_points(ax, rng, overlaps):
    points = rng.uniform(0.2, 0.8, (30, 2))
    labels = [(x, y, f"candidate {i}\nand more", "k") for i, (x, y) in enumerate(points)]
    texts = place_labels(ax, labels, points)
    assert 3 < len(texts) < 30  # the others have no room
    assert not overlaps(ax)
    places = ax.transData.transform(points)
    for text in texts:
        box = super(type(text), text).get_window_extent()  # without its leader
        assert not any(box.contains(*place) for place in places)


def test_the_first_labels_get_the_room(ax):
    labels = [(0.5, 0.5, f"{i} " + "w" * 30, "k") for i in range(20)]
    shown = [text.get_text()[:2] for text in place_labels(ax, labels, [(0.5, 0.5)])]
    assert shown == [label[2][:2] for label in labels[: len(shown)]]


def test_a_label_stands_off_a_line(ax):
    (free,) = place_labels(ax, [(0.5, 0.5, "name", "k")], [])
    assert free.xyann[0] < 0 < free.xyann[1]  # the upper left
    (beside,) = place_labels(ax, [(0.5, 0.5, "name", "k")], [], lines=[((0.0, 0.55), (0.5, 0.55))])
    assert beside.xyann != free.xyann


def test_a_label_that_fits_nowhere_is_left_out(ax):
    assert place_labels(ax, [(0.5, 0.5, "w" * 500, "k")], []) == []


def test_dollar_signs_are_no_formula(ax):
    (text,) = place_labels(ax, [(0.5, 0.5, "$x^2$ and $", "k")], [])
    assert text.get_parse_math() is False


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_names_of_lines_stand_apart_inside_the_panel(ax, scale, overlaps):
    ax.set(xscale=scale, xlim=(0.001, 1))
    name_line_ends(ax, [(1, 0.5 + i / 1000, f"a name that is long {i}", "k") for i in range(6)])
    assert not overlaps(ax)
    right = ax.get_window_extent().x1
    assert all(text.get_window_extent().x1 <= right + 1 for text in ax.texts)


def test_a_line_that_leaves_the_axes_is_named_at_their_edge(ax):
    name_line_ends(ax, [(1, -5, "low", "k"), (1, -7, "lower", "k"), (1, 0.5, "middle", "k")])
    ax.figure.draw_without_rendering()
    bottom = ax.get_window_extent().y0
    assert all(text.get_window_extent().y1 > bottom for text in ax.texts)
    assert [text.xy[1] for text in ax.texts] == [0, 0, 0.5]


def test_a_note_takes_as_many_lines_as_it_needs(ax):
    write_lines(ax, "word " * 60)
    title = ax.get_title(loc="left")
    assert title.count("\n") >= 2
    ax.figure.draw_without_rendering()
    assert ax._left_title.get_window_extent().width <= 1.1 * ax.get_window_extent().width
    write_lines(ax, "short")
    assert ax.get_title(loc="left") == "short"


def test_room_is_made_on_any_scale(ax):
    ax.set_xscale("log")
    ax.set_xlim(0.01, 1)
    make_room(ax, left=0.5, top=0.25)
    assert ax.get_xlim() == (pytest.approx(0.001), pytest.approx(1))
    assert ax.get_ylim() == (pytest.approx(0), pytest.approx(1.25))


def test_crowded_labels_are_left_out():
    assert not_crowded(np.array([0, 10, 20, 30]), [8, 8, 8, 8]) == [0, 1, 2, 3]
    assert not_crowded(np.array([30, 0, 5, 20]), [8, 8, 8, 30]) == [1, 3]


def test_text_is_wrapped_between_parameters_and_not_inside_a_tuple():
    assert wrapped("lr=0.1, units=(256, 128, 64), adam", 20) == "lr=0.1,\nunits=(256, 128, 64),\nadam"
    assert wrapped("lr=0.1") == "lr=0.1"
