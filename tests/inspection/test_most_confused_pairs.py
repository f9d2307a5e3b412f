import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skimgcls import MLPClassifier
from skimgcls.inspection import misclassified_images, most_confused_pairs

COLUMNS = ["true", "predicted", "n_images", "share", "confidence", "n_reverse"]


class Oracle:
    """Predicts what its rows say: X is (n, n_classes) of probabilities."""

    def __init__(self, classes):
        self.classes_ = np.asarray(classes)

    def predict_proba(self, X):
        return np.asarray(X)

    def predict(self, X):
        return self.classes_[np.asarray(X).argmax(axis=1)]


@pytest.mark.parametrize(
    "labels", [np.arange(10), np.array([f"digit {i}" for i in range(10)])], ids=["ints", "strings"]
)
def test_counts_equal_those_of_the_confusion_matrix(labels, digits):
    X, y = digits
    X, y = X.reshape(len(X), -1) / 16, labels[y]
    clf = LogisticRegression(C=0.001, max_iter=200).fit(X[:80], y[:80])
    pairs = most_confused_pairs(clf, X[80:], y[80:], n_pairs=100)
    matrix = confusion_matrix(y[80:], clf.predict(X[80:]), labels=labels)
    assert len(pairs) == np.count_nonzero(matrix) - np.count_nonzero(matrix.diagonal())
    position = {label: i for i, label in enumerate(labels.tolist())}
    for row in pairs.itertuples():
        true, predicted = position[row.true], position[row.predicted]
        assert true != predicted
        assert row.n_images == matrix[true, predicted]
        assert row.n_reverse == matrix[predicted, true]
        assert row.share == matrix[true, predicted] / matrix[true].sum()
    mistakes = misclassified_images(clf, X[80:], y[80:])
    of_first = mistakes[(mistakes["true"] == pairs["true"][0]) & (mistakes["predicted"] == pairs["predicted"][0])]
    assert pairs["confidence"][0] == pytest.approx(of_first["confidence"].mean())


def test_the_most_frequent_come_first_then_the_largest_share():
    proba = np.eye(3)[[1, 1, 0, 2, 0, 0, 0, 2, 2, 2]]
    y = ["a", "a", "b", "b", "a", "a", "a", "c", "c", "a"]
    pairs = most_confused_pairs(Oracle(["a", "b", "c"]), proba, y)
    assert pairs.columns.tolist() == COLUMNS
    assert pairs[["true", "predicted", "n_images", "n_reverse"]].to_numpy().tolist() == [
        ["a", "b", 2, 1],
        ["b", "a", 1, 2],
        ["b", "c", 1, 0],
        ["a", "c", 1, 0],
    ]
    assert len(most_confused_pairs(Oracle(["a", "b", "c"]), proba, y, n_pairs=2)) == 2


def test_booleans_and_no_mistakes():
    clf, proba = Oracle([False, True]), np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]])
    pairs = most_confused_pairs(clf, proba, np.array([False, False, False]))
    assert pairs.to_numpy().tolist() == [[False, True, 2, pytest.approx(2 / 3), pytest.approx(0.75), 0]]
    none = most_confused_pairs(clf, proba, np.array([False, True, True]))
    assert none.columns.tolist() == COLUMNS
    assert len(none) == 0


def test_a_label_that_is_no_class_is_a_class_that_is_never_predicted():
    pairs = most_confused_pairs(Oracle([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]]), [0, 7])
    assert pairs.iloc[0].tolist() == [7, 1, 1, 1.0, 0.8, 0]


def test_a_hundred_classes(rng):
    proba, y = rng.dirichlet(np.ones(100), size=2000), rng.integers(0, 100, 2000)
    pairs = most_confused_pairs(Oracle(np.arange(100)), proba, y)
    matrix = confusion_matrix(y, proba.argmax(axis=1), labels=np.arange(100))
    np.fill_diagonal(matrix, 0)
    np.testing.assert_array_equal(pairs["n_images"], np.sort(matrix, axis=None)[::-1][:10])


def test_a_network_in_a_pipeline(digits):
    X, y = digits
    clf = make_pipeline(FunctionTransformer(lambda X: X / 16.0), MLPClassifier(max_epochs=1, random_state=0))
    pairs = most_confused_pairs(clf.fit(X, y), X, y, n_pairs=3)
    assert len(pairs) == 3
    assert pairs["n_images"].is_monotonic_decreasing


def test_probabilities_are_asked_for(digits):
    X, y = digits
    with pytest.raises(ValueError, match="has no predict_proba"):
        most_confused_pairs(object(), X, y)


@pytest.mark.parametrize("missing", [None, np.nan], ids=["None", "NaN"])
def test_images_without_a_label_make_no_pair(missing):
    y = np.array(["a", missing, "a"], dtype=object)
    pairs = most_confused_pairs(Oracle(["a", "b"]), [[0.1, 0.9], [0.2, 0.8], [0.7, 0.3]], y)
    assert pairs[["true", "predicted", "n_images", "share"]].to_numpy().tolist() == [["a", "b", 1, 0.5]]


def test_a_number_of_pairs_below_one_is_refused():
    with pytest.raises(ValueError, match="n_pairs == -1, must be >= 1"):
        most_confused_pairs(Oracle(["a", "b"]), [[0.1, 0.9]], ["a"], n_pairs=-1)
