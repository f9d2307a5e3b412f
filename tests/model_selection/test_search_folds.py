import threading

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.model_selection import GroupKFold, KFold, PredefinedSplit, StratifiedShuffleSplit, check_cv
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skimgcls import MLPClassifier
from skimgcls.model_selection._search_folds import search_folds


class Shift(TransformerMixin, BaseEstimator):
    """Takes an offset off, and counts its fits."""

    n_fits = 0

    def __init__(self, offset=0.0, fail=False):
        self.offset = offset
        self.fail = fail

    def fit(self, X, y=None, weight=None):
        type(self).n_fits += 1
        if self.fail:
            raise ValueError("mine")
        self.mean_ = np.average(X, axis=0, weights=weight) + self.offset
        return self

    def transform(self, X):
        return X - self.mean_


@pytest.fixture(autouse=True)
def counter():
    Shift.n_fits = 0


def folds_of(X, y, cv=2, split_params=None, fit_params=None, score_params=None):
    return search_folds(
        X,
        y,
        check_cv(cv),
        split_params=split_params or {},
        fit_params=fit_params or {},
        score_params=score_params or {},
    )


def pipeline(**params):
    return make_pipeline(Shift(**params), MLPClassifier())


# ------------------------------------------------------------------ division


@pytest.mark.parametrize(
    "cv",
    [
        KFold(3),
        StratifiedShuffleSplit(2, test_size=0.3, random_state=0),
        PredefinedSplit(np.arange(200) % 2),
        [(np.arange(100), np.arange(100, 200)), (np.arange(100, 200), np.arange(50))],
        [(list(range(150)), list(range(150, 200)))],
        [(np.arange(200) < 120, np.arange(200) >= 120)],
    ],
    ids=["k", "shuffle", "predefined", "arrays", "lists", "masks"],
)
def test_every_splitter_divides_images_and_labels_alike(cv, digits):
    X, y = digits
    folds = folds_of(X, y, cv)
    expected = list(check_cv(cv).split(X, y))
    assert len(folds) == len(expected)
    for fold, (train, test) in zip(folds, expected, strict=True):
        np.testing.assert_array_equal(fold.X_train.unread(), X[train])
        np.testing.assert_array_equal(fold.X_test.unread(), X[test])
        np.testing.assert_array_equal(fold.y_train, y[train])
        np.testing.assert_array_equal(fold.y_test, y[test])


@pytest.mark.parametrize("convert", [list, pd.Series, torch.from_numpy, lambda y: y.astype(str)])
def test_labels_are_divided_as_what_they_are(convert, digits):
    X, y = digits
    fold = folds_of(X, convert(y))[0]
    assert type(fold.y_train) is type(convert(y))
    assert list(map(str, np.asarray(fold.y_train))) == list(map(str, y[100:]))


def test_what_has_a_value_for_each_image_is_divided_and_the_rest_is_whole(digits):
    X, y = digits
    weights, groups = np.arange(200.0), np.arange(200) // 50
    params = {"sample_weight": weights, "X_val": X[:7], "setting": "a"}
    fold = folds_of(X, y, GroupKFold(4), {"groups": groups}, params, {"sample_weight": weights})[0]
    train, test = (set(np.flatnonzero(np.isin(X, each.unread()).all((1, 2)))) for each in (fold.X_train, fold.X_test))
    assert len(fold.X_train) == 150
    assert len(set(groups[fold.test_score_params["sample_weight"].astype(int)])) == 1
    assert set(fold.fit_params["sample_weight"]) <= train
    assert set(fold.test_score_params["sample_weight"]) <= test
    np.testing.assert_array_equal(fold.train_score_params["sample_weight"], fold.fit_params["sample_weight"])
    assert fold.fit_params["setting"] == "a"
    assert fold.fit_params["X_val"].shape == (7, 8, 8)


def test_folds_are_views_of_the_same_images(digits):
    first, second = folds_of(*digits)
    datasets = [each.dataset(MLPClassifier(), dtype="float32") for each in (first.X_train, second.X_test)]
    assert datasets[0].rows.data_ptr() == datasets[1].rows.data_ptr()


# ------------------------------------------------------------------ identity


@pytest.mark.parametrize(
    "change",
    [
        {"X": 1},
        {"y": 1},
        {"fit_params": {"sample_weight": np.arange(200)}},
        {"score_params": {"sample_weight": np.arange(200)}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_fold_is_recognised_until_something_that_results_depend_on_changes(change, digits):
    X, y = digits
    params = {"fit_params": {"sample_weight": np.ones(200)}}
    identities = {fold.identity for fold in folds_of(X, y, **params)}
    assert len(identities) == 2
    assert {fold.identity for fold in folds_of(X.copy(), y.copy(), **params)} == identities
    X, y = X.copy() + np.uint8(change.pop("X", 0)), y + change.pop("y", 0)
    assert identities.isdisjoint(fold.identity for fold in folds_of(X, y, **params | change))


# -------------------------------------------------------------- transformers


def test_transformers_are_fitted_once_for_all_candidates_with_equal_parameters(digits):
    X, y = digits
    fold = folds_of(X.reshape(200, -1), y)[0]
    results = [fold.transformed(pipeline(offset=offset), {}) for offset in (0.0, 1.0, 0.0, 1.0)]
    assert Shift.n_fits == 2
    assert results[0] is results[2]
    head, X_train, X_test = results[1]
    train, test = X[100:].reshape(100, -1), X[:100].reshape(100, -1)
    np.testing.assert_allclose(X_train.unread(), train - train.mean(0) - 1)
    np.testing.assert_allclose(X_test.unread(), test - train.mean(0) - 1)
    np.testing.assert_allclose(head.transform(test), X_test.unread())


def test_several_threads_fit_transformers_once(digits):
    fold = folds_of(digits[0].reshape(200, -1), digits[1])[0]
    barrier, found = threading.Barrier(4), []

    def transform():
        barrier.wait()
        found.append(fold.transformed(pipeline(), {}))

    threads = [threading.Thread(target=transform) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Shift.n_fits == 1
    assert all(each is found[0] for each in found)


def test_the_steps_of_the_candidate_are_not_fitted_themselves(digits):
    fold = folds_of(digits[0].reshape(200, -1), digits[1])[0]
    candidate = pipeline()
    fold.transformed(candidate, {})
    assert not hasattr(candidate.steps[0][1], "mean_")


def test_transformers_are_given_their_parameters(digits):
    X, y = digits[0].reshape(200, -1), digits[1]
    weight = np.arange(100.0)
    head, _, _ = folds_of(X, y)[0].transformed(pipeline(), {"shift__weight": weight})
    np.testing.assert_allclose(head.steps[0][1].mean_, np.average(X[100:], axis=0, weights=weight))


@pytest.mark.parametrize(
    "other",
    [
        make_pipeline(FunctionTransformer(np.sqrt), MLPClassifier()),
        make_pipeline("passthrough", MLPClassifier()),
        make_pipeline(Shift(), Shift(), MLPClassifier()),
        make_pipeline(Shift(offset=np.arange(64.0)), MLPClassifier()),
    ],
    ids=["class", "passthrough", "steps", "array"],
)
def test_other_transformers_are_told_apart(other, digits):
    fold = folds_of(digits[0].reshape(200, -1), digits[1])[0]
    for candidate in (pipeline(), other, pipeline(), other):
        seen = fold.transformed(candidate, {})[1].unread()
        np.testing.assert_allclose(seen, candidate[:-1].fit_transform(digits[0][100:].reshape(100, -1)))
    assert len(fold._heads) == 2


def test_of_ever_new_transformers_only_the_last_few_are_kept(digits):
    fold = folds_of(digits[0].reshape(200, -1), digits[1])[0]
    for offset in (0, 1, 2, 3, 0, 4, 5, 6):
        fold.transformed(pipeline(offset=offset), {})
    assert Shift.n_fits == 7
    fold.transformed(pipeline(offset=0), {})  # used later than 1, 2 and 3
    assert Shift.n_fits == 7
    assert len(fold._heads) == 4


def test_transformers_that_fail_leave_nothing_behind(digits):
    fold = folds_of(*digits)[0]
    for _ in range(2):
        with pytest.raises(ValueError, match="mine"):
            fold.transformed(pipeline(fail=True), {})
    assert Shift.n_fits == 2
