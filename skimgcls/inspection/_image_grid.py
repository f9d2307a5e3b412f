"""Where captioned images stand in a figure, and how large their captions may be."""

import math
import unicodedata
from functools import cache

from skimgcls.metrics._fit_label import fit_label
from skimgcls.metrics._text import font_families, text_width

TILE_WIDTH, GAP, PAD = 96.0, 14.0, 3.0  # points: an image, between images, between an image and its captions
LEAST_IMAGE_HEIGHT = 8.0  # points
LINE = 1.3  # height of a line of text in font sizes
TITLE_SIZE, NOTE_SIZE, NAME_SIZE = 10.0, 8.0, 7.0  # points
FITS = ((9.0, 1), (8.0, 1), (8.0, 2), (7.0, 2))  # (font size in points, lines) of captions, the best first
TIGHTEST = (7.0, 2)  # where nothing fits, words are broken and the text is shortened
SLACK = 1.09  # small letters are drawn wider on a coarse grid of pixels
LEFT_TO_RIGHT_MARK = "\u200e"  # invisible: keeps mark, label and ending in this order around Arabic or Hebrew
LEAST_RATIO, GREATEST_RATIO = 1 / 3, 3  # height to width of an image as it is drawn
MOST_COLUMNS = 7  # wider figures are shrunk by a notebook until nobody can read them


def choose_columns(n_images):
    """Return the images in a row that make a grid a little wider than high, and not too wide."""
    return min(max(1, math.ceil(math.sqrt(n_images * 5 / 3))), MOST_COLUMNS)


class ImageGrid:
    """Sizes of a grid of images that have a caption above and one below, in points.

    Parameters
    ----------
    image_size : (int, int)
        Height and width of an image in pixels.
    captions : list of (str, str, str, str)
        For each image the label above; below it a mark, a label and an ending. Labels are wrapped or shortened,
        marks and endings are not.
    n_columns : int
        Images in a row.
    heading : (str, str)
        A title and a note above the grid.
    size : (float, float), default=None
        Width and height to fill, in points. None means what the grid needs.
    names : list of str, default=None
        For each image a last line below it, in small letters, shortened to its width.
    """

    margin = GAP / 2

    def __init__(self, image_size, captions, n_columns, heading, size=None, names=None):
        self.n_columns = n_columns
        self.n_rows = -(-len(captions) // n_columns)
        self.tile_width = TILE_WIDTH if size is None else max(size[0] / n_columns - GAP, 1.0)
        self._set_texts(captions, names, heading, caption_width=self.tile_width + GAP / 2)
        self._set_size(image_size, heading, n_columns * (self.tile_width + GAP), size)

    def place(self, index):
        """Left, bottom, width and height of an image, in fractions of the whole."""
        row, column = divmod(index, self.n_columns)
        left = column * (self.tile_width + GAP) + self.margin
        top = self.heading_height + row * self._row_height() + self.above
        return (
            left / self.width,
            1 - (top + self.image_height) / self.height,
            self.tile_width / self.width,
            self.image_height / self.height,
        )

    def _set_texts(self, captions, names, others, caption_width):
        """Break captions and names into lines, and find the heights that they take."""
        self.families = font_families([*(text for caption in captions for text in caption), *others, *(names or ())])
        self._measures = {}
        self.caption_width = caption_width
        self.font_size, self.captions = self._fit(captions)
        line = LINE * self.font_size
        self.above = PAD + line * max((len(above) for above, _ in self.captions), default=1)
        self.below = PAD + line * max((len(below) for _, below in self.captions), default=1)
        self.names = None if names is None else [self._shorten(name, NAME_SIZE, caption_width) for name in names]
        if names:
            self.below += LINE * NAME_SIZE

    def _set_size(self, image_size, heading, needed_width, size):
        self.width = max(needed_width, self._heading_width(heading)) if size is None else size[0]
        self.heading = [self._wrap(text, font) for text, font in zip(heading, (TITLE_SIZE, NOTE_SIZE), strict=True)]
        self.heading_height = LINE * (TITLE_SIZE * len(self.heading[0]) + NOTE_SIZE * len(self.heading[1])) + GAP
        ratio = min(max(image_size[0] / image_size[1], LEAST_RATIO), GREATEST_RATIO)
        wanted = self.tile_width * ratio
        self.image_height = wanted if size is None else min(wanted, self._height_left(size[1]))
        self.height = self.heading_height + self.n_rows * self._row_height() if size is None else size[1]
        self.is_stretched = not LEAST_RATIO <= image_size[0] / image_size[1] <= GREATEST_RATIO

    def _row_height(self, image_height=None):
        return self.above + (self.image_height if image_height is None else image_height) + self.below + GAP

    def _height_left(self, height):
        texts = self.heading_height + self.n_rows * self._row_height(image_height=0.0)
        return max((height - texts) / max(self.n_rows, 1), LEAST_IMAGE_HEIGHT)

    def _fit(self, captions):
        """Find the largest font at which all captions fit, and break them into lines."""
        for size, n_lines in FITS:
            fitted = self._break(captions, size, n_lines, break_words=False)
            if all(lines is not None for caption in fitted for lines in caption):
                return size, fitted
        size, n_lines = TIGHTEST
        return size, self._break(captions, size, n_lines, break_words=True)

    def _break(self, captions, size, n_lines, break_words):
        measure = self._measure(size)

        @cache  # many images have one label
        def fit(text, head="", tail=""):
            if not text + head + tail:
                return []
            return fit_label(text, self.caption_width, n_lines, measure, head=head, tail=tail, break_words=break_words)

        fitted = []
        for above, mark, below, ending in captions:
            keep_order = LEFT_TO_RIGHT_MARK if _is_right_to_left(below) else ""
            fitted.append((fit(above), fit(below, keep_order + mark, keep_order + ending)))
        return fitted

    def _shorten(self, text, size, width):
        """Return what fits one line of a text."""
        return " ".join(fit_label(text, width / SLACK, 1, self._measure(size)))

    def _measure(self, size):
        if size not in self._measures:
            self._measures[size] = cache(lambda text: text_width(text, size, self.families))
        return self._measures[size]

    def _heading_width(self, heading):
        sizes = TITLE_SIZE, NOTE_SIZE
        return GAP + SLACK * max(self._measure(size)(text) for text, size in zip(heading, sizes, strict=True))

    def _wrap(self, text, size):
        return fit_label(text, (self.width - GAP / 2) / SLACK, 2, self._measure(size)) if text else []


def _is_right_to_left(label):
    return any(unicodedata.bidirectional(character) in ("R", "AL") for character in label)
