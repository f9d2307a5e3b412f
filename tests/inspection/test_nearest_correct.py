import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skimgcls import MLPClassifier
from skimgcls.inspection import _nearest_correct
from skimgcls.inspection._nearest_correct import features_of, nearest_correct


def halve(X):
    return X / 2


@pytest.fixture
def network(digits):
    X, y = digits
    return MLPClassifier(hidden_units=(9,), max_epochs=2, random_state=0).fit(X, y), X, y


@pytest.mark.parametrize("batch", [7, 64, 1000])
def test_the_nearest_of_all_batches_is_found(batch, network, monkeypatch):
    clf, X, y = network
    monkeypatch.setattr(_nearest_correct, "BATCH", batch)
    correct = np.flatnonzero(clf.predict(X) == y)
    wrong = np.flatnonzero(clf.predict(X) != y)
    queries = features_of(clf, X, wrong.tolist())
    distances = euclidean_distances(queries, features_of(clf, X, correct.tolist()))
    for is_correct in (None, clf.predict(X) == y):
        index, distance = nearest_correct(clf, X, y, queries, is_correct=is_correct)
        np.testing.assert_allclose(distance, distances.min(axis=1), rtol=1e-4)
        np.testing.assert_array_equal(index, correct[distances.argmin(axis=1)])


def test_without_a_correct_image_there_is_no_nearest(network):
    clf, X, y = network
    index, distance = nearest_correct(clf, X, (y + 1) % 10, features_of(clf, X, [0]), is_correct=np.zeros(len(y), bool))
    assert index.tolist() == [-1]
    assert distance.tolist() == [np.inf]


def test_features_are_those_of_the_network_behind_the_steps_before_it(digits):
    X, y = digits
    inner = MLPClassifier(hidden_units=(9,), max_epochs=1, random_state=0)
    plain = inner.fit(halve(X), y)
    expected = features_of(plain, halve(X), [3, 5])
    assert expected.shape == (2, 9)
    piped = make_pipeline(FunctionTransformer(halve), make_pipeline("passthrough", inner)).fit(X, y)
    np.testing.assert_allclose(features_of(piped, X, [3, 5]), expected, rtol=1e-5)
    search = GridSearchCV(make_pipeline(FunctionTransformer(halve), inner), {"mlpclassifier__lr": [1e-3]}, cv=2)
    np.testing.assert_allclose(features_of(search.fit(X, y), X, [3, 5]), expected, rtol=1e-5)


def test_features_of_other_classifiers_are_pixels(digits):
    X, y = digits
    X = X.reshape(len(X), -1)
    clf = make_pipeline(FunctionTransformer(halve), LogisticRegression(C=0.001)).fit(X, y)
    np.testing.assert_array_equal(features_of(clf, X, [3, 5]), X[[3, 5]])
