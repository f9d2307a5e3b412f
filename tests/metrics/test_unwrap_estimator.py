import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skimgcls.metrics._unwrap_estimator import unwrap_estimator


class Recorder(ClassifierMixin, BaseEstimator):
    def __init__(self, level=0):
        self.level = level

    def fit(self, X, y):
        self.classes_ = np.array([0, 1])
        self.history_ = ["epoch"]
        return self

    def predict_proba(self, X):
        p = np.linspace(0, 1, len(X))
        return np.column_stack([p, 1 - p])

    def predict(self, X):
        return np.zeros(len(X), dtype=int)


X, Y = [[0.0], [1.0]] * 10, [0, 1] * 10


@pytest.mark.parametrize(
    "wrapped",
    [
        Recorder(),
        make_pipeline(StandardScaler(), Recorder()),
        GridSearchCV(make_pipeline(StandardScaler(), Recorder()), {"recorder__level": [0, 1]}, cv=2),
        TunedThresholdClassifierCV(make_pipeline(Recorder()), scoring="accuracy", cv=2),
    ],
)
def test_finds_the_estimator_inside(wrapped):
    found = unwrap_estimator(wrapped.fit(X, Y), "history_")
    assert isinstance(found, Recorder)
    assert found.history_ == ["epoch"]


def test_takes_the_outermost_that_has_the_attribute():
    search = GridSearchCV(Recorder(), {"level": [0]}, cv=2).fit(X, Y)
    assert unwrap_estimator(search, "classes_") is search


@pytest.mark.parametrize(
    "wrapped", [Recorder(), GridSearchCV(Recorder(), {"level": [0]}), make_pipeline(Recorder()), None]
)
def test_gives_none_where_nothing_has_it(wrapped):
    assert unwrap_estimator(wrapped, "history_") is None
