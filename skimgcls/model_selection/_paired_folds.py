"""The folds on which all candidates of a comparison meet, repetition by repetition."""

import copy
from numbers import Integral
from typing import NamedTuple

import numpy as np
from sklearn.model_selection import check_cv

from skimgcls.model_selection._reseed import derive_seed, draw_seed


class Fold(NamedTuple):
    """One division of the data.

    Parameters
    ----------
    seed : int
        Number of the repetition, from 0.
    fold : int
        Number of the fold in it, from 0.
    split : int
        Number of the division; two folds have the same where they divide the data in the same way.
    train, test : ndarray of int
        Rows of the data.
    """

    seed: int
    fold: int
    split: int
    train: np.ndarray
    test: np.ndarray


def paired_folds(cv, X, y, *, groups, n_seeds, default_seed, classifier):
    """Split the data once for each repetition, in another way wherever the splitter has a seed.

    Parameters
    ----------
    cv : int, splitter, iterable of (train, test), or None
        As in scikit-learn, but an integer (None: 5) means shuffled folds, stratified for a classifier.
    X, y, groups : array-like of shape (n, ...)
        What the splitter looks at.
    n_seeds : int
        Number of repetitions.
    default_seed : int
        Stands in for a splitter's ``random_state=None``.
    classifier : bool
        Whether folds are stratified.

    Returns
    -------
    folds : list of Fold

    Raises
    ------
    ValueError
        If there are fewer than two different splits.
    """
    shuffled = cv is None or isinstance(cv, Integral)
    splitter = check_cv(5 if cv is None else cv, y, classifier=classifier)
    if shuffled:
        splitter.shuffle = True
    folds, known = [], {}
    for seed in range(n_seeds):
        rows = _seeded(splitter, seed, default_seed).split(X, y, groups)
        for number, (train, test) in enumerate(rows):
            train, test = np.asarray(train), np.asarray(test)
            split = known.setdefault((train.tobytes(), test.tobytes()), len(known))
            folds.append(Fold(seed, number, split, train, test))
    if len(known) < 2:
        shown = f"cv={cv!r}" if shuffled or hasattr(cv, "split") else "an iterable"
        raise ValueError(
            f"compare needs at least two different splits to know how much scores vary, got {len(known)} from "
            f"{shown} with n_seeds={n_seeds}. Use cv=5, or a splitter with more splits."
        )
    return folds


def _seeded(splitter, repetition, default_seed):
    # without shuffling a splitter ignores its seed, and refuses one at construction
    if not hasattr(splitter, "random_state") or not getattr(splitter, "shuffle", True):
        return splitter
    own = splitter.random_state
    if own is not None and repetition == 0:
        return splitter  # the very folds that the user asked for
    splitter = copy.deepcopy(splitter)  # a RandomState stays at where it is
    splitter.random_state = derive_seed(default_seed if own is None else draw_seed(splitter.random_state), repetition)
    return splitter
