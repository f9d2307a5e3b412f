import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from skimgcls.inspection import misclassified_images


@pytest.fixture
def fitted(digits):
    X, y = digits
    X = X.reshape(len(X), -1) / 16
    names = np.array([f"digit {label}" for label in y])
    return LogisticRegression(C=0.01, max_iter=200).fit(X[:80], names[:80]), X[80:], names[80:]


def test_lists_exactly_the_mistakes_the_most_confident_first(fitted):
    clf, X, y = fitted
    mistakes = misclassified_images(clf, X, y)
    wrong = np.flatnonzero(clf.predict(X) != y)
    assert len(wrong) > 3
    assert sorted(mistakes["index"]) == wrong.tolist()
    np.testing.assert_array_equal(mistakes["true"], y[mistakes["index"]])
    np.testing.assert_array_equal(mistakes["predicted"], clf.predict(X)[mistakes["index"]])
    np.testing.assert_allclose(mistakes["confidence"], clf.predict_proba(X).max(axis=1)[mistakes["index"]])
    assert mistakes["confidence"].is_monotonic_decreasing


def test_sorts_by_loss_or_at_random(fitted):
    clf, X, y = fitted
    assert misclassified_images(clf, X, y, sort="loss")["loss"].is_monotonic_decreasing
    first = misclassified_images(clf, X, y, sort="random", random_state=3)
    assert not first["confidence"].is_monotonic_decreasing
    assert first.equals(misclassified_images(clf, X, y, sort="random", random_state=3))


def test_refuses_labels_of_another_kind(fitted):
    clf, X, _ = fitted
    with pytest.raises(ValueError, match="Pass labels of the kind that the classifier was fitted with"):
        misclassified_images(clf, X, np.zeros(len(X), dtype=int))


def test_names_stand_beside_the_positions(fitted):
    clf, X, y = fitted
    names = [f"/scans/{i}.png" for i in range(len(y))]
    mistakes = misclassified_images(clf, X, y, names=names)
    assert mistakes.columns[:2].tolist() == ["index", "name"]
    assert mistakes["name"].tolist() == [names[row] for row in mistakes["index"]]
    assert "name" not in misclassified_images(clf, X, y)
