import numpy as np
import optuna
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupShuffleSplit,
    KFold,
    RepeatedKFold,
    ShuffleSplit,
    cross_validate,
)

from skimgcls.model_selection._candidates import read_candidates


def search_with(cv, guesser, blank_images):
    X, y = blank_images
    groups = {"groups": y} if isinstance(cv, GroupShuffleSplit) else {}
    return GridSearchCV(guesser(), {"quality": [0.1, 0.2]}, cv=cv).fit(X, y, **groups)


@pytest.mark.parametrize(
    ("cv", "size"),
    [
        (3, 20),
        (KFold(6), 10),
        (RepeatedKFold(n_splits=4, n_repeats=2), 15),
        (ShuffleSplit(2, test_size=0.25), 15),
        (ShuffleSplit(2, test_size=12), 12),
        (ShuffleSplit(2, train_size=0.75), 15),
        (ShuffleSplit(2), 6),
        ([(np.arange(50), np.arange(50, 60))], 10),
    ],
)
def test_the_size_of_a_test_fold_follows_from_the_splitter(cv, size, guesser, blank_images):
    assert read_candidates(search_with(cv, guesser, blank_images), n_images=60).test_size == pytest.approx(size)


def test_the_size_of_a_test_fold_is_unknown_where_groups_or_images_are(guesser, blank_images):
    search = search_with(GroupShuffleSplit(2, test_size=0.5), guesser, blank_images)
    assert np.isnan(read_candidates(search, n_images=60).test_size)
    assert np.isnan(read_candidates(search_with(3, guesser, blank_images)).test_size)


def test_one_fold_has_no_standard_deviation(guesser, blank_images):
    candidates = read_candidates(search_with([(np.arange(50), np.arange(50, 60))], guesser, blank_images))
    assert candidates.stds == {}
    assert list(candidates.means) == ["score"]


def test_columns_of_a_search_of_somebody_s_own_are_taken(guesser, blank_images):
    search = search_with(3, guesser, blank_images)
    search.cv_results_ |= {"epochs": np.array([2, 3]), "mean_energy": [1.0, 2.0], "notes": np.array([{}, []], object)}
    columns = read_candidates(search).columns
    assert columns["epochs"].tolist() == [2, 3]
    assert columns["energy"].tolist() == [1.0, 2.0]
    assert "notes" not in columns


def test_cross_validate_is_one_candidate(guesser, blank_images):
    results = cross_validate(guesser(0.7), *blank_images, cv=3, return_estimator=True, return_indices=True)
    candidates = read_candidates(results)
    assert candidates.means["score"].tolist() == [pytest.approx(0.7)]
    assert candidates.test_size == 20
    assert len(candidates.fitted[0]) == 3


def test_the_metric_is_called_by_its_name(guesser, blank_images):
    assert read_candidates(search_with(3, guesser, blank_images)).metric_label == "accuracy"
    X, y = blank_images
    search = GridSearchCV(LogisticRegression(), {"C": [1.0]}, scoring="neg_log_loss").fit(X, y)
    assert read_candidates(search).metric_label == "neg log loss"


def test_running_trials_are_left_out():
    study = optuna.create_study()
    study.enqueue_trial({"x": 1.0})
    study.ask()
    with pytest.raises(ValueError, match="no finished trial"):
        read_candidates(study)
    study.add_trial(optuna.trial.create_trial(value=1.0))
    assert read_candidates(study).index == [1]


@pytest.mark.parametrize("thing", [None, [1, 2], {"a": 1}])
def test_what_is_no_search_is_refused(thing):
    with pytest.raises(TypeError, match="Expected a fitted search"):
        read_candidates(thing)


def test_a_search_that_was_not_fitted_is_refused(guesser):
    with pytest.raises(ValueError, match="has not been fitted"):
        read_candidates(GridSearchCV(guesser(), {}))
    with pytest.raises(ValueError, match="is no search"):
        read_candidates(guesser())
