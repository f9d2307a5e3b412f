"""A search in threads and in processes finds what it finds alone; fits at the same time do not touch each other.

All tests with worker processes stand in this file: a new worker takes seconds to import torch, and is then used again.
"""

import numpy as np
import pytest
import torch
from joblib import parallel_config
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Checkpoint

from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.images import decode_images
from skimgcls.utils._estimator_contract import image_estimator_checks

pytestmark = pytest.mark.xdist_group("processes")

# n_jobs is pinned: bits are promised for the same number of torch threads, and a search leaves its workers fewer.
PARAMS = {"dropout": 0.3, "lr": 0.01, "batch_size": 16, "max_epochs": 3, "n_jobs": 1, "random_state": 0}
ESTIMATORS = [MLPClassifier((32,), **PARAMS), CNNClassifier((8, 8), hidden_units=(16,), **PARAMS)]
every_estimator = pytest.mark.parametrize("estimator", ESTIMATORS, ids=["MLP", "CNN"])
every_backend = pytest.mark.parametrize("backend", ["sequential", "threading", "loky"])
CHECKS = [check for estimator in ESTIMATORS for check in image_estimator_checks(estimator)]


@pytest.fixture
def images(digits):
    X, y = digits
    return X[:80], y[:80]


def assert_equal_searches(seen, expected, X):
    """To the bit, fold by fold and after the refit."""
    for split in range(expected.n_splits_):
        name = f"split{split}_test_score"
        np.testing.assert_array_equal(seen.cv_results_[name], expected.cv_results_[name])
    assert len(set(expected.cv_results_["mean_test_score"])) > 1
    np.testing.assert_array_equal(seen.predict_proba(X), expected.predict_proba(X))


@pytest.mark.parametrize("check", [check for check in CHECKS if check.name == "search_in_processes"], ids=str)
def test_the_contract_is_kept_in_processes(check):
    check()


@every_backend
@every_estimator
def test_a_search_over_dropout_is_equal_with_one_job_and_with_two(estimator, backend, images):
    search = GridSearchCV(estimator, {"dropout": [0.1, 0.5]}, cv=2, scoring="neg_log_loss", error_score="raise")
    expected = clone(search).set_params(n_jobs=1).fit(*images)
    with parallel_config(backend=backend):
        seen = clone(search).set_params(n_jobs=2).fit(*images)
    assert_equal_searches(seen, expected, images[0])


@every_backend
@every_estimator
def test_checkpoints_of_the_folds_of_a_search_do_not_touch_each_other(estimator, backend, images, tmp_path):
    # a checkpoint that saves each epoch and loads the last one must not change anything
    checkpoint = Checkpoint(monitor=None, dirname=str(tmp_path), load_best=True)
    search = GridSearchCV(estimator, {"lr": [0.01, 0.001]}, cv=3, scoring="neg_log_loss", error_score="raise")
    expected = clone(search).fit(*images)
    with parallel_config(backend=backend):
        model = clone(estimator).set_params(callbacks=[checkpoint])
        seen = clone(search).set_params(estimator=model, n_jobs=2).fit(*images)
    assert_equal_searches(seen, expected, images[0])
    weights = torch.load(tmp_path / "params.pt", weights_only=True)
    refitted = seen.best_estimator_.net_.module_.state_dict()
    assert weights.keys() == refitted.keys()
    assert all(torch.equal(weights[name], refitted[name]) for name in weights)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@every_estimator
def test_images_that_joblib_hands_over_as_a_read_only_memory_map_are_trained_on(estimator, images):
    X, y = (part.repeat(40, axis=0) for part in images)
    X = X.astype(np.float64)
    assert X.nbytes > 2**20  # from here on joblib maps what it hands to a worker
    members = [(str(seed), clone(estimator).set_params(random_state=seed, max_epochs=1)) for seed in range(2)]
    voting = VotingClassifier(members, voting="soft")
    expected = clone(voting).fit(X, y).predict_proba(X)
    with parallel_config(backend="loky"):
        np.testing.assert_array_equal(clone(voting).set_params(n_jobs=2).fit(X, y).predict_proba(X), expected)


@every_backend
@pytest.mark.parametrize("cached", [True, False])
def test_image_files_that_two_jobs_decode_at_once_give_the_models_of_the_decoded_images(
    cached, backend, photo_files, tmp_path
):
    paths, labels = photo_files
    model = clone(ESTIMATORS[0]).set_params(image_size=8, cache=tmp_path if cached else None)
    search = GridSearchCV(model, {"lr": [0.01, 0.001]}, cv=2, scoring="neg_log_loss", error_score="raise")
    arrays = decode_images(paths, 8)
    expected = clone(search).fit(arrays, labels)
    with parallel_config(backend=backend):
        seen = clone(search).set_params(n_jobs=2).fit(paths, labels)
    assert_equal_searches(seen, expected, arrays)
