import pickle
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.base import clone

from skimgcls import MLPClassifier
from skimgcls.training._class_counts import class_counts


def dataset(codes, weights=None):
    return SimpleNamespace(
        codes=torch.tensor(codes), weights=None if weights is None else torch.tensor(weights, dtype=torch.float32)
    )


def data(train, valid=None, n_classes=3):
    return SimpleNamespace(classes=np.arange(n_classes), train=train, valid=valid)


def small(**params):
    return MLPClassifier(**{"hidden_units": (4,), "max_epochs": 1, "random_state": 0, **params})


def test_images_are_counted_by_class_and_by_weight():
    counts = class_counts(data(dataset([0, 0, 1], [0.5, 0.5, 2.0]), dataset([2, 2])))
    assert counts.tolist() == [[1, 2, 0], [0, 0, 2]]


def test_images_count_as_often_as_an_epoch_draws_them():
    drawn = data(dataset([0, 0, 0, 0, 1, 1], [0.5, 0.5, 0.5, 0.5, 2.0, 2.0]), dataset([2, 2]))
    assert class_counts(drawn, sampling="oversample").tolist() == [[2, 8, 0], [0, 0, 2]]
    assert class_counts(drawn, sampling="undersample").tolist() == [[1, 4, 0], [0, 0, 2]]


def test_without_validation_its_counts_are_zero():
    assert class_counts(data(dataset([0, 2]))).tolist() == [[1, 0, 1], [0, 0, 0]]


def test_training_adds_to_what_was_counted_before_and_validation_replaces_it():
    before = np.array([[1.0, 1, 1], [5, 5, 5]])
    assert class_counts(data(dataset([0]), dataset([1])), before).tolist() == [[2, 1, 1], [0, 1, 0]]


def test_a_fit_counts_what_it_trains_and_validates_on(digits):
    X, y = digits
    clf = small(validation_fraction=0.25).fit(X, y)
    assert clf._class_counts.sum(axis=1).tolist() == [150, 50]
    assert clf._class_counts.sum(axis=0).tolist() == np.bincount(y).tolist()
    again = clf.fit(X[:100], y[:100])
    assert again._class_counts.sum(axis=1).tolist() == [75, 25]


def test_balanced_classes_weigh_the_same(digits):
    X, y = digits
    few = np.flatnonzero((y != 0) | (np.arange(len(y)) < 20))
    assert np.ptp(small(class_weight="balanced").fit(X[few], y[few])._class_counts[0]) == pytest.approx(0, abs=1e-3)
    assert np.ptp(small().fit(X[few], y[few])._class_counts[0]) > 5


def test_partial_fit_adds_up_and_a_pickle_keeps_what_a_clone_forgets(digits):
    X, y = digits
    clf = small()
    for part in (slice(0, 120), slice(120, 200)):
        clf.partial_fit(X[part], y[part], classes=range(10))
    assert clf._class_counts[0].tolist() == np.bincount(y).tolist()
    assert np.array_equal(pickle.loads(pickle.dumps(clf))._class_counts, clf._class_counts)
    assert not hasattr(clone(clf), "_class_counts")
