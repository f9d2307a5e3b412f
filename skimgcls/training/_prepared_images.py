"""Images that are read and put on a device once, for many fits."""

import threading
import weakref

import numpy as np
from sklearn.utils import _safe_indexing

from skimgcls.images import check_image_shape, read_images, warn_of_other_scale
from skimgcls.training._image_dataset import ImageDataset


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
        key = (dtype, fitted_layout or (check_image_shape(image_shape), channels))
        with self._lock:
            if key not in self._datasets:
                reading = {"fitted_layout": fitted_layout, "image_shape": image_shape, "channels": channels}
                dataset = self._read(estimator, dtype=dtype, **reading)
                self._datasets[key] = self._datasets.setdefault((dtype, dataset.layout), dataset)
            return self._datasets[key]

    def _read(self, estimator, **reading):
        return ImageDataset.from_arrays(*read_images(self.X, estimator=estimator, **reading))

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
    """Return what knows the names of the columns: what the user gave, in the place of prepared images."""
    return X.named if isinstance(X, PreparedImages) else X


def read_dataset(X, estimator, *, fitted_maximum=None, input_name="X", **reading):
    """Read images in any form into an `ImageDataset` without labels.

    Parameters
    ----------
    X : array-like or PreparedImages
    estimator : estimator
        Named in errors.
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
    rows, layout = read_images(X, estimator=estimator, input_name=input_name, **reading)
    if fitted_maximum is not None:
        warn_of_other_scale(rows, fitted_maximum, name=type(estimator).__name__, input_name=input_name)
    return ImageDataset.from_arrays(rows, layout)
