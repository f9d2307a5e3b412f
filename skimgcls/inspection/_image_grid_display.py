"""A grid of images with what they are."""

from functools import partial
from numbers import Integral

import numpy as np
from sklearn.utils import check_consistent_length, check_scalar, column_or_1d

from skimgcls.images import as_displayable
from skimgcls.inspection._image_grid import ImageGrid, choose_columns
from skimgcls.inspection._image_tiles import GREY, draw_heading, draw_image, draw_sections, start_grid, write_captions
from skimgcls.inspection._section_grid import SectionGrid
from skimgcls.inspection._shown_images import read_shown

N_IMAGES = 15


class ImageGridDisplay:
    """Images with captions, one beside the other or class by class.

    Parameters
    ----------
    images : ndarray of uint8, (n, h, w) or (n, h, w, 3 or 4)
        Grey or colour images.
    labels : array-like (n,), default=None
        Label of each, written above it.
    captions : list of str, default=None
        Text below each.
    by_class : bool, default=False
        Whether images of one label stand together, with the label once above them. They must be sorted by label then.
    title : str, default=None
        Words above the grid.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes (n,)
        One for each image. Set by ``plot``.
    figure_ : matplotlib Figure
        What they are part of. Set by ``plot``.

    See Also
    --------
    ClassifiedImagesDisplay : Images with their predictions.
    AugmentationDisplay : Images with what an augmentation makes of them.

    Examples
    --------
    >>> from skimgcls.datasets import load_digit_images
    >>> from skimgcls.inspection import ImageGridDisplay
    >>> X, y = load_digit_images(return_X_y=True)
    >>> display = ImageGridDisplay.from_images(X, y, per_class=4)
    >>> len(display.axes_), display.labels[:5]
    (40, array([0, 0, 0, 0, 1]))
    """

    def __init__(self, images, *, labels=None, captions=None, by_class=False, title=None):
        self.images = images
        self.labels = labels
        self.captions = captions
        self.by_class = by_class
        self.title = title

    @classmethod
    def from_images(
        cls,
        X,
        y=None,
        *,
        n_images=None,
        per_class=None,
        captions=None,
        title=None,
        image_shape=None,
        channels="auto",
        n_columns=None,
        ax=None,
    ):
        """Show the first images, or the first of each class.

        Parameters
        ----------
        X : array-like
            Images (n, h, w), (n, h, w, c) or (n, c, h, w), or flat rows (n, h * w * c), of any real dtype. Or paths of
            image files, which are cut to squares, of 128 pixels unless `image_shape` is given.
        y : array-like of shape (n,), default=None
            Labels, written above the images.
        n_images : int, default=None
            Most images shown. None means 15, and with `per_class` no limit.
        per_class : int, default=None
            Most images of each class; they stand together, the classes in sorted order. None shows images in the order
            of `X`.
        captions : array-like of shape (n,), default=None
            Texts below the images.
        title : str, default=None
            Words above the grid.
        image_shape : tuple of int, default=None
            (h, w) or (h, w, c) of flat rows. None means a square.
        channels : {"auto", "first", "last"}, default="auto"
            Where the channel axis stands.
        n_columns : int, default=None
            See ``plot``.
        ax : matplotlib Axes, default=None
            See ``plot``.

        Returns
        -------
        display : ImageGridDisplay

        Raises
        ------
        ValueError
            If `X` holds no images, `y` or `captions` have another length, `per_class` comes without `y`, or there is
            nothing to show.
        """
        check_consistent_length(X, y, captions)
        y = None if y is None else column_or_1d(y)
        rows = _choose_rows(len(X), y, n_images, per_class)
        form = {"image_shape": image_shape, "channels": channels}
        display = cls(
            as_displayable(read_shown(X, rows, **form), channels="first"),
            labels=None if y is None else y[rows],
            captions=None if captions is None else [str(text) for text in np.asarray(captions, dtype=object)[rows]],
            by_class=per_class is not None,
            title=title,
        )
        return display.plot(ax=ax, n_columns=n_columns)

    def plot(self, *, ax=None, n_columns=None):
        """Draw the grid.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; the grid fills it. None makes a new figure of the size that the grid needs.
        n_columns : int, default=None
            Images, or classes, in a row. None makes the grid a little wider than high.

        Returns
        -------
        self : ImageGridDisplay
            With ``axes_`` and ``figure_``.
        """
        grid, ax = start_grid(self._make_grid(n_columns), ax)
        self.figure_ = ax.figure.figure  # also from within a subfigure
        self.axes_ = np.array([ax.inset_axes(grid.place(index)) for index in range(len(self.images))], dtype=object)
        for tile, image, caption in zip(self.axes_, self.images, grid.captions, strict=True):
            draw_image(tile, image, is_stretched=grid.is_stretched)
            write_captions(tile, grid, *caption, GREY)
        if self.by_class:
            draw_sections(ax, grid)
        draw_heading(ax, grid)
        return self

    def _make_grid(self, n_columns):
        size, heading = self.images.shape[1:3], (self.title or "", "")
        below = [""] * len(self.images) if self.captions is None else [str(text) for text in self.captions]
        if not self.by_class:
            above = [""] * len(self.images) if self.labels is None else [str(label) for label in self.labels]
            captions = [(label, "", text, "") for label, text in zip(above, below, strict=True)]
            return partial(ImageGrid, size, captions, n_columns or choose_columns(len(captions)), heading)
        names, counts = _count_runs(self.labels)
        sections, captions = [(str(name), "") for name in names], [("", "", text, "") for text in below]
        return partial(SectionGrid, size, sections, counts, captions, heading, n_columns)


def _choose_rows(n, y, n_images, per_class):
    if per_class is not None and y is None:
        raise ValueError(f"per_class={per_class} needs to know the classes. Pass the labels as y.")
    for parameter, number in (("n_images", n_images), ("per_class", per_class)):
        if number is not None:
            check_scalar(number, parameter, Integral, min_val=1)
    if per_class is None:
        rows = np.arange(n)[: N_IMAGES if n_images is None else n_images]
    else:
        rows = np.concatenate([np.flatnonzero(y == label)[:per_class] for label in np.unique(y)])[:n_images]
    if len(rows) == 0:
        raise ValueError(
            f"There is nothing to show of {n} images with n_images={n_images} and per_class={per_class}. Ask for at "
            "least one image."
        )
    return rows.tolist()


def _count_runs(labels):
    """Labels in their order, and how many images in a row have each."""
    labels = np.asarray(labels)
    starts = np.flatnonzero(np.r_[True, labels[1:] != labels[:-1]])
    return labels[starts], np.diff(np.r_[starts, len(labels)]).tolist()
