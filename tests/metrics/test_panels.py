import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.text import Text

from skimgcls.metrics._panels import label_line_ends, make_axes, panel_width, style_panel, write_note

LABELS = [(10, 0.5, "train", "C0"), (10, 0.5, "validation", "C1"), (10, 0.51, "another run", "C2")]


@pytest.fixture
def panel():
    ax = plt.figure(figsize=(5, 3)).add_subplot()
    ax.plot(np.arange(1, 11), np.linspace(1, 0.5, 10))
    return ax


def boxes(texts):
    texts[0].figure.canvas.draw()
    return [Text.get_window_extent(text) for text in texts]  # without the line that leads to it


def test_makes_a_figure_without_axes():
    axes = make_axes(None)
    assert axes.shape == (2,)
    assert axes[0].figure is axes[1].figure


def test_takes_as_many_axes_as_there_are_panels():
    given = plt.subplots(2, 1)[1]
    assert list(make_axes(given)) == list(given)
    assert list(make_axes(tuple(given))) == list(given)


@pytest.mark.parametrize("make", [lambda: plt.subplots()[1], lambda: plt.figure().add_axes((0.2, 0.2, 0.5, 0.5))])
def test_divides_one_axes(make):
    whole = make()
    box = whole.get_position()
    axes = make_axes(whole)
    whole.figure.canvas.draw()
    left, right = (ax.get_window_extent().transformed(whole.figure.transFigure.inverted()) for ax in axes)
    assert left.x0 == pytest.approx(box.x0)
    assert right.x1 == pytest.approx(box.x1)
    assert left.x1 < right.x0
    assert left.width == pytest.approx(right.width)
    assert not whole.axison


@pytest.mark.parametrize("make", [lambda: plt.subplots()[1], lambda: plt.figure().add_axes((0.2, 0.2, 0.5, 0.5))])
def test_panels_one_below_the_other_have_the_heights_that_are_wanted(make):
    axes = make_axes(make(), heights=(3, 1))
    axes[0].figure.canvas.draw()
    above, below = (ax.get_window_extent() for ax in axes)
    assert above.height == pytest.approx(3 * below.height)
    assert (above.x0, above.x1) == pytest.approx((below.x0, below.x1))
    assert above.y0 > below.y1
    upper, lower = (ax.get_position() for ax in make_axes(None, heights=(3, 1)))
    assert upper.y0 > lower.y1


def test_the_width_of_a_panel_is_that_after_its_layout(panel):
    assert panel_width(panel) == pytest.approx(panel.get_window_extent().width * 72 / panel.figure.dpi)
    ax = plt.subplots(layout="constrained")[1]
    before = panel_width(ax)
    ax.set_ylabel("two\nlines\nand more")
    assert panel_width(ax) < before - 20


def test_a_long_name_is_shortened_to_end_inside_its_panel(panel):
    label_line_ends(panel, [(10, 0.5, "a name that goes on and on, and does not end before the edge", "C0")])
    assert "…" in panel.texts[0].get_text()
    assert boxes(panel.texts)[0].x1 <= panel.get_window_extent().x1 + 1


def test_refuses_another_number_of_axes():
    with pytest.raises(ValueError, match="ax must be None, one Axes or 2 Axes, got 3"):
        make_axes(plt.subplots(1, 3)[1])


@pytest.mark.parametrize(
    ("last_epoch", "expected"),
    [
        (1, [1]),
        (3, [1, 2, 3]),
        (10, [1, 3, 5, 7, 9]),
        (20, [1, 5, 10, 15, 20]),
        (200, [1, 50, 100, 150, 200]),
        (5000, [1, 1000, 2000, 3000, 4000, 5000]),
    ],
)
def test_ticks_are_whole_epochs_from_the_first(last_epoch, expected, panel):
    style_panel(panel, last_epoch)
    assert list(panel.get_xticks()) == expected


def test_a_narrow_panel_has_fewer_ticks():
    ax = plt.figure(figsize=(2, 2)).add_subplot()
    style_panel(ax, 20)
    assert list(ax.get_xticks()) == [1, 10, 20]


def test_labels_at_one_height_do_not_overlap(panel):
    label_line_ends(panel, LABELS)
    found = boxes(panel.texts)
    assert not any(found[i].overlaps(found[j]) for i in range(3) for j in range(i))


def test_labels_stay_in_the_order_of_their_lines(panel):
    label_line_ends(panel, [(10, 0.9, "high", "C0"), (10, 0.5, "low", "C1"), (10, 0.51, "middle", "C2")])
    heights = dict(zip(["high", "low", "middle"], [box.y0 for box in boxes(panel.texts)], strict=True))
    assert heights["low"] < heights["middle"] < heights["high"]


def test_labels_end_inside_the_panel_and_begin_behind_the_lines(panel):
    label_line_ends(panel, LABELS)
    end_of_line = panel.transData.transform((10, 0.5))[0]
    for box in boxes(panel.texts):
        assert box.x1 <= panel.get_window_extent().x1
        assert box.x0 > end_of_line


def test_a_label_that_stands_apart_from_its_line_is_led_to(panel):
    label_line_ends(panel, [(10, 0.9, "at its end", "C0"), (4, 0.5, "ended early", "C1")])
    assert [text.arrow_patch is not None for text in panel.texts] == [False, True]


def test_no_labels_change_nothing(panel):
    before = panel.get_xlim()
    label_line_ends(panel, [])
    assert panel.get_xlim() == before


def test_dollars_in_a_label_start_no_formula(panel):
    label_line_ends(panel, [(10, 0.5, "$x_1", "C0"), (10, 0.9, "a$b$c", "C0")])
    panel.figure.canvas.draw()
    assert [text.get_parse_math() for text in panel.texts] == [False, False]


def test_a_note_takes_two_lines_where_one_is_too_wide(panel):
    write_note(panel, "short | note", "0.5")
    write_note(panel, f"{'a long part ' * 4}| {'another long part ' * 3}", "0.5")
    assert [text.get_text().count("\n") for text in panel.texts] == [0, 1]
    assert panel.texts[0].get_text() == "short; note"


def test_a_note_breaks_between_words_where_a_part_is_too_wide(panel):
    write_note(panel, f"name | {'many words ' * 20}".rstrip(), "0.5")
    lines = panel.texts[0].get_text().split("\n")
    assert lines[0] == "name"
    assert len(lines) >= 4
    assert boxes(panel.texts)[0].width <= 1.1 * panel.get_window_extent().width


def test_one_cell_of_a_constrained_grid_has_room_for_all_panels():
    figure, grid = plt.subplots(2, 3, figsize=(10, 7), layout="constrained")
    panels = make_axes(grid[0, 0])
    figure.canvas.draw()  # warns of axes that collapse
    assert min(panel_width(panel) for panel in panels) > 40
