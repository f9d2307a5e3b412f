"""A search that was killed ends like one that was not, for the price of the fits in flight.

Tests with worker processes stand in one group, as in tests/test_parallel.py.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.metrics import accuracy_score, get_scorer, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    KFold,
    RandomizedSearchCV,
    ShuffleSplit,
)
from sklearn.model_selection._search import BaseSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skimgcls import MLPClassifier
from skimgcls.model_selection import checkpoint, results_frame

RNG = np.random.default_rng(0)
X, y = load_digits(return_X_y=True)
X, y = X[:120] + RNG.normal(0, 6, (120, 64)), y[:120]
WEIGHTS, GROUPS = RNG.uniform(0.1, 2, 120), np.arange(120) % 7
GRID = {"var_smoothing": [1e-9, 1e-3, 1e-2, 1e-1]}
TIMES = {f"{stat}_{kind}_time" for stat in ("mean", "std") for kind in ("fit", "score")}


class Stopped(BaseException):
    """As a Ctrl-C: no search goes on after it."""


class Loggable(GaussianNB):
    """Writes a line for each fit to the file that LOG_OF_FITS names; ends its process, or stops, in that of STOP_AT."""

    def fit(self, X, y, sample_weight=None):
        if self.var_smoothing == 0.5:
            raise ValueError("no such smoothing")
        if "LOG_OF_FITS" in os.environ:
            log = Path(os.environ["LOG_OF_FITS"])
            with open(log, "a") as file:
                file.write(f"{len(y)}\n")
            if n_fits(log) == int(os.environ.get("STOP_AT", 0)):
                raise Stopped
            if n_fits(log) == int(os.environ.get("KILL_AT", 0)):
                os.kill(os.getpid(), signal.SIGKILL)
        return super().fit(X, y, sample_weight)


def n_fits(log):
    return len(log.read_text().splitlines()) if log.exists() else 0


@pytest.fixture(name="log")
def log_of_fits(tmp_path, monkeypatch):
    monkeypatch.setenv("LOG_OF_FITS", str(tmp_path / "fits"))
    return tmp_path / "fits"


def two_scores(estimator, X, y):
    predicted = estimator.predict(X)
    return {"right": np.mean(predicted == y), "wrong": -np.mean(predicted != y)}


def inverted(estimator, X, y):
    return -estimator.score(X, y)


class TwoRounds(BaseSearchCV):
    """Somebody's own search: the best smoothing of a first round decides on a second one."""

    def __init__(self, estimator, cv=None):
        super().__init__(estimator, cv=cv)

    def _run_search(self, evaluate_candidates):
        results = evaluate_candidates([{"var_smoothing": 1e-9}, {"var_smoothing": 1e-2}])
        best = results["params"][np.argmax(results["mean_test_score"])]["var_smoothing"]
        evaluate_candidates([{"var_smoothing": 3 * best}])


def pipeline(estimator):
    return make_pipeline(MinMaxScaler(), estimator)


PIPELINE_GRID = {"loggable__var_smoothing": [1e-3, 1e-2], "minmaxscaler": [MinMaxScaler(), "passthrough"]}
SEARCHES = {
    "grid": GridSearchCV(Loggable(), GRID, cv=3),
    "train scores": GridSearchCV(Loggable(), GRID, cv=3, return_train_score=True),
    "no refit": GridSearchCV(Loggable(), GRID, cv=3, refit=False),
    "refit callable": GridSearchCV(Loggable(), GRID, cv=3, refit=lambda results: 1),
    "metric by name": GridSearchCV(Loggable(), GRID, cv=3, scoring="neg_log_loss"),
    "metric by function": GridSearchCV(Loggable(), GRID, cv=3, scoring=inverted),
    "list of metrics": GridSearchCV(
        Loggable(), GRID, cv=3, scoring=["accuracy", "neg_log_loss"], refit="neg_log_loss", return_train_score=True
    ),
    "dict of metrics": GridSearchCV(
        Loggable(), GRID, cv=3, scoring={"a": "accuracy", "b": make_scorer(accuracy_score, normalize=False)}, refit="b"
    ),
    "several from one function": GridSearchCV(Loggable(), GRID, cv=3, scoring=two_scores, refit="right"),
    "pipeline": GridSearchCV(pipeline(Loggable()), PIPELINE_GRID, cv=3),
    "lists of grids": GridSearchCV(Loggable(), [GRID, {"priors": [np.full(10, 0.1)]}, {}], cv=3),
    "randomized": RandomizedSearchCV(Loggable(), GRID, n_iter=3, random_state=0, cv=3),
    "repeated candidates": GridSearchCV(Loggable(), {"var_smoothing": [1e-3, 1e-2, 1e-3]}, cv=3),
    "halving": HalvingGridSearchCV(Loggable(), GRID, cv=3, factor=2, min_resources=60, random_state=0),
    "halving on parameter": HalvingRandomSearchCV(
        pipeline(Loggable()), {"minmaxscaler": [MinMaxScaler(), "passthrough"]}, n_candidates=2, cv=3, factor=2,
        resource="loggable__var_smoothing", max_resources=4, random_state=0,
    ),
    "one fold": GridSearchCV(Loggable(), GRID, cv=ShuffleSplit(1, random_state=0)),
    "own search": TwoRounds(Loggable(), cv=3),
}  # fmt: skip
every_search = pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)


def assert_equal_results(seen, expected):
    """All of what two searches found, to the bit, and in the same order; the times are those of another day."""
    assert list(seen.cv_results_) == list(expected.cv_results_)
    for name, values in expected.cv_results_.items():
        if name not in TIMES:
            assert as_text(seen.cv_results_[name]) == as_text(values)
    new = {name for name in vars(seen) if name not in vars(expected)}
    assert not new
    for name in ("best_index_", "best_score_", "multimetric_", "n_splits_"):
        assert getattr(seen, name, None) == getattr(expected, name, None)
    assert str(getattr(seen, "best_params_", None)) == str(getattr(expected, "best_params_", None))
    assert repr(seen.scorer_) == repr(expected.scorer_)
    assert type(seen.scorer_) is type(expected.scorer_)
    if hasattr(expected, "best_estimator_"):
        assert type(seen.best_estimator_) is type(expected.best_estimator_)
        np.testing.assert_array_equal(seen.predict_proba(X), expected.predict_proba(X))


def as_text(values):
    """Numbers to their last bit, estimators by their parameters, nothing of what a mask hides."""
    return repr(values.tolist() if hasattr(values, "tolist") else values)


def stop_and_resume(search, directory, log, monkeypatch, data=(X, y), **params):
    """Fit a copy undisturbed, stop another in the middle, and resume that: (expected, resumed, journal)."""
    expected = clone(search).fit(*data, **params)
    n_undisturbed = n_fits(log)
    log.unlink()
    monkeypatch.setenv("STOP_AT", str(n_undisturbed // 2))
    with pytest.raises(Stopped), checkpoint(search, directory):
        search.fit(*data, **params)
    monkeypatch.delenv("STOP_AT")
    log.unlink()
    with checkpoint(search, directory) as journal:
        search.fit(*data, **params)
    assert n_fits(log) == n_undisturbed - journal.n_reused
    return expected, search, journal


@every_search
def test_a_search_that_was_stopped_ends_like_one_that_was_not(search, tmp_path, log, monkeypatch):
    search = clone(search)
    estimator, scoring = search.estimator, search.scoring
    expected, seen, journal = stop_and_resume(search, tmp_path / "journal", log, monkeypatch)
    assert_equal_results(seen, expected)
    assert journal.n_reused >= 1
    assert search.estimator is estimator
    assert search.scoring is scoring


@every_search
def test_a_search_that_is_run_again_fits_nothing_but_the_winner(search, tmp_path, log):
    search = clone(search)
    with checkpoint(search, tmp_path) as journal:
        search.fit(X, y)
    assert journal.n_reused == 0
    first = clone(search).fit(X, y)
    log.unlink()
    with checkpoint(search, tmp_path) as journal:
        search.fit(X, y)
    assert_equal_results(search, first)
    assert n_fits(log) == (1 if search.refit else 0)
    assert journal.n_reused == len(search.cv_results_["params"]) * search.n_splits_
    assert not search.refit or search.refit_time_ > 0


def test_a_search_over_networks_is_resumed_to_the_bit(tmp_path, digits):
    images, labels = digits
    network = MLPClassifier((16,), max_epochs=2, random_state=0, n_jobs=1)
    search = GridSearchCV(network, {"lr": [1e-3, 1e-2], "dropout": [0.0, 0.3]}, cv=2, scoring="neg_log_loss")
    expected = clone(search).fit(images, labels)
    with checkpoint(search, tmp_path):
        clone(search)  # others may copy it meanwhile
        search.fit(images, labels)
    with checkpoint(search, tmp_path) as journal:
        search.fit(images, labels)
    assert journal.n_reused == 8
    for split in range(2):
        name = f"split{split}_test_score"
        np.testing.assert_array_equal(search.cv_results_[name], expected.cv_results_[name])
    np.testing.assert_array_equal(search.predict_proba(images), expected.predict_proba(images))
    assert results_frame(search)["epochs"].tolist() == [2] * 4


@pytest.mark.parametrize(
    "changes",
    [
        {"X": X + 1},
        {"y": y[::-1]},
        {"cv": 4},
        {"estimator__priors": np.full(10, 0.1)},
        {"scoring": "accuracy"},
        {"estimator": pipeline(Loggable()), "param_grid": {"loggable__var_smoothing": GRID["var_smoothing"]}},
        {"version": "another"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_was_computed_from_something_else_is_not_used(changes, tmp_path, log, monkeypatch):
    search = GridSearchCV(Loggable(), GRID, cv=3)
    with checkpoint(search, tmp_path):
        search.fit(X, y)
    data = changes.pop("X", X), changes.pop("y", y)
    if "version" in changes:
        version, module = changes.pop("version"), sys.modules[checkpoint.__module__]
        monkeypatch.setattr(module, "code_version", lambda: version)
    search.set_params(**changes)
    with checkpoint(search, tmp_path) as journal:
        search.fit(*data)
    assert (journal.n_reused, journal.n_records) == (0, 12)
    assert_equal_results(search, clone(search).fit(*data))


def test_the_search_is_as_before_after_an_error_too(tmp_path):
    search = GridSearchCV(estimator := Loggable(), GRID, cv=3, scoring="accuracy")
    for _ in range(2):
        with pytest.raises(RuntimeError, match="mine"), checkpoint(search, tmp_path):  # noqa: PT012
            assert search.get_params()["estimator__var_smoothing"] == 1e-9
            assert repr(search.estimator) == repr(estimator)
            search.fit(X, y)
            assert search.score(X, y) == np.mean(search.predict(X) == y)
            raise RuntimeError("mine")
        assert search.estimator is estimator
        assert search.scoring == "accuracy"
        assert type(search.best_estimator_) is Loggable
        assert type(search.scorer_) is type(get_scorer("accuracy"))
    assert "Journal" not in repr(vars(search))


def test_parameters_that_are_set_inside_stay_set(tmp_path):
    search = GridSearchCV(Loggable(), GRID, cv=3)
    with checkpoint(search, tmp_path):
        search.set_params(estimator__var_smoothing=0.2)
        search.fit(X, y)
    assert search.estimator.var_smoothing == 0.2


def test_a_refit_that_names_no_metric_is_refused_before_anything_is_fitted(tmp_path, log):
    search = GridSearchCV(Loggable(), GRID, cv=3, scoring=["accuracy", "neg_log_loss"], refit="f1")
    with pytest.raises(ValueError, match="refit"), checkpoint(search, tmp_path):
        search.fit(X, y)
    halving = HalvingGridSearchCV(Loggable(), GRID, cv=3, scoring=["accuracy"], random_state=0)
    with pytest.raises(ValueError, match="'scoring' parameter"), checkpoint(halving, tmp_path):
        halving.fit(X, y)
    assert n_fits(log) == 0


def test_several_fits_in_one_checkpoint_keep_their_own_times(tmp_path):
    search = GridSearchCV(Loggable(), GRID, cv=3)
    with checkpoint(search, tmp_path):
        search.fit(X, y)
        search.fit(X[:90], y[:90])
    assert_equal_results(search, clone(search).fit(X[:90], y[:90]))


@pytest.mark.parametrize(
    ("search", "name"),
    [
        (GridSearchCV(MLPClassifier(), {"lr": [1e-3]}), "random_state"),
        (GridSearchCV(make_pipeline(MLPClassifier()), {"mlpclassifier__lr": [1e-3]}), "mlpclassifier__random_state"),
        (RandomizedSearchCV(Loggable(), GRID), "random_state of the search"),
        (HalvingGridSearchCV(Loggable(), GRID), "random_state of the search"),
        (GridSearchCV(Loggable(), GRID, cv=KFold(3, shuffle=True)), "random_state of cv"),
        (GridSearchCV(Loggable(), GRID, cv=ShuffleSplit(3)), "random_state of cv"),
    ],
)
def test_chance_is_warned_of_once(search, name, tmp_path):
    with pytest.warns(UserWarning, match=f"while these are None: {name}") as caught, checkpoint(search, tmp_path):
        pass
    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "search",
    [
        GridSearchCV(MLPClassifier(), {"random_state": [0, 1]}),
        GridSearchCV(Loggable(), GRID, cv=KFold(3)),
        HalvingGridSearchCV(Loggable(), GRID, resource="var_smoothing", max_resources=3),
    ],
)
def test_what_is_seeded_or_draws_nothing_is_not_warned_of(search, tmp_path):
    with checkpoint(search, tmp_path):
        pass


def test_what_is_no_search_is_refused(tmp_path):
    for wrong in (GaussianNB(), GridSearchCV, None):
        with (
            pytest.raises(TypeError, match=r"needs a search such as GridSearchCV.*storage="),
            checkpoint(wrong, tmp_path),
        ):
            pass


def test_a_parameter_that_cannot_be_recognised_is_refused_before_anything_is_fitted(tmp_path):
    with open(tmp_path / "log", "w") as file:
        for search in (
            GridSearchCV(MLPClassifier(callbacks=[file], random_state=0), {"lr": [1e-3]}),
            GridSearchCV(MLPClassifier(random_state=0), {"callbacks": [[file]]}),
        ):
            with pytest.raises(TypeError, match="'callbacks' holds"), checkpoint(search, tmp_path / "journal"):
                pass


def test_a_search_inside_another_checkpoint_is_refused(tmp_path):
    search = GridSearchCV(Loggable(), GRID)
    with checkpoint(search, tmp_path), pytest.raises(ValueError, match="already"), checkpoint(search, tmp_path):
        pass


class Journaling(GridSearchCV):
    journal = None

    def _use_journal(self, journal):
        self.journal = journal


def test_a_search_that_looks_things_up_itself_is_given_the_journal(tmp_path):
    search = Journaling(estimator := Loggable(), GRID)
    with pytest.raises(RuntimeError, match="mine"), checkpoint(search, tmp_path) as journal:  # noqa: PT012
        assert search.journal is journal
        assert search.estimator is estimator
        raise RuntimeError("mine")
    assert search.journal is None


SCRIPT = """
import json, sys
from tests.model_selection import test_checkpoint as t
search = t.GridSearchCV(t.Loggable(), t.GRID, cv=3, scoring=["accuracy", "neg_log_loss"], refit="accuracy")
with t.checkpoint(search, sys.argv[1]) as journal:
    search.fit(t.X, t.y)
splits = [name for name in search.cv_results_ if name.startswith("split")]
print(json.dumps([journal.n_reused, {name: search.cv_results_[name].tolist() for name in splits}]))
"""


def test_a_search_whose_process_is_killed_is_resumed_by_another_process(tmp_path, rng):
    env = os.environ | {"LOG_OF_FITS": str(tmp_path / "fits")}
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "journal")]
    kills = sorted(rng.choice(np.arange(1, 14), 2, replace=False))
    for kill_at in kills:
        done = subprocess.run(command, env=env | {"KILL_AT": str(kill_at)}, cwd=Path(__file__).parents[2], timeout=300)
        assert done.returncode == -signal.SIGKILL
    done = subprocess.run(command, env=env, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    n_reused, scores = json.loads(done.stdout)
    expected = GridSearchCV(Loggable(), GRID, cv=3, scoring=["accuracy", "neg_log_loss"], refit="accuracy").fit(X, y)
    assert {
        name: values.tolist() for name, values in expected.cv_results_.items() if name.startswith("split")
    } == scores
    assert n_fits(tmp_path / "fits") == 12 + 1 + len(kills)  # each kill costs the one fit that was running
    assert n_reused == kills[-1] - len(kills)
