"""The nearest images that a classifier gets right, in feature space."""

import math

import numpy as np
from sklearn.metrics.pairwise import euclidean_distances

from skimgcls.inspection._shown_images import read_shown, take
from skimgcls.metrics._unwrap_estimator import unwrap_estimator

BATCH = 512  # images whose features are held at a time


def nearest_correct(estimator, X, y, queries, *, is_correct=None, image_shape=None):
    """Find for each query the nearest image that is classified correctly.

    Parameters
    ----------
    estimator : classifier
        Fitted.
    X : array-like (n, ...)
        Images to search, in any form that it accepts. They are read in batches.
    y : array-like (n,)
        True labels.
    queries : ndarray (m, n_features)
        Features, see `features_of`.
    is_correct : ndarray of bool (n,) or None, default=None
        Which of them are classified correctly, if that is known.
    image_shape : tuple of int or None, default=None
        As for `features_of`.

    Returns
    -------
    index : ndarray of int (m,)
        Positions in `X`; -1 where no image is correct.
    distance : ndarray of float (m,)
        Euclidean, in feature space; infinite where no image is correct.
    """
    index, distance = np.full(len(queries), -1, dtype=np.intp), np.full(len(queries), np.inf)
    for start in range(0, len(y), BATCH):
        rows = np.arange(start, min(start + BATCH, len(y)))
        correct = estimator.predict(take(X, rows.tolist())) == y[rows] if is_correct is None else is_correct[rows]
        rows = rows[correct]
        if len(rows) == 0:
            continue
        distances = euclidean_distances(queries, features_of(estimator, X, rows.tolist(), image_shape))  # (m, b)
        nearest = distances.argmin(axis=1)
        found = distances[np.arange(len(queries)), nearest]
        closer = found < distance
        index[closer], distance[closer] = rows[nearest[closer]], found[closer]
    return index, distance


def features_of(estimator, X, rows, image_shape=None):
    """Return features of some images.

    Parameters
    ----------
    estimator : classifier
        Fitted.
    X : array-like (n, ...)
        Images in any form that it accepts.
    rows : list of int
        Which.
    image_shape : tuple of int or None, default=None
        (h, w) or (h, w, c) of flat rows, for an estimator that is none of ours.

    Returns
    -------
    features : ndarray (n_rows, n_features)
        What the network inside gives to its last linear layer; pixels where there is no network of ours.
    """
    fitted = unwrap_estimator(estimator, "net_")
    if fitted is None or not hasattr(fitted, "_layout"):
        images = read_shown(X, rows, estimator=estimator, image_shape=image_shape)
        return images.reshape(len(images), math.prod(images.shape[1:])).astype(np.float64)
    from skimgcls.training import predict_features, read_dataset
    from skimgcls.utils._torch_scope import torch_scope

    images = _transform(estimator, take(X, rows))
    dataset = read_dataset(images, fitted, fitted_layout=fitted._layout, dtype=fitted.dtype)
    with torch_scope(fitted.n_jobs):
        return predict_features(fitted.net_, dataset).numpy()


def _transform(estimator, X):
    """Do what the pipelines around a network do before it."""
    pipeline = unwrap_estimator(estimator, "steps")
    while pipeline is not None:
        X = pipeline[:-1].transform(X) if len(pipeline.steps) > 1 else X
        pipeline = unwrap_estimator(pipeline.steps[-1][1], "steps")
    return X
