"""Every way of fitting and scoring goes through the journal unchanged: weights, routing, failures, files, two jobs."""

import os

import numpy as np
import pytest
from joblib import parallel_config
from PIL import Image
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.exceptions import FitFailedWarning
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skimgcls.model_selection import checkpoint
from skimgcls.model_selection._journal import Journal
from skimgcls.model_selection._journaled_estimator import JournaledEstimator, JournaledScorer
from tests.model_selection.test_checkpoint import (
    GRID,
    GROUPS,
    SEARCHES,
    TIMES,
    WEIGHTS,
    Loggable,
    X,
    assert_equal_results,
    log_of_fits,  # noqa: F401
    n_fits,
    pipeline,
    stop_and_resume,
    y,
)


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "journal")


def test_it_looks_like_its_estimator(journal):
    model = pipeline(GaussianNB())
    seen = JournaledEstimator(model, journal, "scoring")
    assert repr(seen) == repr(model)
    assert is_classifier(seen)
    assert seen.get_params() == model.get_params()
    assert seen.set_params(gaussiannb__var_smoothing=0.1) is seen
    assert model.get_params()["gaussiannb__var_smoothing"] == 0.1
    seen.remark = "mine"
    assert model.remark == "mine"
    del seen.remark
    assert not hasattr(model, "remark")
    assert not hasattr(seen, "classes_")
    assert list(seen.fit(X, y).classes_) == list(range(10))


def test_each_clone_of_a_fit_knows_its_place(journal):
    first = JournaledEstimator(GaussianNB(), journal, "scoring")
    base = clone(first)
    cells = [clone(base) for _ in range(3)]
    assert [cell._place for cell in cells] == [0, 1, 2]
    assert {cell._fit_id for cell in cells} == {first._fit_id}
    assert clone(clone(first))._fit_id not in (None, cells[0]._fit_id)


def test_what_was_not_fitted_is_fitted_when_somebody_asks_for_what_it_learnt(journal, tmp_path, log):
    JournaledScorer(lambda *_: 1.0, 0)(JournaledEstimator(Loggable(), journal, "").fit(X, y), X, y)
    later = JournaledEstimator(Loggable(), Journal(tmp_path / "journal"), "").fit(X, y)
    assert n_fits(log) == 1
    assert later.predict(X).shape == (120,)
    assert n_fits(log) == 2


def test_a_scorer_keeps_what_its_scorer_says_of_itself_and_scores_other_estimators():
    scorer = make_scorer(accuracy_score)
    seen = JournaledScorer(scorer, 0)
    assert seen._score_func is scorer._score_func
    assert seen.get_metadata_routing().__class__ is scorer.get_metadata_routing().__class__
    assert not hasattr(JournaledScorer(lambda *_: 1, 0), "get_metadata_routing")
    model = GaussianNB().fit(X, y)
    assert seen(model, X, y) == model.score(X, y)


@pytest.mark.parametrize(
    "options",
    [
        {"scoring": ["accuracy", "neg_log_loss"], "refit": "accuracy"},
        {"scoring": "accuracy", "return_train_score": True},
        {},
    ],
)
def test_weights_and_groups_are_handed_on_and_recognised(options, tmp_path, log, monkeypatch):
    search = GridSearchCV(Loggable(), GRID, cv=GroupKFold(3), **options)
    params = {"sample_weight": WEIGHTS, "groups": GROUPS}
    expected, seen, journal = stop_and_resume(search, tmp_path / "journal", log, monkeypatch, **params)
    assert_equal_results(seen, expected)
    assert journal.n_reused >= 2
    unweighted = clone(search).fit(X, y, groups=GROUPS)
    assert unweighted.cv_results_["mean_test_" + str(options.get("refit", "score"))].tolist() != (
        expected.cv_results_["mean_test_" + str(options.get("refit", "score"))].tolist()
    )
    with checkpoint(search, tmp_path / "journal") as journal:
        search.fit(X, y, groups=GROUPS)
    assert journal.n_reused == 0
    assert_equal_results(search, unweighted)


@pytest.mark.parametrize("scores_weighted", [False, True])
@pytest.mark.parametrize("several", [False, True])
def test_metadata_is_routed(scores_weighted, several, tmp_path, log, monkeypatch):
    with config_context(enable_metadata_routing=True):
        estimator = pipeline(Loggable().set_fit_request(sample_weight=True).set_score_request(sample_weight=True))
        scorer = make_scorer(accuracy_score).set_score_request(sample_weight=scores_weighted)
        scoring = {"a": scorer, "b": make_scorer(accuracy_score).set_score_request(sample_weight=True)}
        options = {"scoring": scoring, "refit": "a"} if several else {"scoring": scorer}
        search = GridSearchCV(estimator, {"loggable__var_smoothing": [1e-9, 1e-2]}, cv=GroupKFold(3), **options)
        params = {"sample_weight": WEIGHTS, "groups": GROUPS}
        expected, seen, _ = stop_and_resume(search, tmp_path / "journal", log, monkeypatch, **params)
        assert_equal_results(seen, expected)


def test_files_are_read_as_before_and_recognised(tmp_path, log, monkeypatch):
    paths = []
    for number, image in enumerate(np.clip(X, 0, 16).reshape(-1, 8, 8)):
        paths.append(str(tmp_path / f"{number}.png"))
        Image.fromarray((image * 15).astype(np.uint8)).save(paths[-1])
    read = FunctionTransformer(read_rows)
    search = GridSearchCV(make_pipeline(read, Loggable()), {"loggable__var_smoothing": [1e-3, 1e-2]}, cv=3, refit=False)
    data = (np.array(paths), y)
    expected, seen, _ = stop_and_resume(search, tmp_path / "journal", log, monkeypatch, data=data)
    assert_equal_results(seen, expected)
    os.utime(paths[0], ns=(1, 1))
    with checkpoint(search, tmp_path / "journal") as journal:
        search.fit(*data)
    assert journal.n_reused == 0  # it is in a part of every fold


def read_rows(paths):
    return np.stack([np.asarray(Image.open(path)).ravel() for path in paths])


def test_times_are_those_of_the_real_fits(tmp_path, monkeypatch):
    search = GridSearchCV(Loggable(), GRID, cv=3)
    with checkpoint(search, tmp_path):
        search.fit(X, y)
    expected = {name: search.cv_results_[name].copy() for name in TIMES}
    assert all((expected[name] > 0).all() for name in TIMES)
    assert np.mean([record["fit_seconds"] for record in Journal(tmp_path)._records.values()]) == pytest.approx(
        expected["mean_fit_time"].mean()
    )
    with checkpoint(search, tmp_path):
        search.fit(X, y)
    for name in TIMES:
        np.testing.assert_array_equal(search.cv_results_[name], expected[name])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning", "ignore:One or more of the test scores")
def test_failed_fits_are_tried_again(tmp_path, log):
    search = GridSearchCV(Loggable(), {"var_smoothing": [1e-9, 0.5]}, cv=3)
    expected = clone(search).fit(X, y)
    for n_found in (0, 3):
        with checkpoint(search, tmp_path) as journal:
            search.fit(X, y)
        assert journal.n_reused == n_found
        assert_equal_results(search, expected)
        assert (search.cv_results_["mean_fit_time"] > 0).all()
    with pytest.warns(FitFailedWarning, match="no such smoothing"), checkpoint(search, tmp_path):
        search.fit(X, y)
    search.set_params(error_score="raise")
    with pytest.raises(ValueError, match="no such smoothing"), checkpoint(search, tmp_path):
        search.fit(X, y)


def sometimes(estimator, X, y):
    if estimator.var_smoothing == 1e-9:
        raise ValueError("no score")
    return estimator.score(X, y)


@pytest.mark.filterwarnings("ignore:One or more of the test scores", "ignore:Scoring failed")
@pytest.mark.parametrize("scoring", [sometimes, {"a": "accuracy", "b": sometimes}])
def test_failed_scores_are_those_of_the_search_and_tried_again(scoring, tmp_path, log):
    search = GridSearchCV(Loggable(), GRID, cv=3, scoring=scoring, refit=False)
    expected = clone(search).fit(X, y)
    for _ in range(2):
        log.unlink()
        with checkpoint(search, tmp_path) as journal:
            search.fit(X, y)
        assert_equal_results(search, expected)
    assert (n_fits(log), journal.n_reused) == (3, 9)
    with pytest.warns(UserWarning, match=r"(?s)Scoring failed.*no score"), checkpoint(search, tmp_path):
        search.fit(X, y)
    search.set_params(error_score="raise")
    with pytest.raises(ValueError, match="no score"), checkpoint(search, tmp_path):
        search.fit(X, y)


def test_train_scores_that_are_asked_for_later_are_computed(tmp_path, log):
    search = GridSearchCV(Loggable(), GRID, cv=3)
    with checkpoint(search, tmp_path):
        search.fit(X, y)
    search.set_params(return_train_score=True)
    expected = clone(search).fit(X, y)
    for _ in range(2):
        log.unlink()
        with checkpoint(search, tmp_path):
            search.fit(X, y)
        assert_equal_results(search, expected)
    assert n_fits(log) == 1


def test_a_fold_that_trains_on_everything_does_not_cost_the_refit(tmp_path, log):
    everything = np.arange(120)
    search = GridSearchCV(Loggable(), GRID, cv=[(everything, everything[::2])])
    for n_expected in (5, 1):
        with checkpoint(search, tmp_path):
            search.fit(X, y)
        assert n_fits(log) == n_expected
        log.unlink()
        assert search.best_estimator_.predict(X).shape == (120,)
        assert search.refit_time_ > 0


@pytest.mark.xdist_group("processes")
@pytest.mark.parametrize("backend", ["threading", "loky"])
@pytest.mark.parametrize("name", ["train scores", "list of metrics", "pipeline", "halving"])
def test_two_jobs_write_and_find_the_same_records(backend, name, tmp_path, log):
    search = clone(SEARCHES[name])
    expected = clone(search).fit(X, y)
    n_cells = len(expected.cv_results_["params"]) * expected.n_splits_
    search.set_params(n_jobs=2)
    with parallel_config(backend=backend):
        for n_found in (0, n_cells):
            log.unlink(missing_ok=True)
            with checkpoint(search, tmp_path / "journal") as journal:
                search.fit(X, y)
            assert_equal_results(search, expected)
            assert journal.n_reused == n_found
            assert (search.cv_results_["mean_fit_time"] > 0).all()
    if backend == "threading":  # workers were started with another environment
        assert n_fits(log) == 1
    search.set_params(n_jobs=1)
    with checkpoint(search, tmp_path / "journal") as journal:
        search.fit(X, y)
    assert journal.n_reused == n_cells


def test_searches_share_a_directory(tmp_path, log):
    with checkpoint(small := GridSearchCV(Loggable(), {"var_smoothing": [1e-3]}, cv=3), tmp_path):
        small.fit(X, y)
    search = GridSearchCV(Loggable(), GRID, cv=3)
    with checkpoint(search, tmp_path) as journal:
        search.fit(X, y)
        assert journal.n_reused == 3  # also before the context is left
    assert journal.n_reused == 3


def test_a_damaged_line_costs_a_warning_and_a_fit(tmp_path, log):
    search = GridSearchCV(Loggable(), GRID, cv=3)
    with checkpoint(search, tmp_path):
        search.fit(X, y)
    (path,) = tmp_path.glob("*.jsonl")
    records = [number for number, line in enumerate(path.read_bytes().splitlines()) if b'"record"' in line]
    lines = path.read_bytes().splitlines(keepends=True)
    lines[records[4]] = lines[records[4]][:40] + b"\n"
    path.write_bytes(b"".join(lines))
    log.unlink()
    with pytest.warns(UserWarning, match=f"Line {records[4] + 1} of "), checkpoint(search, tmp_path) as journal:
        search.fit(X, y)
    assert (n_fits(log), journal.n_reused) == (2, 11)
