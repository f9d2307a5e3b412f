"""How well probabilities rank the images of a class before all others."""

import numpy as np


def class_rankings(scores, is_class, weights):
    """Compute the area under the ROC curve and the average precision of one class against the rest.

    Parameters
    ----------
    scores : ndarray (n,)
        Probability of the class. Images of equal probability are taken together, as scikit-learn does.
    is_class : ndarray of bool (n,)
        Which images are of the class.
    weights : ndarray of int32 (n_samples, n)
        How often each image counts, in each of several samples.

    Returns
    -------
    auc : ndarray (n_samples,)
        NaN where all images are of the class, or none.
    average_precision : ndarray (n_samples,)
        NaN where no image is of the class.
    """
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    places = np.flatnonzero(is_class[order])  # (p,) of the images of the class
    first = np.searchsorted(-ranked, -ranked[places], side="left")  # of those that tie with each
    last = np.searchsorted(-ranked, -ranked[places], side="right") - 1
    ordered = np.take(weights, order, axis=1)
    own = ordered[:, places].astype(float)  # (n_samples, p)
    counts = np.cumsum(ordered, axis=1, dtype=np.int32, out=ordered)  # in place: it is half of the time
    up_to = counts[:, last].astype(float)  # images ranked as high or higher
    before = np.where(first > 0, counts[:, first - 1], 0)  # images ranked higher
    own_counts = np.pad(np.cumsum(own, axis=1), ((0, 0), (1, 0)))
    own_up_to = own_counts[:, np.searchsorted(places, last, side="right")]
    own_before = own_counts[:, np.searchsorted(places, first, side="left")]
    n_own = own_counts[:, -1]
    n_others = counts[:, -1] - n_own
    with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0: there is nothing to rank, or the image is left out
        precision = np.where(up_to > 0, own_up_to / up_to, 0)
        # Others ranked higher, those that tie by half, are what is missing from 1.
        overtaken = (own * (up_to - own_up_to + before - own_before)).sum(axis=1) / 2
        return 1 - overtaken / (n_own * n_others), (own * precision).sum(axis=1) / n_own
