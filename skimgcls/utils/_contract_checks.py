"""What each scikit-learn tool must do with an image classifier, one function for each tool.

Every function takes an unfitted estimator, learnable images and their labels, sorted by class and held as strings, and
raises AssertionError where the contract is broken. None may pass with an estimator that learns nothing.
"""

import pickle
from math import isqrt

import numpy as np
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.metrics import get_scorer
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    StratifiedKFold,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier

# ------------------------------------------------------------ the estimator alone


def check_fit_and_predict(estimator, X, y):
    assert estimator.fit(X, y) is estimator, "fit must return self"
    assert_array_equal(estimator.classes_, np.unique(y))
    predicted, probabilities = estimator.predict(X), estimator.predict_proba(X)
    assert probabilities.shape == (len(y), len(estimator.classes_))
    assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5, err_msg="probabilities must sum to 1")
    assert_array_equal(predicted, estimator.classes_[probabilities.argmax(axis=1)])
    _assert_learnt(estimator.score(X, y), y)
    assert estimator.score(X, y) == np.mean(predicted == y), "score must be the accuracy of predict"


def check_same_images_in_another_form(estimator, X, y):
    other = _in_another_form(X)
    fitted, fitted_on_other = clone(estimator).fit(X, y), clone(estimator).fit(other, y)
    probabilities = fitted.predict_proba(X)
    assert_allclose(fitted_on_other.predict_proba(other), probabilities, atol=1e-3)
    assert_allclose(fitted.predict_proba(other), probabilities, atol=1e-3)
    _assert_learnt(fitted_on_other.score(other, y), y)


def check_clone(estimator, X, y):
    fitted = clone(estimator).fit(X, y)
    copied = clone(fitted)
    assert copied.get_params().keys() == estimator.get_params().keys()
    assert not [name for name in vars(copied) if name.endswith("_")], "a clone must not be fitted"
    assert_array_equal(copied.fit(X, y).predict_proba(X), fitted.predict_proba(X))
    _assert_learnt(copied.score(X, y), y)
    assert copied.set_params(random_state=1).fit(X, y).predict_proba(X).tolist() != fitted.predict_proba(X).tolist()


def check_pickle(estimator, X, y):
    fitted = estimator.fit(X, y)
    restored = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(restored.predict_proba(X), fitted.predict_proba(X))
    assert_array_equal(restored.predict(X), fitted.predict(X))
    assert_array_equal(restored.fit(X, y).predict_proba(X), fitted.predict_proba(X))
    _assert_learnt(restored.score(X, y), y)


def check_frozen(estimator, X, y):
    fitted = clone(estimator).fit(X, y)
    frozen = clone(FrozenEstimator(fitted)).fit(X[::2], y[::-2])
    assert_array_equal(frozen.predict_proba(X), fitted.predict_proba(X))
    _assert_learnt(frozen.score(X, y), y)


# ------------------------------------------------------------------- validation


def check_cross_validate(estimator, X, y):
    scoring = ["accuracy", "neg_log_loss", "roc_auc_ovr"]
    options = {"scoring": scoring, "return_estimator": True, "return_indices": True, "error_score": "raise"}
    result = cross_validate(estimator, X, y, cv=3, **options)
    _assert_learnt(result["test_accuracy"].mean(), y)
    assert np.isfinite(result["test_neg_log_loss"]).all()
    assert result["test_roc_auc_ovr"].mean() > 0.75
    for fitted, test, score in zip(
        result["estimator"], result["indices"]["test"], result["test_accuracy"], strict=True
    ):
        assert fitted.score(X[test], y[test]) == score


def check_cross_val_predict(estimator, X, y):
    probabilities = cross_val_predict(estimator, X, y, cv=2, method="predict_proba")
    _assert_learnt(np.mean(np.unique(y)[probabilities.argmax(axis=1)] == y), y)


def check_learning_curve(estimator, X, y):
    sizes, _, scores = learning_curve(
        estimator, X, y, cv=2, train_sizes=[0.5, 1.0], shuffle=True, random_state=0, error_score="raise"
    )
    assert_array_equal(sizes, [len(y) // 4, len(y) // 2])
    _assert_learnt(scores[-1].mean(), y)


def check_validation_curve(estimator, X, y, space):
    (name, values), *_ = space.items()
    options = {"param_name": name, "param_range": values, "cv": 2, "error_score": "raise"}
    _, scores = validation_curve(estimator, X, y, **options)
    _assert_learnt(scores[0].mean(), y)
    assert scores[0].mean() > scores[1].mean()


def check_permutation_test(estimator, X, y):
    score, permuted, p_value = permutation_test_score(estimator, X, y, cv=2, n_permutations=3, random_state=0)
    _assert_learnt(score, y)
    assert score > permuted.max()
    assert p_value == 1 / 4


# --------------------------------------------------------------------- searches


def check_grid_search(estimator, X, y, space):
    _assert_found(GridSearchCV(estimator, space, cv=2, error_score="raise").fit(X, y), X, y, space)


def check_randomized_search(estimator, X, y, space):
    options = {"n_iter": 2, "cv": 2, "error_score": "raise", "random_state": 0}
    _assert_found(RandomizedSearchCV(estimator, space, **options).fit(X, y), X, y, space)


def check_halving_over_samples(estimator, X, y, space):
    options = {"min_resources": len(y) // 2, "factor": 2, "cv": 2, "error_score": "raise", "random_state": 0}
    search = HalvingGridSearchCV(estimator, space, **options).fit(X, y)
    assert search.n_resources_ == [len(y) // 2, len(y)]
    _assert_found(search, X, y, space)


def check_halving_over_epochs(estimator, X, y, space):
    epochs = estimator.max_epochs
    options = {"resource": "max_epochs", "min_resources": epochs, "max_resources": 2 * epochs, "factor": 2}
    search = HalvingGridSearchCV(estimator, space, cv=2, error_score="raise", random_state=0, **options).fit(X, y)
    assert search.n_resources_ == [epochs, 2 * epochs]
    assert search.best_estimator_.max_epochs == 2 * epochs
    _assert_found(search, X, y, {"max_epochs": [2 * epochs], **space})


def check_search_in_threads(estimator, X, y, space):
    _assert_parallel_equals_serial(estimator, X, y, space, backend="threading")


def check_search_in_processes(estimator, X, y, space):
    _assert_parallel_equals_serial(estimator, X, y, space, backend="loky")


def check_partial_fit_in_lock_step(estimator, X, y):
    folds = list(StratifiedKFold(2).split(np.zeros(len(y)), y))
    stepped = [clone(estimator) for _ in folds]
    for _ in range(estimator.max_epochs):
        for one, (train, _) in zip(stepped, folds, strict=True):
            one.partial_fit(X[train], y[train], classes=np.unique(y))
    for one, (train, test) in zip(stepped, folds, strict=True):
        whole = clone(estimator).fit(X[train], y[train])
        assert_array_equal(one.predict_proba(X[test]), whole.predict_proba(X[test]))
        _assert_learnt(one.score(X[test], y[test]), y)


# --------------------------------------------------------- estimators of estimators


def check_pipeline(estimator, X, y):
    pipeline = make_pipeline(FunctionTransformer(_brighter), clone(estimator)).fit(X, y)
    by_hand = clone(estimator).fit(_brighter(X), y)
    assert_array_equal(pipeline.predict_proba(X), by_hand.predict_proba(_brighter(X)))
    assert_array_equal(pipeline.classes_, np.unique(y))
    _assert_learnt(pipeline.score(X, y), y)


def check_pipeline_with_scaler(estimator, X, y):
    _assert_learnt(make_pipeline(StandardScaler(), estimator).fit(X, y).score(X, y), y)


def check_voting(estimator, X, y):
    members = [("a", clone(estimator)), ("b", clone(estimator).set_params(random_state=1))]
    voting = VotingClassifier(members, voting="soft").fit(X, y)
    apart = [member.predict_proba(X) for member in voting.estimators_]
    assert (apart[0] != apart[1]).any(), "random_state must reach the members"
    assert_allclose(voting.predict_proba(X), np.mean(apart, axis=0), rtol=1e-6)
    _assert_learnt(voting.score(X, y), y)


def check_stacking(estimator, X, y):
    members = [("a", clone(estimator)), ("b", clone(estimator).set_params(random_state=1))]
    stacking = StackingClassifier(members, GaussianNB(), cv=2).fit(X, y)
    _assert_learnt(stacking.score(X, y), y)
    for member in stacking.estimators_:  # trained on codes; by itself too, as a stack on random numbers may do well
        _assert_learnt(np.mean(np.unique(y)[member.predict(X)] == y), y)


def check_bagging(estimator, X, y):
    bagging = BaggingClassifier(estimator, n_estimators=2, random_state=0).fit(X, y)
    _assert_learnt(bagging.score(X, y), y)


def check_boosting(estimator, X, y):
    boosting = AdaBoostClassifier(estimator, n_estimators=2, random_state=0).fit(X, y)
    _assert_learnt(boosting.score(X, y), y)


def check_one_vs_rest(estimator, X, y):
    multiclass = OneVsRestClassifier(estimator).fit(X, y)
    assert len(multiclass.estimators_) == len(np.unique(y))
    _assert_learnt(multiclass.score(X, y), y)


def check_one_vs_one(estimator, X, y):
    _assert_learnt(OneVsOneClassifier(estimator).fit(X, y).score(X, y), y)


def check_multi_output(estimator, X, y):
    first = np.unique(y)[0]
    targets = np.column_stack([y, np.where(y == first, "yes", "no")])
    predicted = MultiOutputClassifier(estimator).fit(X, targets).predict(X)
    _assert_learnt(np.mean(predicted[:, 0] == y), y)
    _assert_learnt(np.mean(predicted[:, 1] == targets[:, 1]), targets[:, 1])


def check_self_training(estimator, X, y):
    classes, codes = np.unique(y, return_inverse=True)
    partly = np.where(np.arange(len(y)) % 2, codes, -1)  # -1 is scikit-learn's "unlabelled"
    trained = SelfTrainingClassifier(estimator, max_iter=2).fit(X, partly)
    _assert_learnt(np.mean(classes[trained.predict(X)] == y), y)


# ------------------------------------------------- what comes after the probabilities


def check_calibration(estimator, X, y):
    calibrated = CalibratedClassifierCV(estimator, cv=2).fit(X, y)
    assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)
    _assert_learnt(calibrated.score(X, y), y)
    fitted = clone(estimator).fit(X, y)
    _assert_learnt(fitted.score(X, y), y)  # by itself too, as calibration alone learns something
    _assert_learnt(CalibratedClassifierCV(FrozenEstimator(fitted), cv=2).fit(X, y).score(X, y), y)


def check_thresholds(estimator, X, y):
    two = np.flatnonzero(np.isin(y, np.unique(y)[:2]))
    X, y = X[two], y[two]
    tuned = TunedThresholdClassifierCV(estimator, cv=2, scoring="balanced_accuracy").fit(X, y)
    _assert_learnt(tuned.score(X, y), y)
    positive = np.unique(y)[1]
    fixed = FixedThresholdClassifier(clone(estimator), threshold=0.9, pos_label=positive).fit(X, y)
    above = fixed.estimator_.predict_proba(X)[:, 1] >= 0.9
    assert_array_equal(fixed.predict(X) == positive, above)
    assert above.any()


def check_permutation_importance(estimator, X, y):
    _assert_learnt(estimator.fit(X, y).score(X, y), y)
    result = permutation_importance(estimator, X, y, n_repeats=1, random_state=0, scoring="neg_log_loss")
    assert result.importances_mean.max() > 0, "no pixel matters to what was learnt"


# ----------------------------------------------------------------- sample weights


def check_sample_weight_routing(estimator, X, y):
    noisy, weights = _flip_and_silence(y)
    by_hand = clone(estimator).fit(X, noisy, sample_weight=weights)
    with config_context(enable_metadata_routing=True):
        routed = make_pipeline(clone(estimator).set_fit_request(sample_weight=True))
        weighted_accuracy = get_scorer("accuracy").set_score_request(sample_weight=True)
        folds = StratifiedKFold(2, shuffle=True, random_state=0)  # each with silenced and with other images
        search = GridSearchCV(routed, {}, scoring=weighted_accuracy, cv=folds, error_score="raise")
        search.fit(X, noisy, sample_weight=weights)
    assert_array_equal(search.predict_proba(X), by_hand.predict_proba(X))
    _assert_learnt(search.best_score_, y)
    _assert_learnt(search.score(X, y), y)


def check_sample_weight_in_pipeline(estimator, X, y):
    noisy, weights = _flip_and_silence(y)
    step = type(estimator).__name__.lower()
    weighted = make_pipeline(clone(estimator)).fit(X, noisy, **{f"{step}__sample_weight": weights})
    unweighted = make_pipeline(clone(estimator)).fit(X, noisy)
    _assert_learnt(weighted.score(X, y), y)
    assert weighted.score(X, y) > unweighted.score(X, y), "sample_weight does not reach fit"


# ------------------------------------------------------------------------ helpers


class Undemanding(ClassifierMixin, BaseEstimator):
    """Naive Bayes on any array whatever its shape: what a tool refuses to do with it, scikit-learn refuses."""

    def fit(self, X, y):
        self.model_ = GaussianNB().fit(np.asarray(X).reshape(len(X), -1), y)
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X):
        return self.model_.predict(np.asarray(X).reshape(len(X), -1))

    def predict_proba(self, X):
        return self.model_.predict_proba(np.asarray(X).reshape(len(X), -1))


def _assert_learnt(score, y):
    chance = 1 / len(np.unique(y))
    wanted = (1 + chance) / 2
    assert score > wanted, (
        f"expected a score above {wanted:.2f} on learnable images (chance {chance:.2f}), got {score:.2f}"
    )


def _assert_found(search, X, y, space):
    good = {name: values[0] for name, values in space.items()}
    assert {**search.best_params_, **good} == search.best_params_, f"expected {good} to win, got {search.best_params_}"
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert_array_equal(search.predict(X), search.best_estimator_.predict(X))
    _assert_learnt(search.best_score_, y)
    _assert_learnt(search.score(X, y), y)


def _assert_parallel_equals_serial(estimator, X, y, space, backend):
    search = GridSearchCV(estimator, space, cv=2, scoring="neg_log_loss", error_score="raise")
    serial = clone(search).set_params(n_jobs=1).fit(X, y)
    with parallel_config(backend=backend):
        parallel = clone(search).set_params(n_jobs=2).fit(X, y)
    for split in ("split0_test_score", "split1_test_score"):
        assert_array_equal(parallel.cv_results_[split], serial.cv_results_[split])
    assert_array_equal(parallel.predict_proba(X), serial.predict_proba(X))
    _assert_learnt(np.mean(parallel.predict(X) == y), y)


def _in_another_form(X):
    """Give the same images in an equivalent form that no check uses as its own."""
    if X.ndim == 2:
        side = isqrt(X.shape[1])
        return X.reshape(-1, side, side)
    if X.ndim == 3:
        return X[..., None]  # (n, h, w) -> (n, h, w, 1)
    X = np.asarray(X)
    if X.shape[1] == 1:
        return X[:, 0]  # (n, 1, h, w) -> (n, h, w)
    return np.moveaxis(X, *((-1, 1) if X.shape[-1] == 3 else (1, -1)))


def _brighter(X):
    return X * 0.5 + 0.25


def _flip_and_silence(y):
    """Give two thirds of each class the label of the next class, and those images hardly any weight or none."""
    classes, codes = np.unique(y, return_inverse=True)
    position = np.arange(len(y))
    wrong = position % 3 > 0
    return classes[(codes + wrong) % len(classes)], np.where(wrong, np.where(position % 6 == 1, 0.0, 0.02), 1.0)
