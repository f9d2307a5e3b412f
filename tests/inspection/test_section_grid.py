import pytest

from skimgcls.inspection._section_grid import MOST_HEIGHT, MOST_WIDTH, TILE_WIDTHS, SectionGrid
from skimgcls.metrics._text import text_width

LONG = "Canis lupus familiaris, a rather small golden retriever, seen from behind"


def make_grid(counts, label="cat", detail="", caption="", **params):
    captions = [("", "", caption, "")] * sum(counts)
    return SectionGrid((8, 8), [(label, detail)] * len(counts), counts, captions, ("a title", ""), **params)


def boxes(grid):
    """Left, bottom, right and top of each image with its captions, and of each heading, in points."""
    for index in range(len(grid.captions)):
        left, bottom, width, height = grid.place(index)
        left, right = left * grid.width, (left + width) * grid.width
        yield left, bottom * grid.height - grid.below, right, (bottom + height) * grid.height + grid.above
    for index, (title, _) in enumerate(grid.sections):
        left, top = grid.place_section(index)
        left, top = left * grid.width, top * grid.height
        yield left, top - grid.section_height, left + text_width(title, 9, grid.families), top


@pytest.mark.parametrize("in_couples", [False, True])
@pytest.mark.parametrize("counts", [[1], [2, 4, 4], [6] * 10, [3] * 100])
@pytest.mark.parametrize("label", ["cat", LONG])
@pytest.mark.parametrize("size", [None, (600.0, 500.0)])
def test_images_captions_and_headings_neither_overlap_nor_leave_the_grid(in_couples, counts, label, size):
    grid = make_grid(counts, label, caption=label, in_couples=in_couples, size=size)
    placed = list(boxes(grid))
    for i, (left, bottom, right, top) in enumerate(placed):
        assert left >= 0
        assert right <= grid.width + 1e-9
        assert top <= grid.height + 1e-9
        if size is None:
            assert bottom >= -1e-9
        for other_left, other_bottom, other_right, other_top in placed[:i]:
            apart = (
                left >= other_right or right <= other_left or bottom >= other_top - 1e-6 or top <= other_bottom + 1e-6
            )
            assert apart


def test_many_images_are_smaller():
    widths = [make_grid([5] * n).tile_width for n in (3, 10, 40, 100)]
    assert widths[0] == TILE_WIDTHS[0]
    assert widths[-1] == TILE_WIDTHS[-1]
    assert widths == sorted(widths, reverse=True)
    assert make_grid([5] * 40).height <= MOST_HEIGHT
    assert make_grid([5] * 40).width <= MOST_WIDTH


def test_no_more_groups_stand_side_by_side_than_there_are():
    assert make_grid([2, 2]).n_columns == 2
    assert make_grid([2] * 40).n_columns > 2
    assert make_grid([2] * 40, n_across=3).n_columns == 3


def test_couples_stand_closer_than_their_neighbours():
    grid = make_grid([4], in_couples=True)
    lefts = [grid.place(index)[0] * grid.width for index in range(4)]
    assert lefts[1] - lefts[0] == pytest.approx(lefts[3] - lefts[2])
    assert lefts[2] - lefts[1] > lefts[1] - lefts[0]


def test_a_detail_takes_a_line_and_a_long_heading_is_shortened():
    assert make_grid([2], detail="12 images").section_height > make_grid([2]).section_height
    ((title, _),) = make_grid([1], LONG * 3).sections
    assert "…" in title
    assert make_grid([3], n_across=1, label=LONG[:50]).sections[0][0] == LONG[:50]  # nothing stands beside it
