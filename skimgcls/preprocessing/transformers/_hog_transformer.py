"""Histograms of oriented gradients: the classical features of images."""

import math
from numbers import Integral

import numpy as np
import torch
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from skimgcls.preprocessing.transformers._image_transformer import ImageTransformer, to_height_width

_EPSILON = 1e-5  # scikit-image's
_ROUNDING = 1e-5  # less than any angle between two gradients of bytes
_CLIP = 0.2  # Lowe's, and Dalal and Triggs'


class HOGTransformer(ImageTransformer):
    """Describe images by histograms of oriented gradients (HOG) [1]_.

    In cells of a few pixels, the directions in which values change are counted, weighted by how much they change;
    blocks of neighbouring cells are normalized together (L2-Hys), so that light and contrast matter little. With a
    support vector machine behind it, this was the standard before convolutional networks and is a baseline still.

    The numbers are those of ``skimage.feature.hog``, in a fraction of the time, as many images are computed together:
    of several channels, each pixel takes the strongest gradient; bytes and float32 give float32, float64 gives float64.

    Parameters
    ----------
    orientations : int, default=9
        Directions between 0 and 180 degrees that are told apart; the default is the paper's.
    pixels_per_cell : int or (int, int), default=8
        Height and width of a cell. The paper's 8 suits photographs of 64 pixels and more; 4 suits 28 x 28.
    cells_per_block : int or (int, int), default=2
        Cells that are normalized together, down and across; the default is the paper's.
    image_shape : tuple of int or None, default=None
        (height, width) or (height, width, channels) of flat rows; square greyscale rows need none.
    channels : {"auto", "first", "last"}, default="auto"
        Where the channel axis of 4-D input stands. "auto" takes the axis of size 1, 3 or 4 and raises where both fit.

    Attributes
    ----------
    n_blocks_ : tuple of int
        Blocks down and across.
    image_shape_ : tuple of int
        (height, width, channels) of the images seen by fit.
    output_shape_ : tuple of int
        (1, number of features, 1).
    value_range_ : tuple of float
        Black and white: 0 and 255 of bytes; of floats 0 and 1, or 255 where they reach beyond 1.
    n_features_in_ : int
        height * width * channels.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, when ``X`` was a DataFrame with string columns.

    References
    ----------
    .. [1] Dalal, Triggs, "Histograms of oriented gradients for human detection", CVPR 2005.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.svm import SVC
    >>> from skimgcls.datasets import load_digit_images
    >>> from skimgcls.preprocessing import HOGTransformer
    >>> X, y = load_digit_images(return_X_y=True)
    >>> clf = make_pipeline(HOGTransformer(pixels_per_cell=2), SVC()).fit(X[:1000], y[:1000])
    >>> bool(clf.score(X[1000:], y[1000:]) > 0.9)
    True
    """

    _parameter_constraints = {
        **ImageTransformer._parameter_constraints,
        "orientations": [Interval(Integral, 1, None, closed="left")],
        "pixels_per_cell": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "cells_per_block": [Interval(Integral, 1, None, closed="left"), "array-like"],
    }
    _makes_rows = True

    def __init__(self, orientations=9, *, pixels_per_cell=8, cells_per_block=2, image_shape=None, channels="auto"):
        self.orientations = orientations
        self.pixels_per_cell = pixels_per_cell
        self.cells_per_block = cells_per_block
        self.image_shape = image_shape
        self.channels = channels

    def get_feature_names_out(self, input_features=None):
        """Name the features.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Checked against the names seen by ``fit``, and not used.

        Returns
        -------
        names : ndarray of str
            ``hog_<row and column of the block>_<row and column of the cell in it>_<degrees>``; degrees are where the
            range of a direction begins.
        """
        check_is_fitted(self)
        _check_feature_names_in(self, input_features)
        block, degrees = self._block(), [180 * each / self.orientations for each in range(self.orientations)]
        shape = (*self.n_blocks_, *block)
        return np.array(
            [f"hog_{i}_{j}_{r}_{c}_{d:g}" for i, j, r, c in np.ndindex(*shape) for d in degrees], dtype=object
        )

    def _shape_out(self, image_shape):
        cell, block = self._cell(), self._block()
        n_cells = [side // each for side, each in zip(image_shape[:2], cell, strict=True)]
        n_blocks = [cells - each + 1 for cells, each in zip(n_cells, block, strict=True)]
        if min(n_blocks) < 1:
            raise ValueError(
                f"Images of {image_shape[0]} x {image_shape[1]} pixels hold {n_cells[0]} x {n_cells[1]} cells of "
                f"pixels_per_cell={self.pixels_per_cell!r}, but a block takes {block[0]} x {block[1]}. Lower "
                "pixels_per_cell or cells_per_block, or enlarge the images with ImageResizer."
            )
        self.n_blocks_ = tuple(n_blocks)
        return (1, math.prod([*n_blocks, *block, self.orientations]), 1)

    def _cell(self):
        return to_height_width(self.pixels_per_cell, "pixels_per_cell")

    def _block(self):
        return to_height_width(self.cells_per_block, "cells_per_block")

    def _transform_images(self, images):
        images = torch.from_numpy(images)
        images = images.float() if images.dtype == torch.uint8 else images
        magnitude, direction = _strongest_gradients(images)
        cells = self._cell_histograms(magnitude, direction)
        return _normalize(cells, self._block()).numpy()

    def _cell_histograms(self, magnitude, direction):
        """Sum magnitudes (m, h, w) by direction over cells: (m, orientations, cells down, cells across)."""
        height, width = self._cell()
        rows, columns = magnitude.shape[1] // height, magnitude.shape[2] // width
        # a direction that is a bound, up to rounding, begins a bin, and 180 degrees are 0
        bins = (direction * (self.orientations / math.pi) + _ROUNDING).long() % self.orientations
        row = torch.arange(rows * height) // height
        column = torch.arange(columns * width) // width
        cell = row[:, None] * columns + column  # (h, w), without the rest at the border
        n_bins = self.orientations * rows * columns
        bins = bins[:, : rows * height, : columns * width] * (rows * columns) + cell
        sums = magnitude.new_zeros(len(magnitude), n_bins)
        sums.scatter_add_(1, bins.flatten(1), magnitude[:, : rows * height, : columns * width].flatten(1))
        return sums.view(-1, self.orientations, rows, columns) / (height * width)


def _strongest_gradients(images):
    """Length and direction in [0, pi) of the gradient (m, h, w) of images (m, c, h, w), of its strongest channel."""
    down, across = torch.zeros_like(images), torch.zeros_like(images)
    down[:, :, 1:-1] = images[:, :, 2:] - images[:, :, :-2]
    across[..., 1:-1] = images[..., 2:] - images[..., :-2]
    if images.shape[1] > 1:
        strongest = torch.hypot(down, across).argmax(1, keepdim=True)
        down, across = down.gather(1, strongest), across.gather(1, strongest)
    down, across = down[:, 0], across[:, 0]
    return torch.hypot(down, across), torch.atan2(down, across).remainder(math.pi)


def _normalize(cells, block):
    """Normalize blocks of neighbouring cells (m, o, rows, columns) and give them as rows (m, features)."""
    blocks = cells.unfold(2, block[0], 1).unfold(3, block[1], 1)  # (m, o, blocks down, across, cells down, across)
    blocks = blocks.permute(0, 2, 3, 4, 5, 1).flatten(3)  # (m, blocks down, across, features of a block)
    for largest in (_CLIP, math.inf):
        blocks = blocks / (blocks.square().sum(3, keepdim=True) + _EPSILON**2).sqrt()
        blocks = blocks.clamp_max(largest)
    return blocks.flatten(1)
