"""Where groups of images stand in a figure, each group under a heading of its own."""

import itertools
from functools import partial

from skimgcls.inspection._image_grid import GAP, LINE, PAD, ImageGrid

SECTION_SIZE, DETAIL_SIZE = 9.0, 8.0  # points: the heading of a group, and what stands under it
TILE_WIDTHS = (56.0, 44.0, 34.0, 28.0)  # points, the best first
MOST_WIDTH, MOST_HEIGHT = 690.0, 690.0  # points that a new figure takes, if the smallest images let it
TILE_GAP, COUPLE_GAP = 4.0, 14.0  # points between the images of a group, and between couples of them
LEAST_WIDTH = 340.0  # points, for a heading over few images


class SectionGrid(ImageGrid):
    """Sizes of groups of images that stand side by side, each under a heading, in points.

    Parameters
    ----------
    image_size : (int, int)
        Height and width of an image in pixels.
    sections : list of (str, str)
        For each group its heading and a detail for the line under it, both shortened to the width that it has.
    counts : list of int
        Images of each group.
    captions : list of (str, str, str, str)
        For each image, as for `ImageGrid`.
    heading : (str, str)
        A title and a note above the grid.
    n_across : int, default=None
        Groups side by side. None means as many as `MOST_WIDTH` has room for.
    names : list of str, default=None
        For each image a last line below it.
    in_couples : bool, default=False
        Whether each second image belongs to the one before it.
    size : (float, float), default=None
        Width and height to fill, in points. None means what the grid needs, with the largest of `TILE_WIDTHS` at which
        it is no wider than `MOST_WIDTH` and, if `n_across` is left to it, no higher than `MOST_HEIGHT`.
    """

    def __init__(
        self, image_size, sections, counts, captions, heading, n_across=None, names=None, in_couples=False, size=None
    ):
        self.in_couples = in_couples
        self.counts, self.most_images = counts, max(counts, default=1)
        self.ends = list(itertools.accumulate(counts))
        lay_out = partial(self._lay_out, image_size, sections, captions, heading, names, size)
        if size is None:
            for tile_width in TILE_WIDTHS:
                lay_out(n_across or self._choose_across(tile_width, MOST_WIDTH), tile_width)
                if self.width <= MOST_WIDTH and (n_across or self.height <= MOST_HEIGHT):
                    break
        else:
            n_across = n_across or self._choose_across(TILE_WIDTHS[-1], size[0])
            gaps = self._place_in_section(self.most_images - 1, 0.0)
            lay_out(n_across, max((size[0] / n_across - GAP - gaps) / self.most_images, 1.0))
        room = self.width - GAP if self.n_columns == 1 else self.section_width
        self.sections = [
            (self._shorten(title, SECTION_SIZE, room), self._shorten(detail, DETAIL_SIZE, room))
            for title, detail in sections
        ]

    def place(self, index):
        """Left, bottom, width and height of an image, in fractions of the whole."""
        section = next(i for i, end in enumerate(self.ends) if index < end)
        left, top = self._corner(section)
        left += self._place_in_section(index - (self.ends[section] - self.counts[section]), self.tile_width)
        return (
            left / self.width,
            1 - (top + self.section_height + self.above + self.image_height) / self.height,
            self.tile_width / self.width,
            self.image_height / self.height,
        )

    def place_section(self, section):
        """Left and top of the heading of a group, in fractions of the whole."""
        left, top = self._corner(section)
        return left / self.width, 1 - top / self.height

    def _lay_out(self, image_size, sections, captions, heading, names, size, n_across, tile_width):
        self.n_columns, self.tile_width = n_across, tile_width
        self.n_rows = -(-len(sections) // n_across)
        others = [*heading, *(text for section in sections for text in section)]
        self._set_texts(captions, names, others, caption_width=tile_width + TILE_GAP / 2)
        self.section_width = self._place_in_section(self.most_images - 1, tile_width) + tile_width
        has_details = any(detail for _, detail in sections)
        self.section_height = PAD + LINE * (SECTION_SIZE + DETAIL_SIZE * has_details)
        self._set_size(image_size, heading, max(n_across * (self.section_width + GAP), LEAST_WIDTH), size)

    def _choose_across(self, tile_width, width):
        section_width = self._place_in_section(self.most_images - 1, tile_width) + tile_width
        return max(1, min(int(width // (section_width + GAP)), len(self.counts)))

    def _corner(self, section):
        row, column = divmod(section, self.n_columns)
        return column * (self.section_width + GAP) + self.margin, self.heading_height + row * self._row_height()

    def _place_in_section(self, position, tile_width):
        """Left of an image in its group."""
        gaps = position * TILE_GAP + (position // 2) * (COUPLE_GAP - TILE_GAP) * self.in_couples
        return position * tile_width + gaps

    def _row_height(self, image_height=None):
        return self.section_height + super()._row_height(image_height)
