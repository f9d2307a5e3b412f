"""The list of checks: what is in it, what their images are like, and what a check says."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from skimgcls import MLPClassifier
from skimgcls.utils import _contract_checks, _estimator_contract
from skimgcls.utils._estimator_contract import (
    INPUT_FORMS,
    REFUSED_UNLESS_FLAT,
    image_estimator_checks,
    make_learnable_images,
)

SPACE = {"var_smoothing": [1e-9, 1e9]}


@pytest.mark.parametrize(
    ("form", "shape", "dtype", "largest"),
    [
        ("flat", (72, 64), np.float64, 1),
        ("gray", (72, 8, 8), np.uint8, 255),
        ("rgb", (72, 8, 8, 3), np.uint8, 255),
        ("channels_first", (72, 1, 8, 8), np.float32, 1),
        ("tensor", (72, 3, 8, 8), torch.float32, 1),
    ],
)
def test_the_images_have_the_form_that_is_promised(form, shape, dtype, largest):
    X, y = make_learnable_images(form)
    assert tuple(X.shape) == shape
    assert X.dtype == dtype
    assert largest / 2 < float(X.max()) <= largest
    assert y.tolist() == ["bar"] * 24 + ["cross"] * 24 + ["dot"] * 24


def test_the_forms_hold_the_same_images():
    rgb, tensor = make_learnable_images("rgb")[0], make_learnable_images("tensor")[0]
    np.testing.assert_allclose(np.moveaxis(tensor.numpy(), 1, -1) * 255, rgb, rtol=1e-6)
    gray = make_learnable_images("gray")[0]
    np.testing.assert_array_equal(gray, rgb[..., 0])
    np.testing.assert_allclose(make_learnable_images("flat")[0] * 255, gray.reshape(72, -1))
    np.testing.assert_allclose(make_learnable_images("channels_first")[0][:, 0] * 255, gray, rtol=1e-6)


@pytest.mark.parametrize("image_size", [2, 8, 32])
def test_the_images_of_any_size_can_be_told_apart(image_size):
    X, y = make_learnable_images("flat", image_size)
    assert X.shape == (72, image_size**2)
    assert GaussianNB().fit(X[::2], y[::2]).score(X[1::2], y[1::2]) > 0.9


def test_each_check_is_listed_with_each_form_under_a_name_of_its_own():
    checks = image_estimator_checks(GaussianNB(), search_space=SPACE)
    names = {check.name for check in checks}
    assert {(check.name, check.form) for check in checks} == {(name, form) for name in names for form in INPUT_FORMS}
    assert len({str(check) for check in checks}) == len(checks)
    assert "GaussianNB-grid_search-flat" in {str(check) for check in checks}


def test_what_the_estimator_does_not_offer_is_not_checked():
    def names(estimator, **space):
        return {check.name for check in image_estimator_checks(estimator, **space)}

    everything = names(MLPClassifier())
    assert everything - names(GaussianNB(), search_space=SPACE) == {"halving_over_epochs", "partial_fit_in_lock_step"}

    class Unweighted(MLPClassifier):
        def fit(self, X, y):
            return super().fit(X, y)

    weighted = {"sample_weight_routing", "sample_weight_in_pipeline", "boosting"}
    assert everything - names(Unweighted()) == weighted


def test_the_estimator_is_made_comparable_and_left_as_it_was():
    clf = MLPClassifier(lr=0.5)
    check = image_estimator_checks(clf)[0]
    assert (check.estimator.random_state, check.estimator.n_jobs) == (0, 1)
    assert (clf.random_state, clf.n_jobs) == (None, None)
    assert check.search_space == {"lr": [0.5, 0.5e-6]}
    assert image_estimator_checks(MLPClassifier(random_state=3))[0].estimator.random_state == 3


def test_running_a_check_leaves_its_estimator_unfitted():
    clf = MLPClassifier((8,), lr=0.02, batch_size=8, max_epochs=3)
    checks = {str(check): check for check in image_estimator_checks(clf)}
    check = checks["MLPClassifier-fit_and_predict-gray"]
    check()
    check()
    assert not hasattr(check.estimator, "net_")


def test_a_search_space_is_asked_for_where_there_is_no_lr():
    with pytest.raises(ValueError, match=r"LogisticRegression has no parameter 'lr'.*Pass search_space"):
        image_estimator_checks(LogisticRegression())


@pytest.mark.parametrize("name", REFUSED_UNLESS_FLAT)
@pytest.mark.parametrize("form", INPUT_FORMS[1:])
def test_what_scikit_learn_refuses_it_refuses_whatever_the_estimator(name, form):
    checks = {(check.name, check.form): check for check in image_estimator_checks(GaussianNB(), search_space=SPACE)}
    assert checks[name, form].refused_because == REFUSED_UNLESS_FLAT[name]
    checks[name, form]()
    assert checks[name, "flat"].refused_because is None


def test_a_tool_that_no_longer_refuses_a_form_is_noticed(monkeypatch):
    monkeypatch.setitem(REFUSED_UNLESS_FLAT, "fit_and_predict", "an outdated belief")
    checks = {str(check): check for check in image_estimator_checks(GaussianNB(), search_space=SPACE)}
    with pytest.raises(AssertionError, match="scikit-learn now takes the form 'rgb' for fit_and_predict"):
        checks["GaussianNB-fit_and_predict-rgb"]()


def test_a_refusal_for_another_reason_is_noticed(monkeypatch):
    def check_bagging(estimator, X, y):
        raise ValueError("no such thing")

    monkeypatch.setattr(_contract_checks, "check_bagging", check_bagging)
    checks = {str(check): check for check in image_estimator_checks(GaussianNB(), search_space=SPACE)}
    with pytest.raises(AssertionError, match="bagging refused the form 'rgb' for an unknown reason"):
        checks["GaussianNB-bagging-rgb"]()


def test_the_list_is_public():
    assert image_estimator_checks is _estimator_contract.image_estimator_checks
