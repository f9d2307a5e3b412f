import numpy as np
import pytest
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from skimgcls.metrics._predict_proba import predict_proba


def test_gives_the_probabilities_of_a_classifier():
    X, y = np.arange(4)[:, None], [0, 0, 1, 1]
    np.testing.assert_array_equal(predict_proba(DecisionTreeClassifier().fit(X, y), X), np.eye(2)[y])


def test_a_classifier_without_probabilities_is_refused_with_a_remedy():
    with pytest.raises(ValueError, match=r"LinearSVC has no predict_proba, .*CalibratedClassifierCV"):
        predict_proba(LinearSVC(), [[0]])
