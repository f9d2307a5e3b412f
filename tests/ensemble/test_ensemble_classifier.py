import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import check_estimator

from skimgcls import EnsembleClassifier, MLPClassifier, evaluate
from skimgcls.ensemble import member_disagreement
from skimgcls.preprocessing import ImageFlattener, ImageNormalizer

MEMBERS = ["seeds", "folds", "bagging", "snapshot"]
every_kind = pytest.mark.parametrize("members", MEMBERS)


def small(**params):
    return MLPClassifier(**{"hidden_units": 8, "max_epochs": 3, "lr": 0.01, "n_jobs": 1, **params})


def ensemble_of(estimator=None, **params):
    return EnsembleClassifier(estimator or small(), **{"n_members": 3, "random_state": 0, **params})


@pytest.mark.filterwarnings("ignore:X has rows of .* features, which is no square:UserWarning")
@pytest.mark.parametrize(
    "estimator",
    [MLPClassifier(hidden_units=32, lr=0.01, dtype="float64"), LogisticRegression()],
    ids=["network", "linear"],
)
def test_every_check_of_scikit_learn_passes(estimator):
    results = check_estimator(EnsembleClassifier(estimator, n_members=2), on_skip=None, on_fail=None)
    assert [result["check_name"] for result in results if result["status"] == "failed"] == []
    assert len([result for result in results if result["status"] == "passed"]) >= 50


@every_kind
def test_probabilities_are_the_mean_of_the_members(members, digits):
    X, y = digits
    ensemble = ensemble_of(members=members).fit(X, y)
    mean = np.mean([member.predict_proba(X) for member in ensemble.estimators_], axis=0)
    proba = ensemble.predict_proba(X)
    np.testing.assert_allclose(proba, mean, rtol=1e-5)
    assert proba.dtype == np.float32
    np.testing.assert_array_equal(ensemble.predict(X), ensemble.classes_[proba.argmax(1)])
    np.testing.assert_allclose(ensemble.predict_log_proba(X), np.log(proba))
    assert len(ensemble.estimators_) == 3
    assert ensemble.n_features_in_ == 64


@every_kind
def test_a_seed_means_the_same_result_in_threads_too(members, digits):
    X, y = digits
    probas = [ensemble_of(members=members, n_jobs=n_jobs).fit(X, y).predict_proba(X) for n_jobs in (None, 2)]
    np.testing.assert_array_equal(*probas)


@every_kind
def test_an_ensemble_is_cloned_and_pickled(members, digits):
    X, y = digits
    ensemble = ensemble_of(members=members).fit(X, y)
    again = pickle.loads(pickle.dumps(ensemble))
    np.testing.assert_array_equal(again.predict_proba(X), ensemble.predict_proba(X))
    assert clone(ensemble).get_params()["estimator__hidden_units"] == 8
    assert not hasattr(clone(ensemble), "estimators_")


def test_images_of_any_form_give_the_same(digits):
    X, y = digits
    expected = ensemble_of().fit(X, y).predict_proba(X)
    for form in (X.reshape(200, -1), X[..., None], X[:, None], X.tolist()):
        np.testing.assert_array_equal(ensemble_of().fit(form, y).predict_proba(form), expected)


def test_a_seed_of_the_members_gives_way_to_their_own(digits):
    ensemble = ensemble_of(small(random_state=0)).fit(*digits)
    probas = [member.predict_proba(digits[0]) for member in ensemble.estimators_]
    assert not np.allclose(probas[0], probas[1])


@pytest.mark.parametrize("labels", [np.array(list("abcdefghij")), np.arange(10) % 2 == 0, np.arange(10) * 10 - 5],
                         ids=["strings", "booleans", "integers"])  # fmt: skip
def test_labels_are_the_users(labels, digits):
    X, y = digits
    ensemble = ensemble_of().fit(X, labels[y])
    assert set(ensemble.predict(X)) <= set(labels)
    assert ensemble.predict(X).dtype == labels.dtype
    assert ensemble.classes_.tolist() == np.unique(labels).tolist()


def test_a_member_that_has_not_seen_a_class_gives_it_no_probability(rng):
    X, y = rng.normal(size=(40, 2)), np.array(["a"] * 20 + ["b"] * 18 + ["c"] * 2)
    ensemble = ensemble_of(GaussianNB(), n_members=40, members="bagging").fit(X, y)
    sizes = {len(member.classes_) for member in ensemble.estimators_}
    assert sizes == {2, 3}
    proba = ensemble.predict_proba(X)
    np.testing.assert_allclose(proba.sum(1), 1)
    lacking = next(member for member in ensemble.estimators_ if len(member.classes_) == 2)
    alone = EnsembleClassifier.from_cv_results({"estimator": [lacking]})
    alone.classes_ = ensemble.classes_
    np.testing.assert_array_equal(alone.predict_proba(X)[:, :2], lacking.predict_proba(X))
    assert (alone.predict_proba(X)[:, 2] == 0).all()
    assert np.isfinite(alone.predict_log_proba(X)).all()


def test_pipelines_searches_and_classifiers_of_scikit_learn_are_members(digits):
    X, y = digits
    members = {
        "pipeline": make_pipeline(ImageNormalizer(), small()),
        "table": make_pipeline(ImageFlattener(), RandomForestClassifier(5)),
        "search": GridSearchCV(small(max_epochs=1), {"lr": [0.01, 0.03]}, cv=2),
    }
    for name, member in members.items():
        ensemble = ensemble_of(member, members="folds", n_members=2).fit(X, y)
        assert ensemble.score(X, y) > 0.15, name
    search = GridSearchCV(ensemble_of(), {"estimator__lr": [1e-5, 0.01], "n_members": [2]}, cv=2).fit(X, y)
    assert search.best_params_["estimator__lr"] == 0.01


def test_folds_of_a_cross_validation_become_an_ensemble(digits):
    X, y = digits
    y = np.array(list("abcdefghij"))[y]
    results = cross_validate(small(random_state=0), X, y, cv=3, return_estimator=True)
    ensemble = EnsembleClassifier.from_cv_results(results)
    mean = np.mean([member.predict_proba(X) for member in results["estimator"]], axis=0)
    np.testing.assert_allclose(ensemble.predict_proba(X), mean, rtol=1e-5)
    assert ensemble.fit_time_ == pytest.approx(results["fit_time"].sum())
    again = clone(ensemble).fit(X, y)
    assert (again.members, len(again.estimators_)) == ("folds", 3)


def test_results_without_fitted_estimators_are_refused(digits):
    with pytest.raises(ValueError, match="return_estimator=True"):
        EnsembleClassifier.from_cv_results(cross_validate(small(), *digits, cv=2))
    with pytest.raises(ValueError, match=r"folds \[1\] are not fitted"):
        EnsembleClassifier.from_cv_results({"estimator": [small().fit(*digits), small()]})


def test_stages_take_in_one_member_after_another(digits):
    X, y = digits
    ensemble = ensemble_of().fit(X, y)
    stages = list(ensemble.staged_predict_proba(X))
    assert len(stages) == 3
    np.testing.assert_array_equal(stages[0], ensemble.estimators_[0].predict_proba(X))
    np.testing.assert_array_equal(stages[-1], ensemble.predict_proba(X))


def test_disagreement_is_that_of_the_members_probabilities(digits):
    X, y = digits
    ensemble = ensemble_of().fit(X, y)
    probas = [member.predict_proba(X) for member in ensemble.estimators_]
    for measure in ("votes", "mutual_information"):
        np.testing.assert_array_equal(ensemble.disagreement(X, measure), member_disagreement(probas, measure))
    assert 0 < ensemble.disagreement(X).mean() < 1


def test_the_frame_scores_each_member_their_mean_and_the_ensemble(digits):
    X, y = digits
    ensemble = ensemble_of().fit(X, y)
    frame = ensemble.score_members(X, y)
    assert frame.index.tolist() == [0, 1, 2, "mean", "ensemble"]
    assert frame["accuracy"].tolist()[:3] == [member.score(X, y) for member in ensemble.estimators_]
    assert frame.loc["ensemble", "accuracy"] == ensemble.score(X, y)
    assert frame.loc["ensemble", "log_loss"] == pytest.approx(log_loss(y, ensemble.predict_proba(X)), rel=1e-4)
    assert frame.loc["mean", "log_loss"] == pytest.approx(frame["log_loss"][:3].mean())
    assert frame.loc["ensemble", "log_loss"] < frame.loc["mean", "log_loss"]
    assert frame.loc["ensemble", "disagreement"] == pytest.approx(ensemble.disagreement(X).mean())


def test_an_ensemble_is_evaluated_like_any_classifier(digits):
    X, y = digits
    ensemble = ensemble_of(n_members=2).fit(X, y)
    scores = evaluate(ensemble, X, y, n_bootstrap=20).frame["value"]
    assert scores["accuracy"] == pytest.approx(ensemble.score(X, y))
    bagged = BaggingClassifier(small(), n_estimators=2).fit(X.reshape(200, -1), y)
    assert np.isfinite(evaluate(bagged, X.reshape(200, -1), y, n_bootstrap=20).frame["value"]["accuracy"])


def test_weights_and_validation_images_reach_the_members(digits):
    X, y = digits
    weights = (y < 5).astype(float)
    validation = {"X_val": X[:50], "y_val": y[:50]}
    ensemble = ensemble_of(small(max_epochs=10), members="bagging").fit(X, y, sample_weight=weights, **validation)
    assert (ensemble.predict(X) < 5).all()
    assert ensemble.estimators_[0].history_["valid_loss"].notna().all()


@pytest.mark.parametrize("members", ["seeds", "snapshot"])
def test_metadata_are_routed_where_members_request_them(members, digits):
    X, y = digits
    weights = (y < 5).astype(float)
    with config_context(enable_metadata_routing=True):
        asked = small(max_epochs=24).set_fit_request(sample_weight=True).set_partial_fit_request(sample_weight=True)
        results = cross_validate(
            ensemble_of(asked, members=members), X, y, cv=2, params={"sample_weight": weights}, return_estimator=True
        )
        assert all((ensemble.predict(X) < 5).all() for ensemble in results["estimator"])
        silent = small().set_fit_request(sample_weight=False).set_partial_fit_request(sample_weight=False)
        with pytest.raises(TypeError, match="sample_weight"):
            ensemble_of(silent, members=members).fit(X, y, sample_weight=weights)


def test_column_names_are_known(digits):
    X, y = digits
    frame = pd.DataFrame(X.reshape(200, -1), columns=[f"p{i}" for i in range(64)])
    ensemble = ensemble_of().fit(frame, y)
    assert ensemble.feature_names_in_.tolist() == list(frame.columns)
    assert not hasattr(ensemble_of().fit(X, y), "feature_names_in_")


def test_before_fit_it_says_so(digits):
    for method in ("predict", "predict_proba", "disagreement"):
        with pytest.raises(NotFittedError):
            getattr(ensemble_of(), method)(digits[0])
    assert not hasattr(ensemble_of(), "n_features_in_")


def test_members_without_probabilities_and_wrong_parameters_are_refused(digits):
    for params in ({"estimator": LinearSVC()}, {"n_members": 0}, {"members": "boosting"}):
        with pytest.raises(ValueError, match=next(iter(params))):
            ensemble_of(**params).fit(*digits)
