"""Images that are read and put on a device once, for many fits."""

import threading
import weakref

import numpy as np
import torch
from sklearn.utils import _safe_indexing

from skimgcls.images import check_image_shape, read_images, warn_of_other_scale
from skimgcls.images._image_paths import image_paths
from skimgcls.images._read_image_files import read_image_files
from skimgcls.training._file_settings import file_settings
from skimgcls.training._image_dataset import ImageDataset, tensor_view
from skimgcls.training._streamed_rows import StreamedRows

_SAMPLE = 64  # files whose scale is looked at: of bytes it can only be wrong as a whole


class PreparedImages:
    """Images that are checked, laid out and put on a device once, for any number of fits and predictions.

    A search hands it to our estimators in the place of X. Indexed by the rows of a fold it gives a view: folds copy no
    image, and each remembers its scaling. It lives as long as the search, which must not change X meanwhile; nothing
    is kept by the identity of an array.

    Parameters
    ----------
    X : array-like
        Images in any form that the estimators take.
    """

    def __init__(self, X):
        self.X = X
        self.shape = X.shape if hasattr(X, "shape") else (len(X),)
        self._datasets, self._lock = {}, threading.Lock()
        self._views = weakref.WeakValueDictionary()  # weak: the views hold this, and a circle would outlive the search

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, key):
        rows = key[0] if isinstance(key, tuple) else key  # scikit-learn asks for [rows, ...]
        return self._view(np.arange(len(self))[rows])

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.unread(), dtype=dtype)

    @property
    def named(self):
        """What knows the names of the columns: all images, as the user gave them."""
        return self.X

    def unread(self):
        """Return the images as the user gave them, for code that is not ours."""
        return self.X

    def dataset(self, estimator, *, dtype, fitted_layout=None, image_shape=None, channels="auto"):
        """Read the images, unless that was done before with the same settings.

        Parameters
        ----------
        estimator, dtype, fitted_layout, image_shape, channels
            As for `read_images`.

        Returns
        -------
        ImageDataset
            Without labels.
        """
        key = (dtype, fitted_layout or (check_image_shape(image_shape), channels, *file_settings(estimator)))
        with self._lock:
            if key not in self._datasets:
                reading = {"fitted_layout": fitted_layout, "image_shape": image_shape, "channels": channels}
                dataset = self._read(estimator, dtype=dtype, **reading)
                self._datasets[key] = self._datasets.setdefault((dtype, dataset.layout), dataset)
            return self._datasets[key]

    def _read(self, estimator, **reading):
        return read_dataset(self.X, estimator, **reading)

    def _view(self, rows):
        key = rows.tobytes()
        view = self._views.get(key)
        if view is None:
            view = self._views[key] = _View(self, rows)
        return view


class _View(PreparedImages):
    """Some of the images of another."""

    def __init__(self, whole, index):
        self.shape = (len(index), *whole.shape[1:])
        self._whole, self._index = whole, index
        self._datasets, self._lock = {}, threading.Lock()

    @property
    def named(self):
        return self._whole.X

    def unread(self):
        return _safe_indexing(self._whole.X, self._index)

    def _read(self, estimator, **reading):
        return self._whole.dataset(estimator, **reading).subset(self._index)

    def _view(self, rows):
        return self._whole._view(self._index[rows])


def with_column_names(X):
    """Return what knows the names of the columns of pixels: what the user gave, in the place of prepared images."""
    X = X.named if isinstance(X, PreparedImages) else X
    return None if hasattr(X, "columns") and image_paths(X) is not None else X


def read_dataset(X, estimator, *, fitted_maximum=None, input_name="X", **reading):
    """Read images in any form into an `ImageDataset` without labels.

    Parameters
    ----------
    X : array-like or PreparedImages
        Images, or paths of image files.
    estimator : estimator
        Named in errors; its ``image_size``, ``color_mode`` and ``cache`` say how files are read.
    fitted_maximum : float or None
        Largest value seen by fit: images of another scale are warned of, except in a search, which has one scale.
    input_name : str
        What errors call the images.
    **reading : dict
        Further parameters of `read_images`.

    Returns
    -------
    ImageDataset
    """
    if isinstance(X, PreparedImages):
        return X.dataset(estimator, **reading)
    image_size, color_mode, cache, checks_arrays = file_settings(estimator)
    paths = image_paths(X, input_name=input_name)
    if paths is None:
        wanted = {"image_size": image_size, "color_mode": color_mode} if checks_arrays else {}
        rows, layout = read_images(X, estimator=estimator, input_name=input_name, **reading, **wanted)
        dataset = ImageDataset.from_arrays(rows, layout)
    else:
        settings = {"image_size": image_size, "color_mode": color_mode, "cache": cache}
        dataset = _read_files(paths, estimator, input_name, settings, **reading)
        rows = dataset.slice(0, min(_SAMPLE, len(dataset)))[0].numpy()
    if fitted_maximum is not None:
        warn_of_other_scale(rows, fitted_maximum, name=type(estimator).__name__, input_name=input_name)
    return dataset


def _read_files(paths, estimator, input_name, settings, *, fitted_layout=None, image_shape=None, **_):
    name = type(estimator).__name__
    files = read_image_files(paths, input_name=input_name, name=name, fitted_layout=fitted_layout, **settings)
    image_shape = check_image_shape(image_shape)
    if fitted_layout is None and image_shape not in (None, files.layout.image_shape):
        raise ValueError(
            f"{input_name} holds image files that decode to (height, width, channels) = {files.layout.image_shape}, "
            f"but image_shape={image_shape} was asked for. Leave it out: image_size and color_mode say what that is."
        )
    if files.rows is None:
        return ImageDataset(StreamedRows(files.read, files.n_files, files.layout.n_features), files.layout)
    index = None if files.index is None else torch.from_numpy(files.index)
    return ImageDataset(tensor_view(files.rows), files.layout, index=index)
