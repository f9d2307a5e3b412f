"""Searches by epochs take whatever GridSearchCV takes, and score it to the same bit."""

import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from PIL import Image
from sklearn.base import clone
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold, StratifiedShuffleSplit, cross_val_score
from sklearn.neural_network import MLPClassifier as SklearnMLP
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skimgcls.images import decode_images
from skimgcls.training import ImageDataset, _prepared_images
from tests.model_selection.test_epochwise_search_cv import (
    GRID,
    assert_as_grid_search,
    both,
    by_candidate,
    from_optuna,
    network,
    own_score,
    quiet_optuna,  # noqa: F401
)

# -------------------------------------------------------------------- images


def as_frame(X):
    return pd.DataFrame(X.reshape(len(X), -1)).add_prefix("p")


def as_colour(X):
    return np.stack([X, 255 - X, X // 2], axis=-1)


IMAGES = {
    "flat": lambda X: X.reshape(len(X), -1),
    "frame": as_frame,
    "list": list,
    "lists": lambda X: X.tolist(),
    "tensor": torch.from_numpy,
    "colour": as_colour,
    "floats": lambda X: X / 16,
}


@both
@pytest.mark.parametrize("scoring", [None, own_score], ids=["score", "own"])
@pytest.mark.parametrize("convert", IMAGES.values(), ids=IMAGES)
def test_images_may_have_any_form(make, convert, scoring, digits):
    X, y = digits
    search = assert_as_grid_search(make, network(), GRID, convert(X), y, scoring=scoring)
    assert hasattr(search, "feature_names_in_") == (convert is as_frame)


@both
@pytest.mark.parametrize(
    "convert",
    [lambda y: y.astype(str), list, pd.Series, lambda y: y > 4, lambda y: pd.Series(y.astype(str), dtype="category")],
)
def test_labels_may_have_any_form(make, convert, digits):
    X, y = digits
    assert_as_grid_search(make, network(), GRID, X, convert(y))


@both
def test_image_files_are_decoded_by_a_step_before_the_network(make, digits, tmp_path):
    X, y = digits
    paths = np.array([str(tmp_path / f"{number}.png") for number in range(60)])
    for path, image in zip(paths, X, strict=False):
        Image.fromarray(image * np.uint8(15)).save(path)
    decode = FunctionTransformer(decode_images, kw_args={"image_size": 8})
    search = assert_as_grid_search(
        make, Pipeline([("read", decode), ("clf", network())]), {"clf__lr": [0.01, 0.1]}, paths, y[:60]
    )
    assert search.predict(paths[:3]).shape == (3,)


@both
def test_images_are_read_once_and_scaled_once_in_each_fold(make, digits, monkeypatch):
    X, y = digits
    read, scaled = [], []
    read_images, moments = _prepared_images.read_images, ImageDataset._moments_of_bytes
    monkeypatch.setattr(_prepared_images, "read_images", lambda X, **p: read.append(len(X)) or read_images(X, **p))
    monkeypatch.setattr(
        ImageDataset, "_moments_of_bytes", lambda self, size: scaled.append(len(self)) or moments(self, size)
    )
    make(network(), {"lr": [0.003, 0.01, 0.03]}, cv=4, refit=False, return_train_score=True).fit(X[:180], y[:180])
    assert read == [180]
    assert sorted(scaled) == [135] * 4


@both
def test_a_buffer_that_was_filled_anew_is_read_anew(make, digits):
    X, y = digits
    search, buffer = make(network(), GRID), X[:100].copy()
    search.fit(buffer, y[:100])
    buffer[:] = X[100:]
    if make is from_optuna:
        search.set_params(sampler=from_optuna(network(), GRID).sampler)
    search.fit(buffer, y[100:])
    assert by_candidate(search) == by_candidate(GridSearchCV(network(), GRID, cv=2).fit(X[100:], y[100:]))


# ------------------------------------------------------- folds, weights, steps


@both
def test_it_is_nested_in_cross_validation_and_in_a_pipeline(make, digits):
    X, y = digits
    search, grid = make(network(), GRID), GridSearchCV(network(), GRID, cv=2)
    np.testing.assert_array_equal(cross_val_score(search, X, y, cv=2), cross_val_score(grid, X, y, cv=2))
    flat = X.reshape(200, -1)
    seen, expected = (make_pipeline(StandardScaler(), each).fit(flat, y) for each in (search, grid))
    np.testing.assert_array_equal(seen.predict_proba(flat), expected.predict_proba(flat))


@both
@pytest.mark.parametrize(
    "cv",
    [
        StratifiedShuffleSplit(2, test_size=0.3, random_state=0),
        [(np.arange(100), np.arange(100, 200)), (np.arange(50, 200), np.arange(50))],
        [(np.arange(200) < 120, np.arange(200) >= 120)],
    ],
    ids=["shuffle", "arrays", "masks"],
)
def test_every_splitter_works(make, cv, digits):
    assert_as_grid_search(make, network(), GRID, *digits, cv=cv)


@both
@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("routing", [False, True])
def test_weights_and_groups_reach_fits_scores_and_folds(make, routing, n_jobs, digits, rng):
    weights = {"sample_weight": rng.uniform(0.1, 2, 200), "groups": np.arange(200) % 7}
    with sklearn.config_context(enable_metadata_routing=routing):
        estimator = network()
        if routing:
            estimator.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        assert_as_grid_search(make, estimator, GRID, *digits, weights, cv=GroupKFold(3), n_jobs=n_jobs)


@both
@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("routing", [False, True])
def test_steps_before_the_network_are_searched_too(make, routing, n_jobs, digits, rng):
    flat, weights = digits[0].reshape(200, -1), rng.uniform(0.1, 2, 200)
    grid = {"clf__lr": [0.003, 0.03], "scaler__with_mean": [True, False]}
    with sklearn.config_context(enable_metadata_routing=routing):
        steps = {"scaler": StandardScaler(), "clf": network()}
        params, scoring = {f"{name}__sample_weight": weights for name in steps}, None
        if routing:
            params = {"sample_weight": weights}
            steps["scaler"].set_fit_request(sample_weight=True)
            steps["clf"].set_fit_request(sample_weight=True)
            scoring = make_scorer(accuracy_score).set_score_request(sample_weight=True)
        pipeline = Pipeline(list(steps.items()))
        assert_as_grid_search(make, pipeline, grid, flat, digits[1], params, n_jobs=n_jobs, scoring=scoring)


@both
def test_a_step_that_candidates_share_is_fitted_once_in_each_fold(make, digits):
    fitted = []
    head = FunctionTransformer(lambda X: fitted.append(len(X)) or X / 2)
    make(make_pipeline(head, network()), {"mlpclassifier__lr": [0.003, 0.01, 0.03]}, refit=False).fit(*digits)
    assert fitted == [100] * 4  # training and test images of two folds


@both
@pytest.mark.parametrize(
    ("estimator", "grid"),
    [(SGDClassifier(max_iter=3, random_state=0), "alpha"), (SklearnMLP((8,), max_iter=3, random_state=0), "alpha")],
)
def test_estimators_of_sklearn_that_train_by_epochs_are_searched(make, estimator, grid, digits):
    X, y = digits[0].reshape(200, -1) / 16, digits[1]
    cv = [(np.arange(100, 200), np.arange(100))]
    search = make(estimator, {grid: [1e-4, 1e-2]}, refit=False, cv=cv).fit(X, y)
    one = clone(estimator).set_params(**search.best_params_)
    for _ in range(3):
        one.partial_fit(X[100:], y[100:], classes=np.unique(y))
    assert search.cv_results_["split0_test_score"][search.best_index_] == one.score(X[:100], y[:100])
