"""What all transformers of images share: any form goes in, and the same form comes out."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils import gen_batches
from sklearn.utils._param_validation import StrOptions
from sklearn.utils._set_output import _wrap_data_with_container
from sklearn.utils.validation import _check_feature_names, _check_feature_names_in, check_is_fitted

from skimgcls.images import ImageLayout, read_images, warn_of_other_scale
from skimgcls.images._image_paths import image_paths

_CHUNK_VALUES = 2**21  # of images worked on together: more falls out of the processor's cache


class ImageTransformer(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Base class of transformers of images.

    A subclass says in ``_shape_out`` which images it makes, and in ``_transform_images`` how, for a part of the images
    at a time; what it learns from all of them it learns in ``_learn``. Where ``_makes_rows`` is set, it makes rows.
    """

    _parameter_constraints = {
        "image_shape": ["array-like", None],
        "channels": [StrOptions({"auto", "first", "last"})],
    }
    _makes_rows = False
    _image_size = None  # what files are decoded to

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the shape of the images, and what else there is to learn.

        Parameters
        ----------
        X : array-like
            Images (n, h, w), (n, h, w, c) or (n, c, h, w), or flat rows (n, h * w * c): bytes or floats, arrays,
            tensors or lists. Or paths of image files of one size.
        y : object, default=None
            Not used.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If the input cannot be images, or a parameter does not fit to them.
        """
        size = {"image_size": self._image_size} if image_paths(X) is not None else {}
        reading = {"image_shape": self.image_shape, "channels": self.channels, "dtype": "float64", **size}
        rows, layout = read_images(X, estimator=self, **reading)
        self.output_shape_ = self._shape_out(layout.image_shape)
        self._layout = layout
        self.image_shape_ = layout.image_shape
        self.n_features_in_ = layout.n_features
        self._maximum = float(rows.max())
        self.value_range_ = _value_range(rows, self._maximum)
        _check_feature_names(self, X if _n_axes(X) == 2 else None, reset=True)
        self._learn(layout.as_images(rows))
        return self

    def transform(self, X):
        """Transform images.

        Parameters
        ----------
        X : array-like
            Images of the shape seen by ``fit``, in any form.

        Returns
        -------
        X_new : ndarray
            New images in the form of X: flat rows of rows, (n, h, w) of (n, h, w), with the channels where they were.
        """
        check_is_fitted(self)
        if hasattr(X, "columns"):
            _check_feature_names(self, X, reset=False)
        rows, layout = read_images(X, estimator=self, fitted_layout=self._layout, dtype="float64")
        warn_of_other_scale(rows, self._maximum, name=type(self).__name__, input_name="X")
        images, n_axes = layout.as_images(rows), _n_axes(X)  # (n, c, h, w)
        if n_axes == 1:  # files
            n_axes = 3 if layout.channels == 1 else 4
        new = None
        for chunk in gen_batches(len(images), max(1, _CHUNK_VALUES // layout.n_features)):
            part = self._transform_images(images[chunk].copy())  # of memory that may be read-only
            part = part if self._makes_rows else self._in_form(part, n_axes, layout.channels_first)
            new = np.empty((len(images), *part.shape[1:]), part.dtype) if new is None else new
            new[chunk] = part
        return _wrap_data_with_container("transform", new, X, self) if new.ndim == 2 else new

    def fit_transform(self, X, y=None):
        """Fit to images and transform them.

        Parameters
        ----------
        X : array-like
            Images, as for ``fit``.
        y : object, default=None
            Not used.

        Returns
        -------
        X_new : ndarray
            New images, as from ``transform``.
        """
        return self.fit(X, y).transform(X)  # scikit-learn's own would put images into a table too

    def get_feature_names_out(self, input_features=None):
        """Name the columns of what comes out as flat rows.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns that go in. None takes those seen by ``fit``.

        Returns
        -------
        names : ndarray of str
            Those that went in where the images keep their shape, else ``pixel_<row>_<column>``, with
            ``_<channel>`` behind where there are several channels.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        if self.output_shape_ == self.image_shape_:
            return names
        layout = ImageLayout(*self.output_shape_, channels_first=self._layout.channels_first)
        return np.array(_pixel_names(layout), dtype=object)

    def _shape_out(self, image_shape):
        """Return (height, width, channels) of the new images, or refuse what cannot be transformed."""
        return image_shape

    def _learn(self, images):
        """Learn from all images (n, c, h, w), which are a view that must not be written to."""

    def _transform_images(self, images):
        """Return new images (m, c', h', w'), or rows (m, d), of some images (m, c, h, w), which may be changed."""
        raise NotImplementedError(
            f"{type(self).__name__} does not say what to do with images. Define _transform_images(self, images)."
        )

    def _in_form(self, images, n_axes, channels_first):
        """Bring images (m, c, h, w) into the form that they came in."""
        if n_axes == 3:
            return images[:, 0]
        if n_axes == 2:
            channels_first = self._layout.channels_first  # of rows it is that of fit
        images = images if channels_first else images.transpose(0, 2, 3, 1)
        return images.reshape(len(images), -1) if n_axes == 2 else images

    def _range_of(self, images):
        """Return the values of black and white."""
        return (0.0, 255.0) if images.dtype == np.uint8 else self.value_range_

    @property
    def _n_features_out(self):
        height, width, channels = self.output_shape_
        return height * width * channels

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def to_height_width(size, name):
    """Return a size parameter, an integer or a pair, as (height, width)."""
    sizes = (size, size) if isinstance(size, Integral) else tuple(np.ravel(size).tolist())
    if len(sizes) != 2 or not all(isinstance(each, Integral) and each > 0 for each in sizes):
        raise ValueError(
            f"{name} must be a positive integer or (height, width) of two, in pixels. Got {size!r} instead."
        )
    return tuple(int(each) for each in sizes)


def round_to_bytes(values):
    """Round values to the nearest byte, those beyond 0 and 255 to these."""
    return np.rint(values).clip(0, 255).astype(np.uint8)


def _n_axes(X):
    if isinstance(X, (list, tuple)):
        return np.ndim(X[0]) + 1  # without a copy of all
    return X.ndim if hasattr(X, "ndim") else np.asarray(X).ndim


def _value_range(rows, maximum):
    """Black and white: 0 and 255 of bytes; of floats 0 and 1 or 255, unless the images reach beyond."""
    if rows.dtype == np.uint8:
        return (0.0, 255.0)
    white = 1.0 if maximum <= 1 else 255.0 if maximum <= 255 else maximum
    return (min(0.0, float(rows.min())), white)


def _pixel_names(layout):
    pixels = [f"pixel_{row}_{column}" for row in range(layout.height) for column in range(layout.width)]
    if layout.channels == 1:
        return pixels
    if layout.channels_first:
        return [f"{pixel}_{channel}" for channel in range(layout.channels) for pixel in pixels]
    return [f"{pixel}_{channel}" for pixel in pixels for channel in range(layout.channels)]
