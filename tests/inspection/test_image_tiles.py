import matplotlib.pyplot as plt
import numpy as np
import pytest

from skimgcls.inspection._image_grid import ImageGrid
from skimgcls.inspection._image_tiles import draw_heading, draw_image, size_of, start_grid, write_captions


def make_grid(size=None):
    return ImageGrid((8, 8), [("cat", "✗\xa0", "dog", " (50%)")] * 2, 2, ("a title", "a note"), size)


def test_a_new_figure_has_the_size_of_the_grid():
    grid, ax = start_grid(make_grid, None)
    np.testing.assert_allclose(ax.figure.get_size_inches() * 72, (grid.width, grid.height))
    assert not ax.axison


@pytest.mark.parametrize("layout", [None, "constrained"])
def test_axes_that_are_given_are_filled(layout):
    axes = plt.subplots(1, 2, figsize=(8, 4), layout=layout)[1]
    grid, ax = start_grid(make_grid, axes[1])
    assert ax is axes[1]
    np.testing.assert_allclose((grid.width, grid.height), size_of(axes[1]))
    assert grid.width < 4 * 72


@pytest.mark.parametrize(("side", "interpolation"), [(8, "nearest"), (63, "nearest"), (64, None)])
def test_few_pixels_are_shown_as_such(side, interpolation):
    ax = plt.subplots()[1]
    draw_image(ax, np.zeros((side, side), dtype=np.uint8))
    assert ax.images[0].get_interpolation() == (interpolation or plt.rcParams["image.interpolation"])
    assert ax.images[0].get_clim() == (0, 255)


def test_captions_stand_above_and_below_the_image_and_the_name_below_them():
    grid, ax = start_grid(make_grid, None)
    tile = ax.inset_axes(grid.place(0))
    draw_image(tile, np.zeros((8, 8), dtype=np.uint8))
    write_captions(tile, grid, ["above"], ["below", "and on"], "red", "name.png")
    draw_heading(ax, grid)
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in tile.texts]
    assert [text.get_text() for text in tile.texts] == ["above", "below\nand on", "name.png"]
    image = tile.get_window_extent()
    assert boxes[0].y0 > image.y1
    assert image.y0 > boxes[1].y1 > boxes[1].y0 > boxes[2].y1 - 1
    assert [text.get_text() for text in ax.texts] == ["a title", "a note"]


def test_nothing_is_written_where_there_is_nothing_to_say():
    grid, ax = start_grid(make_grid, None)
    write_captions(ax, grid, [], [], "red")
    assert len(ax.texts) == 0
