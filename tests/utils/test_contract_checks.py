"""Each check of the contract catches an estimator that breaks it, and lets one through that is no net at all."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skimgcls.utils import _contract_checks
from skimgcls.utils._estimator_contract import INPUT_FORMS, image_estimator_checks


class SoftmaxRegression(ClassifierMixin, BaseEstimator):
    """Softmax regression on pixels by gradient descent: the least that keeps the contract."""

    def __init__(self, lr=1.0, max_epochs=3, random_state=None):
        self.lr = lr
        self.max_epochs = max_epochs
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None):
        self._start(X, np.unique(y))
        for _ in range(self.max_epochs):
            self._train(X, y, sample_weight)
        return self

    def partial_fit(self, X, y, classes=None):
        if not hasattr(self, "coef_"):
            self._start(X, classes)
        self._train(X, y, None)
        return self

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X):
        check_is_fitted(self, "coef_")
        logits = self._rows(X) @ self.coef_
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    def _start(self, X, classes):
        self.classes_ = classes
        self.scale_ = np.asarray(X).max()
        self.coef_ = self._draw((self._rows(X).shape[1], len(classes)))

    def _draw(self, shape):
        return check_random_state(self.random_state).normal(0, 0.01, shape)

    def _train(self, X, y, sample_weight):
        rows, weights = self._rows(X), np.ones(len(y)) if sample_weight is None else sample_weight
        for _ in range(20):
            error = self.predict_proba(X) - (np.asarray(y)[:, None] == self.classes_)
            self.coef_ -= self.lr * rows.T @ (error * weights[:, None]) / weights.sum()

    def _rows(self, X):
        images = np.asarray(X, dtype=np.float64)
        if images.ndim == 4 and images.shape[1] in (1, 3):
            images = np.moveaxis(images, 1, -1)
        return images.reshape(len(images), -1) / self.scale_ - 0.5


class LearnsNothing(SoftmaxRegression):
    def _train(self, X, y, sample_weight):
        pass


class PredictsTheFirstClass(SoftmaxRegression):
    def predict_proba(self, X):
        return np.tile(np.eye(len(self.classes_))[0], (len(X), 1)) * 0.999 + 0.001 / len(self.classes_)


class ForgetsItsLabels(SoftmaxRegression):
    def predict(self, X):
        return self.predict_proba(X).argmax(axis=1).astype(str)


class HasProbabilitiesThatSumToTwo(SoftmaxRegression):
    def predict_proba(self, X):
        return 2 * super().predict_proba(X)


class MixesUpAxes(SoftmaxRegression):
    def _rows(self, X):
        return np.asarray(X, dtype=np.float64).reshape(len(X), -1) / self.scale_ - 0.5


class IgnoresItsSeed(SoftmaxRegression):
    def _draw(self, shape):
        return np.random.default_rng().normal(0, 0.01, shape)


class HasOneSeed(SoftmaxRegression):
    def _draw(self, shape):
        return np.random.RandomState(0).normal(0, 0.01, shape)


class StaysFittedWhenCloned(SoftmaxRegression):
    def __sklearn_clone__(self):
        copied = type(self)(**self.get_params())
        vars(copied).update(vars(self))
        return copied


class ForgetsItsWeightsInAPickle(SoftmaxRegression):
    def __getstate__(self):
        state = super().__getstate__()
        return {**state, "coef_": 0 * state["coef_"]} if "coef_" in state else state


class IgnoresSampleWeight(SoftmaxRegression):
    def fit(self, X, y, sample_weight=None):
        return super().fit(X, y)


class TrainsTwoEpochsAtATime(SoftmaxRegression):
    def partial_fit(self, X, y, classes=None):
        return super().partial_fit(X, y, classes).partial_fit2(X, y)

    def partial_fit2(self, X, y):
        self._train(X, y, None)
        return self


class IgnoresMaxEpochs(SoftmaxRegression):
    def fit(self, X, y, sample_weight=None):
        epochs, self.max_epochs = self.max_epochs, 3
        super().fit(X, y, sample_weight)
        self.max_epochs = min(epochs, 3)  # and spoils the parameter
        return self


class IsNoClassifier(SoftmaxRegression):
    """Folds are then not stratified, and the images are sorted by class."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = None
        return tags


class CannotDoTwoClasses(SoftmaxRegression):
    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight)
        if len(self.classes_) == 2:
            self.coef_ = self.coef_[:, ::-1]
        return self


BREACHES = [
    (ForgetsItsLabels, "flat", ["fit_and_predict"]),
    (HasProbabilitiesThatSumToTwo, "flat", ["fit_and_predict"]),
    (MixesUpAxes, "rgb", ["same_images_in_another_form"]),
    (MixesUpAxes, "tensor", ["same_images_in_another_form"]),
    (IgnoresItsSeed, "flat", ["clone", "pickle", "pipeline", "search_in_threads", "partial_fit_in_lock_step"]),
    (HasOneSeed, "gray", ["clone", "voting"]),
    (StaysFittedWhenCloned, "flat", ["clone"]),
    (ForgetsItsWeightsInAPickle, "rgb", ["pickle"]),
    (IgnoresSampleWeight, "tensor", ["sample_weight_routing", "sample_weight_in_pipeline"]),
    (TrainsTwoEpochsAtATime, "flat", ["partial_fit_in_lock_step"]),
    (IgnoresMaxEpochs, "flat", ["halving_over_epochs"]),
    (IsNoClassifier, "channels_first", ["cross_validate", "grid_search", "permutation_test", "cross_val_predict"]),
    (CannotDoTwoClasses, "flat", ["thresholds", "one_vs_rest", "one_vs_one", "multi_output"]),
]


def run(check):
    """Whether a check found a breach; an error of scikit-learn's own over it counts too."""
    try:
        check()
    except (AssertionError, ValueError, TypeError):
        return True
    return False


def in_this_process(checks):
    """Those in processes are run with real estimators by test_parallel.py."""
    return [check for check in checks if check.name != "search_in_processes"]


@pytest.mark.parametrize("check", in_this_process(image_estimator_checks(SoftmaxRegression())), ids=str)
def test_an_estimator_that_is_no_net_passes(check):
    check()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("cls", [LearnsNothing, PredictsTheFirstClass])
@pytest.mark.parametrize("form", ["flat", "rgb"])
def test_no_check_passes_with_an_estimator_that_learns_nothing(cls, form):
    checks = [check for check in in_this_process(image_estimator_checks(cls())) if check.form == form]
    assert len(checks) > 25
    passed = [str(check) for check in checks if not check.refused_because and not run(check)]
    assert passed == []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("cls", "form", "name"), [(cls, form, name) for cls, form, names in BREACHES for name in names]
)
def test_a_breach_of_the_contract_is_found(cls, form, name):
    (check,) = [c for c in image_estimator_checks(cls()) if (c.name, c.form) == (name, form)]
    assert run(check)


def test_a_search_in_threads_that_differs_from_one_alone_is_found():
    class Shared(SoftmaxRegression):
        """Keeps its weights where all its clones have them."""

        fits = []

        def _draw(self, shape):
            self.fits.append(1)
            return super()._draw(shape) * len(self.fits)

    check = next(c for c in image_estimator_checks(Shared()) if c.name == "search_in_threads")
    with pytest.raises(AssertionError):
        check()


def test_every_public_function_of_the_module_is_a_check():
    here = _contract_checks.__name__
    names = {name for name, value in vars(_contract_checks).items() if getattr(value, "__module__", "") == here}
    checks = {name for name in names if name.startswith("check_")}
    assert len(checks) > 25
    assert {name for name in names - checks if not name.startswith("_")} == {"Undemanding"}
    assert len(image_estimator_checks(SoftmaxRegression())) == len(checks) * len(INPUT_FORMS)
