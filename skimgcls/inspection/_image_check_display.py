"""What a check of images found, with the images."""

from functools import partial

import numpy as np

from skimgcls.datasets import check_images
from skimgcls.inspection._image_tiles import (
    GREY,
    INK,
    draw_heading,
    draw_image,
    draw_sections,
    start_grid,
    write_captions,
)
from skimgcls.inspection._section_grid import SectionGrid
from skimgcls.inspection._shown_images import short_names

SIDE = 96  # pixels of a tile
NO_PICTURE = "no\npicture"
PAPER = 255  # beside an image that is not square
_MOST_CLASSES = 5


class ImageCheckDisplay:
    """Examples of what :func:`~skimgcls.datasets.check_images` found, check by check.

    Duplicates stand side by side. Each group of images is headed by what was found and the parameter that handles it.

    Parameters
    ----------
    report : ImageCheck
        As `check_images` returns it.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes (n,)
        One for each image. Set by ``plot``.
    figure_ : matplotlib Figure
        What they are part of. Set by ``plot``.

    See Also
    --------
    skimgcls.datasets.check_images : Makes the report.
    ImageGridDisplay : Images of your choice.

    Examples
    --------
    >>> from skimgcls.datasets import check_images, make_images
    >>> from skimgcls.inspection import ImageCheckDisplay
    >>> X, y = make_images(60, random_state=0, return_X_y=True)
    >>> X[7], X[8] = X[5], 0
    >>> display = ImageCheckDisplay.from_report(check_images(X, y))
    >>> len(display.axes_)
    3
    """

    def __init__(self, report):
        self.report = report

    @classmethod
    def from_report(cls, report, *, ax=None):
        """Show the findings of a report.

        Parameters
        ----------
        report : ImageCheck
            As `check_images` returns it.
        ax : matplotlib Axes, default=None
            See ``plot``.

        Returns
        -------
        display : ImageCheckDisplay
        """
        return cls(report).plot(ax=ax)

    @classmethod
    def from_images(cls, X, y=None, *, X_test=None, image_shape=None, channels="auto", ax=None):
        """Check images and show the findings.

        Parameters
        ----------
        X : array-like
            Training images or their paths, as for :func:`~skimgcls.datasets.check_images`.
        y : array-like of shape (n,), default=None
            Labels.
        X_test : array-like, default=None
            Test images or their paths.
        image_shape : tuple of int, default=None
            (h, w) or (h, w, c) of flat rows. None means a square.
        channels : {"auto", "first", "last"}, default="auto"
            Where the channel axis of arrays stands.
        ax : matplotlib Axes, default=None
            See ``plot``.

        Returns
        -------
        display : ImageCheckDisplay

        Raises
        ------
        ValueError
            If there are no images, or `y` has another length than `X`.
        """
        return cls(check_images(X, y, X_test=X_test, image_shape=image_shape, channels=channels)).plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw the examples, one check below the other.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; the examples fill it. None makes a new figure of the size that they need.

        Returns
        -------
        self : ImageCheckDisplay
            With ``axes_`` and ``figure_``.
        """
        rows = sorted(self.report.examples)
        grid, ax = start_grid(self._make_grid(rows), ax)
        self.figure_ = ax.figure.figure  # also from within a subfigure
        self.axes_ = np.array([ax.inset_axes(grid.place(index)) for index in range(len(rows))], dtype=object)
        for row, tile, captions, name in zip(rows, self.axes_, grid.captions, grid.names, strict=True):
            draw_image(tile, _square(self.report.examples[row]))
            if self.report.examples[row] is None:
                tile.text(
                    0.5, 0.5, NO_PICTURE, ha="center", va="center", color=GREY, fontsize=7, transform=tile.transAxes
                )
            write_captions(tile, grid, *captions, INK, name)
        draw_sections(ax, grid)
        draw_heading(ax, grid)
        return self

    def _make_grid(self, rows):
        frame, report = self.report.frame, self.report
        shown = frame.loc[rows]
        checks = shown["check"].unique().tolist()
        sections = [(report.describe(check), shown[shown["check"] == check]["remedy"].iloc[0]) for check in checks]
        counts = [int((shown["check"] == check).sum()) for check in checks]
        names = short_names([report.name_of(row) for row in frame.index], rows)
        captions = [("", "", _caption(row), "") for row in shown.itertuples()]
        heading = (report.title, _describe_rest(frame))
        return partial(SectionGrid, (SIDE, SIDE), sections, counts, captions, heading, n_across=1, names=names)


def _square(image):
    """An image in the middle of a square, small ones enlarged by a whole number; grey where there is none."""
    tile = np.full((SIDE, SIDE, 3), PAPER, np.uint8)
    if image is None:
        return np.full_like(tile, 235)
    factor = max(SIDE // max(image.shape[:2]), 1)
    image = image.repeat(factor, axis=0).repeat(factor, axis=1)  # (h, w, 3)
    top, left = (SIDE - image.shape[0]) // 2, (SIDE - image.shape[1]) // 2
    tile[top : top + image.shape[0], left : left + image.shape[1]] = image
    return tile


def _caption(row):
    """What sets this image apart from the others of its check, in a few words."""
    if row.check == "in train and test":
        return row.part
    if row.check in ("wrong extension", "odd mode", "odd size"):
        return row.detail.partition(";")[0]
    if row.label is None:
        return row.part if row.part == "test" else ""
    return str(row.label)


def _describe_rest(frame):
    """The findings about the whole data set, which have no images."""
    sizes = frame[frame["check"] == "mixed sizes"]["detail"].tolist()
    rare = frame[frame["check"] == "rare class"]
    names = [f"{row.label} ({row.detail.partition(' ')[0]})" for row in rare.itertuples()]
    more = [f"and {len(names) - _MOST_CLASSES} more"] * (len(names) > _MOST_CLASSES)
    classes = [f"Few images: {', '.join(names[:_MOST_CLASSES] + more)}"] if names else []
    return ". ".join([*(text.partition(";")[0] for text in sizes), *classes])
