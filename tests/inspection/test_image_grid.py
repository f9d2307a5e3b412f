import pytest

from skimgcls.inspection._image_grid import FITS, TIGHTEST, ImageGrid, choose_columns
from skimgcls.metrics._text import text_width

LONG = "Canis lupus familiaris, a rather small golden retriever, seen from behind"
HEADING = ("a title", "a note")


def make_captions(n, above="cat", below="dog"):
    return [(above, "✗\xa0", below, " (50%)")] * n


def boxes(grid):
    """Left, bottom, right and top of each image with its captions, in points."""
    for index in range(len(grid.captions)):
        left, bottom, width, height = grid.place(index)
        yield (
            left * grid.width,
            bottom * grid.height - grid.below,
            (left + width) * grid.width,
            (bottom + height) * grid.height + grid.above,
        )


@pytest.mark.parametrize("size", [None, (400.0, 300.0), (150.0, 600.0)])
@pytest.mark.parametrize("image_size", [(8, 8), (32, 64), (90, 30), (1, 50)])
@pytest.mark.parametrize("label", ["cat", LONG])
def test_images_and_captions_neither_overlap_nor_leave_the_grid(size, image_size, label):
    grid = ImageGrid(image_size, make_captions(7, label, label), 3, HEADING, size)
    placed = list(boxes(grid))
    for i, (left, bottom, right, top) in enumerate(placed):
        assert left >= 0
        assert bottom >= 0
        assert right <= grid.width
        assert top <= grid.height - grid.heading_height + 1e-9
        for other_left, other_bottom, other_right, other_top in placed[:i]:
            assert left >= other_right or top <= other_bottom or right <= other_left or bottom >= other_top


@pytest.mark.parametrize("label", ["cat", "golden retriever", LONG, LONG.replace(" ", ""), "猫" * 30, "$x_1$"])
@pytest.mark.filterwarnings("ignore:No installed font:UserWarning", "ignore:Glyph:UserWarning")
def test_every_line_of_a_caption_fits_the_width_of_its_image(label):
    grid = ImageGrid((8, 8), make_captions(2, label, label), 2, HEADING)
    for above, below in grid.captions:
        for line in above + below:
            assert text_width(line, grid.font_size, grid.families) <= grid.tile_width + 7


def test_the_font_is_the_largest_at_which_every_caption_fits():
    sizes = [ImageGrid((8, 8), make_captions(1, label), 1, HEADING).font_size for label in ("cat", LONG)]
    assert sizes == [FITS[0][0], TIGHTEST[0]]
    mixed = ImageGrid((8, 8), make_captions(1) + make_captions(1, LONG), 2, HEADING)
    assert mixed.font_size == TIGHTEST[0]


def test_a_long_label_is_shortened_but_mark_and_ending_stay():
    grid = ImageGrid((8, 8), make_captions(1, LONG, LONG), 1, HEADING)
    ((above, below),) = grid.captions
    assert "…" in " ".join(above)
    assert below[0].startswith("✗\xa0")
    assert below[-1].endswith("(50%)")


def test_rows_leave_room_for_the_longest_caption():
    short, long = (ImageGrid((8, 8), make_captions(4, label), 2, HEADING) for label in ("cat", LONG))
    assert long.above > short.above


def test_images_keep_their_proportions_unless_they_are_extreme():
    assert ImageGrid((30, 60), make_captions(1), 1, HEADING).image_height == 48
    grid = ImageGrid((1, 64), make_captions(1), 1, HEADING)
    assert grid.image_height == 32
    assert grid.is_stretched
    assert not ImageGrid((30, 60), make_captions(1), 1, HEADING).is_stretched


def test_a_given_size_is_filled_in_width():
    grid = ImageGrid((8, 8), make_captions(4), 4, HEADING, (800.0, 600.0))
    assert (grid.width, grid.height) == (800.0, 600.0)
    assert max(right for _, _, right, _ in boxes(grid)) > 780


def test_a_heading_wider_than_the_images_makes_the_grid_wider():
    title = "a title that is much longer than one image is wide"
    grid = ImageGrid((8, 8), make_captions(1), 1, (title, ""))
    assert grid.heading == [[title], []]
    assert grid.width > text_width(title, 10)


def test_a_heading_wider_than_the_given_size_is_wrapped():
    grid = ImageGrid((8, 8), make_captions(1), 1, ("a title of several words", ""), (80.0, 300.0))
    assert len(grid.heading[0]) == 2


def test_no_images_need_no_more_than_the_heading():
    grid = ImageGrid((1, 1), [], 1, ("no incorrect images", ""))
    assert grid.height == grid.heading_height


def test_order_of_mark_label_and_ending_is_kept_around_arabic():
    grid = ImageGrid((8, 8), make_captions(1, "كلب", "كلب"), 1, HEADING)
    ((above, below),) = grid.captions
    assert above == ["كلب"]
    assert below == ["\u200e✗\xa0كلب\u200e (50%)"]


def test_names_take_one_line_and_are_shortened_in_their_middle():
    names = ["a.png", LONG + ".png"]
    grid = ImageGrid((8, 8), make_captions(2), 2, HEADING, names=names)
    assert grid.names[0] == "a.png"
    assert grid.names[1].startswith("Canis")
    assert grid.names[1].endswith(".png")
    assert "…" in grid.names[1]
    assert grid.below > ImageGrid((8, 8), make_captions(2), 2, HEADING).below


def test_captions_that_say_nothing_take_no_room():
    grid = ImageGrid((8, 8), [("", "", "", "")] * 2, 2, HEADING)
    assert grid.captions == [([], [])] * 2
    assert grid.above < ImageGrid((8, 8), make_captions(2), 2, HEADING).above


@pytest.mark.parametrize(("n_images", "n_columns"), [(0, 1), (1, 2), (6, 4), (15, 5), (30, 7), (500, 7)])
def test_a_grid_is_a_little_wider_than_high_and_never_very_wide(n_images, n_columns):
    assert choose_columns(n_images) == n_columns
