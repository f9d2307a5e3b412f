"""Images beside what an augmentation makes of them."""

import math
from functools import partial
from itertools import chain

import numpy as np

from skimgcls.images._displayable import as_displayable
from skimgcls.images._read_images import read_images
from skimgcls.inspection._image_grid import GREATEST_RATIO, LEAST_RATIO, LINE, NOTE_SIZE, PAD, TITLE_SIZE
from skimgcls.inspection._image_tiles import draw_heading, draw_image, start_grid
from skimgcls.metrics._fit_label import fit_label
from skimgcls.metrics._text import font_families, text_width
from skimgcls.utils._random import draw_seed, make_generator

NOTE = "left of the line: images as they are; right: random draws"
TILE, GAP, GAP_OF_LINE, MARGIN = 68.0, 8.0, 24.0, 8.0  # points
LEAST_TILE, LEAST_WIDTH = 4.0, 300.0  # points; the latter for a heading over few images
LINE_COLOUR = "0.7"


class AugmentationDisplay:
    """Images, one in a row, each with what an augmentation makes of it in several draws.

    Parameters
    ----------
    images : ndarray of uint8, (n, h, w) or (n, h, w, 3 or 4)
        Grey or colour images as they are.
    augmented : ndarray of uint8, (n, n_views, h, w) or (n, n_views, h, w, 3 or 4)
        Draws of each.
    title : str, default=None
        Words above the grid.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes (n, 1 + n_views)
        One for each image and draw. Set by ``plot``.
    figure_ : matplotlib Figure
        What they are part of. Set by ``plot``.

    See Also
    --------
    skimgcls.preprocessing.make_augmentation : What can be shown.

    Examples
    --------
    >>> from skimgcls.datasets import load_digit_images
    >>> from skimgcls.inspection import AugmentationDisplay
    >>> X, _ = load_digit_images(return_X_y=True)
    >>> display = AugmentationDisplay.from_images(X, "light", n_images=2, n_views=5, random_state=0)
    >>> display.axes_.shape, display.augmented.shape
    ((2, 6), (2, 5, 8, 8))
    """

    def __init__(self, images, augmented, *, title=None):
        self.images = images
        self.augmented = augmented
        self.title = title

    @classmethod
    def from_images(
        cls,
        X,
        augment="standard",
        *,
        n_images=4,
        n_views=7,
        random_state=None,
        image_shape=None,
        channels="auto",
        ax=None,
    ):
        """Augment some images and show them.

        Parameters
        ----------
        X : array-like
            Images (n, h, w), (n, h, w, c) or (n, c, h, w), or flat rows (n, h * w * c), of any real dtype. The first
            `n_images` are shown.
        augment : {"light", "standard", "strong"}, Augmentation, callable or list of these, default="standard"
            What is done to them, as for :func:`~skimgcls.preprocessing.make_augmentation`. The images that are shown
            are one batch: those of a mixture are all to be seen.
        n_images : int, default=4
            Rows.
        n_views : int, default=7
            Draws of each image.
        random_state : int, RandomState instance or None, default=None
            Seed of the draws.
        image_shape : tuple of int, default=None
            (h, w) or (h, w, c) of flat rows. None means a square.
        channels : {"auto", "first", "last"}, default="auto"
            Where the channel axis stands.
        ax : matplotlib Axes, default=None
            See ``plot``.

        Returns
        -------
        display : AugmentationDisplay

        Raises
        ------
        ValueError
            If `X` holds no images, `augment` is None or unknown, or changes the size of images, or there is nothing to
            show.
        """
        from skimgcls.preprocessing import make_augmentation

        augmentation = make_augmentation(augment)
        if augmentation is None or n_images < 1 or n_views < 1:
            raise ValueError(
                f"There is nothing to show of augment={augment!r}, n_images={n_images} and n_views={n_views}. Name an "
                "augmentation, such as 'standard', and at least one image and one view."
            )
        rows, layout = read_images(
            X.iloc[:n_images] if hasattr(X, "iloc") else X[:n_images],
            estimator=cls.__name__,
            image_shape=image_shape,
            channels=channels,
        )
        images = layout.as_images(rows)  # (n, c, h, w)
        draws = _draw(augmentation, images, n_views, draw_seed(random_state))
        # one scale for all of them, that of the images: a brighter draw must not make the original darker
        together = np.concatenate([images[:, None], np.clip(draws, images.min(), images.max())], axis=1)
        shown = as_displayable(together.reshape(-1, *images.shape[1:]), channels="first")
        shown = shown.reshape(len(images), 1 + n_views, *shown.shape[1:])
        title = _describe(augmentation)
        title = f"{augment}: {title}" if isinstance(augment, str) else title
        return cls(shown[:, 0], shown[:, 1:], title=title).plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw the grid.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; the grid fills it. None makes a new figure of the size that the grid needs.

        Returns
        -------
        self : AugmentationDisplay
            With ``axes_`` and ``figure_``.
        """
        shape = len(self.images), 1 + self.augmented.shape[1]
        form = (self.images.shape[1:3], shape, (self.title or "", NOTE))
        grid, ax = start_grid(partial(_DrawGrid, *form), ax)
        self.figure_ = ax.figure.figure  # also from within a subfigure
        tiles = [ax.inset_axes(grid.place(index)) for index in range(math.prod(shape))]
        self.axes_ = np.array(tiles, dtype=object).reshape(shape)
        images = chain.from_iterable((image, *draws) for image, draws in zip(self.images, self.augmented, strict=True))
        for tile, image in zip(tiles, images, strict=True):
            draw_image(tile, image, is_stretched=grid.is_stretched)
        line = {"color": LINE_COLOUR, "lw": 1.0, "transform": ax.transAxes, "clip_on": False, "scalex": False}
        ax.plot(*grid.place_line(), scaley=False, **line)
        draw_heading(ax, grid)
        return self


def _draw(augmentation, images, n_views, seed):
    """Augment images (n, c, h, w) several times: (n, n_views, c, h, w)."""
    import torch

    generator = make_generator(seed, "augment")
    batch = torch.from_numpy(images)
    draws = [augmentation(batch, generator=generator) for _ in range(n_views)]
    if draws[0].shape != batch.shape:
        raise ValueError(
            f"The augmentation makes images of shape {tuple(draws[0].shape[1:])} (channels, height, width) of "
            f"{tuple(batch.shape[1:])}. Only images of one size can be shown side by side."
        )
    return torch.stack(draws, dim=1).detach().float().numpy()


def _describe(augmentation):
    """Name the parts of an augmentation, with those parameters that are not the default."""
    from skimgcls.preprocessing import Compose, FunctionAugmentation

    if isinstance(augmentation, Compose):
        return ", ".join(_describe(part) for part in augmentation.augmentations if part is not None)
    if isinstance(augmentation, FunctionAugmentation):
        return getattr(augmentation.function, "__name__", type(augmentation.function).__name__)
    return " ".join(repr(augmentation).split()).removesuffix("()")


class _DrawGrid:
    """Where images, a line behind the first of each row and a heading stand, in points."""

    margin = MARGIN

    def __init__(self, image_size, shape, heading, size=None):
        self.n_rows, self.n_columns = shape
        self.is_stretched = not LEAST_RATIO <= image_size[0] / image_size[1] <= GREATEST_RATIO
        ratio = min(max(image_size[0] / image_size[1], LEAST_RATIO), GREATEST_RATIO)
        across = (self.n_columns - 2) * GAP + GAP_OF_LINE + 2 * MARGIN
        down = (self.n_rows - 1) * GAP + MARGIN
        self.families = font_families("".join(heading))
        needed = self.n_columns * TILE + across
        self.width = max(needed, min(self._heading_width(heading), LEAST_WIDTH)) if size is None else size[0]
        self.heading = [self._wrap(text, font) for text, font in zip(heading, (TITLE_SIZE, NOTE_SIZE), strict=True)]
        self.top = PAD + LINE * (TITLE_SIZE * len(self.heading[0]) + NOTE_SIZE * len(self.heading[1])) + MARGIN
        self.tile_width = TILE
        if size is not None:
            wide, high = (size[0] - across) / self.n_columns, (size[1] - self.top - down) / self.n_rows / ratio
            self.tile_width = max(min(wide, high), LEAST_TILE)
        self.tile_height = self.tile_width * ratio
        self.height = self.top + self.n_rows * self.tile_height + down if size is None else size[1]

    def place(self, index):
        """Left, bottom, width and height of an image, in fractions of the whole."""
        row, column = divmod(index, self.n_columns)
        left = MARGIN + column * (self.tile_width + GAP) + (column > 0) * (GAP_OF_LINE - GAP)
        bottom = self.top + (row + 1) * self.tile_height + row * GAP
        size = self.tile_width / self.width, self.tile_height / self.height
        return (left / self.width, 1 - bottom / self.height, *size)

    def place_line(self):
        """X and y of the ends of the line, in fractions of the whole."""
        x = (MARGIN + self.tile_width + GAP_OF_LINE / 2) / self.width
        _, bottom, _, height = self.place(0)
        return [x, x], [bottom + height, self.place((self.n_rows - 1) * self.n_columns)[1]]

    def _heading_width(self, heading):
        widths = (
            text_width(text, size, self.families) for text, size in zip(heading, (TITLE_SIZE, NOTE_SIZE), strict=True)
        )
        return 2 * MARGIN + max(widths)

    def _wrap(self, text, size):
        if not text:
            return []
        return fit_label(text, self.width - 2 * MARGIN, 2, lambda part: text_width(part, size, self.families))
