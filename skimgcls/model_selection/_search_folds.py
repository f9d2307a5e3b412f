"""The folds of a search: images read once, transformers fitted once, for all candidates."""

import functools
import threading

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _check_method_params

from skimgcls.training import PreparedImages
from skimgcls.training._hash_data import hash_data
from skimgcls.utils._is_same import is_same
from skimgcls.utils._stable_hash import stable_hash

_HEADS_KEPT = 4  # in each fold, with images of their own: a search over a transformer's parameters has ever new ones


class SearchFold:
    """One division of the data, with everything that candidates share on it.

    Parameters
    ----------
    images : PreparedImages
        All images of the search.
    y : array-like (n,)
        All labels.
    train, test : ndarray of int
        Rows.
    fit_params, score_params : dict
        For ``fit`` and for the scorer, whole; what has a value for each image is divided like them.
    """

    def __init__(self, images, y, train, test, fit_params, score_params):
        self.X_train, self.X_test = images[train], images[test]
        self.y_train, self.y_test = _safe_indexing(y, train), _safe_indexing(y, test)
        self.fit_params = _check_method_params(images, fit_params, indices=train)
        self.train_score_params = _check_method_params(images, score_params, indices=train)
        self.test_score_params = _check_method_params(images, score_params, indices=test)
        self._heads = []
        self._lock = threading.Lock()

    @functools.cached_property
    def identity(self):
        """Hash of everything that results on this fold depend on."""
        return stable_hash(
            [
                hash_data(self.X_train.unread(), self.y_train, **self.fit_params),
                hash_data(self.X_test.unread(), self.y_test, **self.test_score_params),
                self.train_score_params,
            ]
        )

    def transformed(self, pipeline, params):
        """Fit the transformers before a network and transform the images, or take those of an equal candidate.

        Parameters
        ----------
        pipeline : Pipeline
            Of at least two steps.
        params : dict
            Of ``fit`` of the transformers.

        Returns
        -------
        head : Pipeline
            The transformers, fitted.
        X_train, X_test : PreparedImages
        """
        settings = _settings(pipeline[:-1])
        with self._lock:
            known = [number for number, (each, _) in enumerate(self._heads) if is_same(each, settings)]
            result = self._heads.pop(known[0])[1] if known else self._transform(clone(pipeline[:-1]), params)
            self._heads.append((settings, result))  # the last one used stands last
            del self._heads[:-_HEADS_KEPT]
            return result

    def _transform(self, head, params):
        X_train = head.fit_transform(self.X_train.unread(), self.y_train, **params)
        return head, PreparedImages(X_train), PreparedImages(head.transform(self.X_test.unread()))


def search_folds(X, y, cv, *, split_params, fit_params, score_params):
    """Divide the data of a search.

    Parameters
    ----------
    X, y : array-like (n, ...)
    cv : splitter
    split_params, fit_params, score_params : dict
        For ``split``, ``fit`` and the scorer.

    Returns
    -------
    list of SearchFold
    """
    images = PreparedImages(X)
    splits = cv.split(X, y, **split_params)
    return [
        SearchFold(images, y, np.asarray(train), np.asarray(test), fit_params, score_params) for train, test in splits
    ]


def _settings(head: Pipeline):
    # steps by their classes: two copies of a transformer are equal if their parameters are
    params = head.get_params(deep=True)
    params.pop("steps")
    return {name: type(value) if hasattr(value, "get_params") else value for name, value in params.items()}
