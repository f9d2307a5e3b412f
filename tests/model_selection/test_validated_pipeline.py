import numpy as np
import pytest
from joblib import Memory
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler

from skimgcls import MLPClassifier
from skimgcls.callbacks import EpochTimer, TimeLimit
from skimgcls.metrics._unwrap_estimator import unwrap_estimator
from skimgcls.model_selection import compare
from skimgcls.model_selection._validated_pipeline import ValidatedPipeline

NET = MLPClassifier(hidden_units=8, max_epochs=2, random_state=0)


@pytest.fixture
def halves(digits):
    X, y = digits
    X = X.reshape(len(X), -1)
    return X[:100], y[:100], X[100:], y[100:]


def history_of(estimator, halves):
    X, y, X_val, y_val = halves
    pipeline = ValidatedPipeline.around(estimator).set_params(X_val=X_val, y_val=y_val)
    return unwrap_estimator(pipeline.fit(X, y), "history_").history_


def test_the_last_validation_accuracy_is_the_score_and_training_is_the_same_without(halves):
    X, y, X_val, y_val = halves
    pipeline = ValidatedPipeline.around(make_pipeline(MinMaxScaler(), NET)).set_params(X_val=X_val, y_val=y_val)
    pipeline.fit(X, y)
    plain = make_pipeline(MinMaxScaler(), clone(NET)).fit(X, y)
    history = pipeline[-1].history_
    assert history["valid_accuracy"].iloc[-1] == pytest.approx(plain.score(X_val, y_val))
    assert history["train_loss"].tolist() == plain[-1].history_["train_loss"].tolist()
    np.testing.assert_array_equal(pipeline.predict_proba(X_val), plain.predict_proba(X_val))
    assert pipeline.X_val is None


@pytest.mark.parametrize(
    "estimator",
    [
        NET,
        make_pipeline(NET),
        make_pipeline("passthrough", NET),
        make_pipeline(MinMaxScaler(), make_pipeline(FunctionTransformer(), NET)),
        NET.__class__(hidden_units=8, max_epochs=2, callbacks=[EpochTimer()]),
    ],
)
def test_the_network_in_pipelines_is_told_of_the_test_fold(halves, estimator):
    assert history_of(estimator, halves)["valid_loss"].notna().all()


def test_transformers_of_a_pipeline_with_a_memory_stay_fitted(halves, tmp_path):
    X, y, X_val, y_val = halves
    pipeline = ValidatedPipeline.around(make_pipeline(MinMaxScaler(), NET, memory=Memory(tmp_path, verbose=0)))
    pipeline.set_params(X_val=X_val, y_val=y_val).fit(X, y)
    assert pipeline[-1].history_["valid_accuracy"].iloc[-1] == pytest.approx(pipeline.score(X_val, y_val))


@pytest.mark.parametrize(
    "params",
    [
        {"early_stopping": True},
        {"validation_fraction": 0.2},
        {"lr_schedule": "plateau"},
        {"callbacks": [TimeLimit(100.0)]},
    ],
)
def test_what_would_look_at_the_test_fold_in_training_does_not_get_it(halves, params):
    X, y, *_ = halves
    alone = clone(NET).set_params(**params).fit(X, y).history_[["train_loss", "valid_loss"]]
    beside = history_of(clone(NET).set_params(**params), halves)[["train_loss", "valid_loss"]]
    np.testing.assert_array_equal(alone, beside)


@pytest.mark.parametrize("estimator", [LogisticRegression(), GridSearchCV(NET, {"lr": [0.1]})])
def test_an_estimator_whose_network_cannot_be_reached_stays_as_it_is(estimator):
    assert ValidatedPipeline.around(estimator) is estimator


def test_classes_that_no_training_image_has_are_left_out_of_validation(halves):
    X, y, X_val, y_val = halves
    seen = y < 9
    history = history_of(NET, (X[seen], y[seen], X_val, y_val))
    assert history["valid_loss"].notna().all()
    assert history_of(NET, (X, y, X_val, np.full(len(y_val), 77)))["valid_loss"].isna().all()


def test_compare_hands_it_the_test_fold_also_where_metadata_is_routed(digits):
    X, y = digits
    with config_context(enable_metadata_routing=True):
        comparison = compare(
            [ValidatedPipeline.around(clone(NET).set_params(lr=lr)) for lr in (1e-3, 1e-2)], X, y, cv=2,
            random_state=0, return_estimator=True,
        )  # fmt: skip
    last = [each[-1].history_["valid_accuracy"].iloc[-1] for each in comparison.scores["estimator"]]
    assert last == pytest.approx(comparison.scores["score"].tolist())
