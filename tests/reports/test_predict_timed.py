"""Predictions, how often they are asked for, and what is known of costs."""

import math

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from skimgcls import MLPClassifier
from skimgcls.reports import _predict_timed as module
from skimgcls.reports._predict_timed import model_costs, predict_timed


@pytest.fixture
def calls(monkeypatch):
    """Number of images of each call of predict_proba and predict of our estimators."""
    made = {"predict_proba": [], "predict": []}
    for name, log in made.items():
        own = getattr(module.BaseImageClassifier, name)

        def counted(self, X, own=own, log=log):
            log.append(len(X))
            return own(self, X)

        monkeypatch.setattr(module.BaseImageClassifier, name, counted)
    return made


def test_each_image_is_predicted_once_and_one_image_a_few_times(fitted_mlp, digits, calls):
    X, _ = digits
    predicted = predict_timed(fitted_mlp, X, seconds=0)
    assert calls["predict"] == []
    assert calls["predict_proba"] == [1] * (1 + module.FEWEST_CALLS) + [400]
    np.testing.assert_array_equal(predicted.y_pred, fitted_mlp.predict(X))
    np.testing.assert_array_equal(predicted.y_proba, fitted_mlp.predict_proba(X))


def test_a_search_around_a_pipeline_around_ours_needs_no_second_look(mlp, digits, calls):
    X, y = digits
    pipeline = make_pipeline(FunctionTransformer(), mlp)
    search = GridSearchCV(pipeline, {"mlpclassifier__lr": [0.01]}, cv=2).fit(X, y)
    calls["predict"].clear()
    predicted = predict_timed(search, X, seconds=0)
    assert calls["predict"] == []
    np.testing.assert_array_equal(predicted.y_pred, search.predict(X))


def test_a_threshold_decides_what_is_predicted(mlp, digits):
    X, y = digits
    tuned = FixedThresholdClassifier(mlp, threshold=0.01, response_method="predict_proba").fit(X, y > 4)
    predicted = predict_timed(tuned, X, seconds=0)
    np.testing.assert_array_equal(predicted.y_pred, tuned.predict(X))
    assert (predicted.y_pred != predicted.classes[predicted.y_proba.argmax(axis=1)]).any()


def test_a_class_of_its_own_predict_is_asked(fitted_mlp, digits):
    class Cautious(MLPClassifier):
        def predict(self, X):
            return np.zeros(len(X), dtype=int)

    cautious = Cautious(hidden_units=(32,), max_epochs=1, random_state=0).fit(*digits)
    assert not predict_timed(cautious, digits[0], seconds=0).y_pred.any()


def test_without_probabilities_there_are_labels_alone(digits):
    X, y = digits
    svc = LinearSVC().fit(X.reshape(400, -1), y)
    predicted = predict_timed(svc, X.reshape(400, -1), seconds=0)
    assert predicted.y_proba is None
    np.testing.assert_array_equal(predicted.y_pred, svc.predict(X.reshape(400, -1)))
    assert predicted.costs["images_per_second"] > 0


def test_costs_are_those_that_the_estimator_knows(fitted_mlp, digits):
    costs = predict_timed(fitted_mlp, digits[0], seconds=0).costs
    assert costs["fit_seconds"] == fitted_mlp.fit_time_
    assert costs["n_parameters"] == fitted_mlp.n_parameters_
    assert costs["n_bytes"] >= 4 * fitted_mlp.n_parameters_
    assert costs["images_per_second"] == pytest.approx(400 / costs["predict_seconds"])
    assert costs["latency_ms"] > 0


def test_what_is_not_known_is_nan(digits):
    X, y = digits
    X = X.reshape(400, -1)
    model = LogisticRegression(max_iter=2000)
    assert all(math.isnan(cost) for cost in model_costs(model.fit(X, y)).values())
    search = GridSearchCV(model, {"C": [1.0]}, cv=2).fit(X, y)
    assert model_costs(search)["fit_seconds"] == search.refit_time_


def test_what_cannot_predict_labels_is_refused(mlp, digits):
    with pytest.raises(NotFittedError):
        predict_timed(MLPClassifier(), digits[0])
    with pytest.raises(ValueError, match=r"FunctionTransformer has no classes_\. Pass a fitted classifier"):
        predict_timed(FunctionTransformer().fit(digits[0]), digits[0])
