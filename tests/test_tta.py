"""Test-time augmentation through the estimators: the probabilities of several views of an image, averaged."""

import numpy as np
import pytest
import torch
from sklearn.base import clone

from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.preprocessing import Mixup, RandomFlip

PARAMS = {"lr": 0.01, "batch_size": 16, "max_epochs": 3, "n_jobs": 1, "random_state": 0}
ESTIMATORS = [
    MLPClassifier((16,), norm="batch", **PARAMS),
    CNNClassifier((8, 8), hidden_units=(16,), **PARAMS),
]
both = pytest.mark.parametrize("estimator", ESTIMATORS, ids=["MLP", "CNN"])


@pytest.fixture
def images(digits):
    X, y = digits
    return X[:80], y[:80]


def fitted(estimator, X, y, **params):
    return clone(estimator).set_params(**params).fit(X, y)


@pytest.mark.parametrize("augment", ["light", "standard", "strong", RandomFlip()], ids=str)
@both
def test_a_prediction_does_not_depend_on_what_else_is_in_the_batch(estimator, augment, images):
    X, y = images
    model = fitted(estimator, X, y, augment=augment, tta=4)
    together = model.predict_proba(X)
    np.testing.assert_allclose(model.predict_proba(X[:3]), together[:3], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.predict_proba(X[::-1]), together[::-1], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.predict_proba(X[7:8]), together[7:8], rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(model.predict_proba(X), together)


@both
def test_two_views_of_a_flip_are_the_image_and_its_mirror_image(estimator, images):
    X, y = images
    model = fitted(estimator, X, y, augment=RandomFlip())
    expected = (model.predict_proba(X) + model.predict_proba(X[:, :, ::-1])) / 2
    model.set_params(tta=2)
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(expected), rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(model.predict(X), model.classes_[model.predict_proba(X).argmax(1)])
    np.testing.assert_array_equal(model.decision_function(X).argmax(1), model.predict_proba(X).argmax(1))


@both
def test_one_view_is_no_averaging_and_training_does_not_know_of_views(estimator, images):
    X, y = images
    one, four = (fitted(estimator, X, y, augment="light", tta=tta) for tta in (1, 4))
    assert (four.predict_proba(X) != one.predict_proba(X)).any()
    np.testing.assert_array_equal(four.set_params(tta=1).predict_proba(X), one.predict_proba(X))


def test_probabilities_of_views_sum_to_one_and_stay_of_the_users_dtype(images):
    X, y = images
    for dtype in ("float32", "float64"):
        model = fitted(ESTIMATORS[0], X, y, augment="standard", tta=3, dtype=dtype)
        assert model.predict_proba(X).dtype == dtype
        np.testing.assert_allclose(model.predict_proba(X).sum(1), 1, rtol=1e-5)


@pytest.mark.parametrize("augment", [None, torch.neg, Mixup(), []], ids=lambda augment: type(augment).__name__)
@both
def test_views_without_an_augmentation_that_has_some_are_refused_before_anything_is_trained(estimator, augment, images):
    model = clone(estimator).set_params(augment=augment, tta=4)
    with pytest.raises(ValueError, match=r"tta=4 averages predictions .* none to give\. Fit with augment='light'"):
        model.fit(*images)
    assert not hasattr(model, "net_")


@pytest.mark.parametrize("tta", [0, -1, 1.5, "2", None])
def test_the_number_of_views_is_a_positive_integer(tta, images):
    with pytest.raises(ValueError, match="The 'tta' parameter of MLPClassifier must be an int in the range"):
        fitted(ESTIMATORS[0], *images, augment="light", tta=tta)


def test_views_asked_for_after_a_fit_without_augmentation_are_refused(images):
    model = fitted(ESTIMATORS[0], *images).set_params(tta=4)
    with pytest.raises(ValueError, match="tta=4"):
        model.predict_proba(images[0])
