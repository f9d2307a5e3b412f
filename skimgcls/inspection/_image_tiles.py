"""Drawing images with their captions where a grid has placed them."""

from skimgcls.inspection._image_grid import LINE, NAME_SIZE, NOTE_SIZE, PAD, TITLE_SIZE
from skimgcls.inspection._section_grid import DETAIL_SIZE, SECTION_SIZE
from skimgcls.metrics._suit_paper import suit_paper

INK, GREY = "#222222", "#595959"
PIXELATED = 64  # pixels: smaller images are shown with sharp pixels


def start_grid(make_grid, ax):
    """Make a grid and the axes that it fills.

    Parameters
    ----------
    make_grid : callable
        Takes ``size=``, width and height in points to fill, None for what the grid needs, and returns a grid with
        ``width`` and ``height`` in points.
    ax : matplotlib Axes or None
        Where to draw; None makes a new figure of the size that the grid needs.

    Returns
    -------
    grid : object
        What `make_grid` returned.
    ax : matplotlib Axes
        With no frame and no ticks.
    """
    if ax is None:
        grid = make_grid(size=None)
        ax = _new_axes(grid)
        ax.set_axis_off()
    else:
        ax.set_axis_off()  # before it is measured: a layout gives the room of its ticks away
        grid = make_grid(size=size_of(ax))
    return grid, ax


def size_of(ax):
    """Return width and height of axes in points."""
    if ax.figure.figure.get_layout_engine() is not None:
        ax.figure.figure.draw_without_rendering()  # until then the axes are not where they will be
    box = ax.get_window_extent()
    return box.width * 72 / ax.figure.dpi, box.height * 72 / ax.figure.dpi


def draw_image(tile, image, *, is_stretched=False):
    """Show an image in axes of its own, without ticks.

    Parameters
    ----------
    tile : matplotlib Axes
        Where.
    image : ndarray of uint8 (h, w) or (h, w, 3 or 4)
        Grey from 0 to 255, or colour.
    is_stretched : bool, default=False
        Whether it fills the axes instead of keeping its proportions.
    """
    tile.imshow(
        image,
        cmap="gray",
        vmin=0,
        vmax=255,
        interpolation="nearest" if max(image.shape[:2]) < PIXELATED else None,
        aspect="auto" if is_stretched else "equal",
    )
    tile.set(xticks=[], yticks=[])
    tile.spines[:].set(color="0.8", lw=0.5)


def write_captions(tile, grid, above, below, colour, name=None):
    """Write lines above and below an image, all of a row on common baselines.

    Parameters
    ----------
    tile : matplotlib Axes
        Of the image.
    grid : object
        With ``font_size`` in points and font ``families``.
    above, below : list of str
        Lines.
    colour : str
        Of the lines below.
    name : str or None, default=None
        A last line in small grey letters.
    """
    text = {"ha": "center", "fontfamily": grid.families, "parse_math": False, "annotation_clip": False}
    text |= {"xycoords": "axes fraction", "textcoords": "offset points", "linespacing": LINE}
    size = grid.font_size
    if above:  # with room for the descenders
        up = PAD + 0.2 * size
        tile.annotate("\n".join(above), (0.5, 1), (0, up), va="baseline", color=INK, fontsize=size, **text)
    if below:
        tile.annotate("\n".join(below), (0.5, 0), (0, -PAD), va="top", color=colour, fontsize=size, **text)
    if name is not None:
        down = -PAD - LINE * size * len(below)
        tile.annotate(name, (0.5, 0), (0, down), va="top", color=GREY, fontsize=NAME_SIZE, **text)


def draw_heading(ax, grid):
    """Write the title and the note of a grid above it, and suit everything in it to its paper.

    Parameters
    ----------
    ax : matplotlib Axes
        That the grid fills, with everything else drawn.
    grid : object
        With ``heading`` (lines of the title, lines of the note), font ``families``, and in points its ``width`` and its
        ``margin`` at the left.
    """
    title, note = grid.heading
    text = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "top", "fontfamily": grid.families}
    text |= {"parse_math": False, "linespacing": LINE, "annotation_clip": False}
    left = grid.margin / grid.width
    ax.annotate("\n".join(title), (left, 1), (0, -PAD), color=INK, fontsize=TITLE_SIZE, **text)
    below_title = -PAD - LINE * TITLE_SIZE * len(title)
    ax.annotate("\n".join(note), (left, 1), (0, below_title), color=GREY, fontsize=NOTE_SIZE, **text)
    suit_paper([ax])


def draw_sections(ax, grid):
    """Write the headings of the groups of a `SectionGrid`.

    Parameters
    ----------
    ax : matplotlib Axes
        That the grid fills.
    grid : SectionGrid
    """
    text = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "top", "fontfamily": grid.families}
    text |= {"parse_math": False, "annotation_clip": False}
    for index, (title, detail) in enumerate(grid.sections):
        corner = grid.place_section(index)
        ax.annotate(title, corner, (0, 0), color=INK, fontsize=SECTION_SIZE, **text)
        if detail:
            ax.annotate(detail, corner, (0, -LINE * SECTION_SIZE), color=GREY, fontsize=DETAIL_SIZE, **text)


def _new_axes(grid):
    """Return axes that fill a new figure of the grid's size."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(grid.width / 72, grid.height / 72))
    return figure.add_axes((0, 0, 1, 1))
