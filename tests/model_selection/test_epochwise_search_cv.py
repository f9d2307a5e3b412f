"""What both searches by epochs must do as GridSearchCV does it.

Here neither stops a candidate early, so that each has a row in one iteration and GridSearchCV says what stands in it.
"""

import inspect
import pickle
import re
import threading
import weakref

import joblib
import numpy as np
import optuna
import pytest
import sklearn
from sklearn.base import clone, is_classifier
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from skimgcls import MLPClassifier
from skimgcls.exceptions import DivergedError
from skimgcls.model_selection import (
    EpochHalvingSearchCV,
    OptunaSearchCV,
    ParallelCoordinatesDisplay,
    ParetoDisplay,
    ScoreByParameterDisplay,
    SearchHeatMapDisplay,
    checkpoint,
    results_frame,
)
from skimgcls.model_selection._growing_model import GrowingModel
from skimgcls.training import PreparedImages

NET = {"hidden_units": (8,), "batch_size": 64, "max_epochs": 2, "random_state": 0, "n_jobs": 1}
GRID = {"lr": [0.003, 0.03]}
TIMES = {f"{stat}_{kind}_time" for stat in ("mean", "std") for kind in ("fit", "score")}


def halving(estimator, grid, **params):
    return EpochHalvingSearchCV(estimator, grid, **{"cv": 2, "factor": 1000} | params)


def from_optuna(estimator, grid, **params):
    space = {name: optuna.distributions.CategoricalDistribution(values) for name, values in grid.items()}
    sampler = optuna.samplers.GridSampler(grid, seed=0)  # which stops the search after the last candidate
    return OptunaSearchCV(estimator, space, **{"cv": 2, "sampler": sampler, "n_trials": 20} | params)


def pruning(estimator, grid, **params):
    return from_optuna(estimator, grid, enable_pruning=True, pruner=optuna.pruners.NopPruner(), **params)


both = pytest.mark.parametrize("make", [halving, from_optuna])


@pytest.fixture(autouse=True)
def quiet_optuna():
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(before)


def own_score(estimator, X, y):
    return np.mean(estimator.predict(X) == y) - 1


def network(**params):
    return MLPClassifier(**NET | params)


def by_candidate(search):
    """Scores of each candidate: {parameters: {name of a column: score}}."""
    results = search.cv_results_
    names = [name for name in results if re.match(r"(split|mean|std).*_(test|train)_", name)]
    return {
        repr(sorted(params.items(), key=str)): {name: repr(float(results[name][row])) for name in names}
        for row, params in enumerate(results["params"])
    }


def assert_as_grid_search(make, estimator, grid, X, y, fit_params=None, **params):
    """Fit both; their scores, their winners and what these predict are the same to the bit."""
    search = make(estimator, grid, **params).fit(X, y, **fit_params or {})
    params.pop("n_jobs", None)
    expected = GridSearchCV(clone(estimator), grid, **{"cv": 2} | params).fit(X, y, **fit_params or {})
    assert by_candidate(search) == by_candidate(expected)
    assert search.best_params_ == expected.best_params_
    assert search.n_splits_ == expected.n_splits_
    if search.refit and not callable(search.refit):
        assert search.best_score_ == expected.best_score_
        np.testing.assert_array_equal(search.predict(X), expected.predict(X))
    return search


# ----------------------------------------------------------------- one result


@pytest.mark.parametrize("make", [halving, from_optuna, pruning])
@pytest.mark.parametrize("params", [{}, {"dropout": 0.3, "norm": "batch", "lr_schedule": "cosine", "max_epochs": 4}])
def test_scores_and_the_refitted_winner_are_those_of_a_grid_search(make, params, digits):
    X, y = digits
    search = assert_as_grid_search(make, network(**params), GRID, X, y, cv=3, return_train_score=True)
    expected = network(**params | search.best_params_).fit(X, y)
    np.testing.assert_array_equal(search.predict_proba(X), expected.predict_proba(X))
    assert search.best_estimator_.history_["train_loss"].tolist() == expected.history_["train_loss"].tolist()


@both
def test_columns_are_those_of_a_grid_search_and_its_own(make, digits):
    search = make(network(), GRID | {"norm": [None, "batch"]}).fit(*digits)
    expected = GridSearchCV(network(), GRID | {"norm": [None, "batch"]}, cv=2).fit(*digits).cv_results_
    own = {"iter"} if make is halving else {"trial", "state"}
    assert set(search.cv_results_) - set(expected) == own | {"n_resources"}
    assert set(expected) <= set(search.cv_results_)
    for name, values in expected.items():
        seen = search.cv_results_[name]
        assert type(seen) is type(values)
        assert len(seen) == len(values) == 4
        assert getattr(seen, "dtype", None) == getattr(values, "dtype", None)
    assert all((search.cv_results_[name] >= 0).all() for name in TIMES)
    assert (search.cv_results_["mean_fit_time"] > 0).all()


@both
@pytest.mark.parametrize("n_jobs", [2, -1])
def test_threads_find_the_same(make, n_jobs, digits):
    expected = make(network(), GRID).fit(*digits)
    assert by_candidate(make(network(), GRID, n_jobs=n_jobs).fit(*digits)) == by_candidate(expected)


@both
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_it_works_in_as_many_threads_as_joblib_is_configured_for(make, backend, digits):
    threads = []

    def scorer(estimator, X, y):
        barrier.wait(timeout=60)  # passes when two are here
        threads.append(threading.get_ident())
        return estimator.score(X, y)

    barrier = threading.Barrier(2)
    expected = make(network(), GRID).fit(*digits)
    search = make(network(), GRID, scoring=scorer)
    if make is from_optuna:
        search.set_params(sampler=optuna.samplers.GridSampler(GRID, seed=0), n_trials=2)
    with joblib.parallel_config(backend=backend, n_jobs=2):
        search.fit(*digits)
    assert len(set(threads)) == 2
    assert by_candidate(search).items() <= by_candidate(expected).items()


@both
def test_it_is_a_classifier_like_its_estimator(make, digits):
    X, y = digits
    search = make(network(), GRID)
    assert is_classifier(search)
    search.fit(X, y)
    np.testing.assert_array_equal(search.classes_, np.arange(10))
    assert search.score(X, y) == np.mean(search.predict(X) == y) == search.best_estimator_.score(X, y)
    assert search.predict_proba(X).shape == (200, 10)
    assert search.n_features_in_ == 64
    assert search.refit_time_ > 0
    assert search.n_samples_ == 200


@both
def test_nothing_that_was_given_is_changed(make, digits):
    grid, estimator = {"lr": [0.003, 0.03]}, network()
    search = make(estimator, grid)
    before = {name: repr(value) for name, value in search.get_params().items()}
    values = dict(search.get_params(deep=False))
    search.fit(*digits)
    assert {name: repr(value) for name, value in search.get_params().items()} == before
    assert all(value is values[name] for name, value in search.get_params(deep=False).items())
    assert not hasattr(estimator, "net_")
    assert set(search.get_params(deep=False)) == set(inspect.signature(type(search)).parameters)


@both
def test_it_is_cloned_shown_and_pickled(make, digits, tmp_path):
    X, _ = digits
    search = make(network(), GRID).fit(*digits)
    assert not hasattr(clone(search), "cv_results_")
    assert clone(search).get_params().keys() == search.get_params().keys()
    assert clone(search).cv == 2
    assert type(search).__name__ in search._repr_html_()
    joblib.dump(search, tmp_path / "search")
    for again in (pickle.loads(pickle.dumps(search)), joblib.load(tmp_path / "search")):
        np.testing.assert_array_equal(again.predict_proba(X), search.predict_proba(X))
        assert by_candidate(again) == by_candidate(search)
        assert by_candidate(again.fit(*digits)) == by_candidate(search)


@both
def test_tables_and_pictures_show_it(make, digits):
    search = make(network(), GRID | {"norm": [None, "batch"]}, cv=3).fit(*digits)
    frame = results_frame(search)
    assert len(frame) == 4
    assert {"lr", "norm", "score", "score_std", "rank", "fit_seconds", "epochs", "n_parameters"} <= set(frame)
    assert not frame.drop(columns="difference").isna().any(axis=None)
    assert sorted(frame["score"]) == sorted(search.cv_results_["mean_test_score"])
    assert (frame["epochs"] == 2).all()
    for display in (SearchHeatMapDisplay, ScoreByParameterDisplay, ParallelCoordinatesDisplay, ParetoDisplay):
        assert isinstance(display.from_search(search), display)


@both
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_neither_images_nor_networks_outlive_the_search(make, n_jobs, digits, monkeypatch):
    held = {PreparedImages: weakref.WeakSet(), GrowingModel: weakref.WeakSet()}
    for kind, alive in held.items():
        monkeypatch.setattr(kind, "__init__", _noted(kind.__init__, alive))
    search = make(network(), GRID, n_jobs=n_jobs).fit(*digits)
    assert not any(held.values())
    assert "PreparedImages" not in repr(vars(search))


def _noted(initialize, alive):
    def init(self, *args):
        alive.add(self)
        initialize(self, *args)

    return init


# -------------------------------------------------------------------- metrics


def two_scores(estimator, X, y):
    return {"right": estimator.score(X, y), "wrong": estimator.score(X, y) - 1}


@both
@pytest.mark.parametrize(
    ("scoring", "refit"),
    [
        ("neg_log_loss", True),
        (["accuracy", "neg_log_loss"], "neg_log_loss"),
        ({"a": "accuracy", "b": make_scorer(accuracy_score, normalize=False), "c": own_score}, "b"),
        (two_scores, "wrong"),
        (two_scores, False),
        (None, False),
        (None, lambda results: 1),
        (["accuracy", "neg_log_loss"], lambda results: int(np.argmin(results["rank_test_neg_log_loss"]))),
    ],
)
def test_every_scoring_and_refit_works(make, scoring, refit, digits):
    if callable(refit) and scoring is None:  # the candidates of both in one order
        X, y = digits
        search = make(network(), GRID, refit=refit).fit(X, y)
        assert (search.best_index_, search.best_params_) == (1, search.cv_results_["params"][1])
        expected = network(**search.best_params_).fit(X, y)
        np.testing.assert_array_equal(search.predict_proba(X), expected.predict_proba(X))
        return
    search = make(network(), GRID, scoring=scoring, refit=refit, return_train_score=True).fit(*digits)
    expected = GridSearchCV(network(), GRID, cv=2, scoring=scoring, refit=refit, return_train_score=True).fit(*digits)
    assert by_candidate(search) == by_candidate(expected)
    assert search.multimetric_ is expected.multimetric_
    assert getattr(search, "best_params_", None) == getattr(expected, "best_params_", None)
    assert hasattr(search, "best_score_") == hasattr(expected, "best_score_")
    assert hasattr(search, "predict") == hasattr(expected, "best_estimator_") == bool(refit)
    if isinstance(refit, str | bool) and refit:
        assert search.score(*digits) == pytest.approx(expected.score(*digits), rel=1e-12)


@both
def test_a_refit_that_names_no_metric_is_refused(make, digits):
    for scoring in (["accuracy", "neg_log_loss"], two_scores):
        with pytest.raises(ValueError, match="the parameter refit must be set to a scorer key"):
            make(network(), GRID, scoring=scoring, refit="f1").fit(*digits)


# --------------------------------------------------------------------- errors


DIVERGES = {"lr": [0.03, 1e30]}


class FailsOnSecondFold(MLPClassifier):
    def partial_fit(self, X, y, classes=None, sample_weight=None, X_val=None, y_val=None):
        if self.lr == 0.03 and len(y) == 150:
            raise RuntimeError("mine")
        return super().partial_fit(X, y, classes, sample_weight, X_val, y_val)


@both
@pytest.mark.filterwarnings("ignore:.*non-finite:UserWarning", "ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.parametrize("error_score", [np.nan, -1.0])
@pytest.mark.parametrize("scoring", [None, ["accuracy", "neg_log_loss"], two_scores])
def test_candidates_that_fail_have_the_error_score_and_lose(make, scoring, error_score, digits):
    refit = "right" if scoring is two_scores else "accuracy" if scoring else True
    params = {"scoring": scoring, "refit": refit, "error_score": error_score, "return_train_score": True}
    search = assert_as_grid_search(make, network(), DIVERGES, *digits, **params)
    assert search.best_params_ == {"lr": 0.03}


@both
@pytest.mark.filterwarnings("ignore:.*non-finite:UserWarning")
@pytest.mark.parametrize("scoring", [None, two_scores])
def test_a_candidate_may_fail_on_one_fold_alone(make, scoring, digits):
    cv = [(np.arange(100), np.arange(100, 200)), (np.arange(150), np.arange(150, 200))]
    search = make(FailsOnSecondFold(**NET), GRID, cv=cv, scoring=scoring, refit="right" if scoring else True)
    with pytest.warns(sklearn.exceptions.FitFailedWarning, match="1 fits failed out of a total of 4"):
        search.fit(*digits)
    assert search.best_params_ == {"lr": 0.003}
    metric = "right" if scoring else "score"
    row = search.cv_results_["params"].index({"lr": 0.03})
    assert np.isnan([search.cv_results_[f"split{fold}_test_{metric}"][row] for fold in (0, 1)]).tolist() == [
        False,
        True,
    ]


@both
def test_an_error_is_raised_where_that_is_asked_for_or_all_fail(make, digits):
    with pytest.raises(DivergedError, match="Lower lr"):
        make(network(), DIVERGES, error_score="raise").fit(*digits)
    with pytest.raises(ValueError, match=r"All the 4 fits failed(.|\n)*DivergedError"):
        make(network(), {"lr": [1e30, 1e31]}).fit(*digits)


@both
@pytest.mark.parametrize(
    ("estimator", "grid", "error", "message"),
    [
        (GaussianNB(), {"var_smoothing": [1]}, TypeError, "GaussianNB has no parameter max_epochs or max_iter"),
        (SVC(), {"C": [1]}, TypeError, "SVC cannot be trained epoch by epoch: it has no partial_fit"),
        (network(), {"max_epochs": [1, 2]}, ValueError, "'max_epochs' is what the search raises step by step"),
        (make_pipeline(network()), {"mlpclassifier__max_epochs": [1]}, ValueError, "'mlpclassifier__max_epochs' is"),
        (network(), {"no_such": [1]}, ValueError, "Invalid parameter 'no_such'"),
    ],
    ids=["epochs", "partial_fit", "searched", "in pipeline", "name"],
)
def test_what_cannot_be_searched_is_refused(make, estimator, grid, error, message, digits):
    with pytest.raises(error, match=message):
        make(estimator, grid).fit(digits[0].reshape(200, -1), digits[1])


@both
def test_labels_must_be_there_and_as_many_as_images(make, digits):
    with pytest.raises(ValueError, match="requires y to be passed, but the target y is None"):
        make(network(), GRID).fit(digits[0])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        make(network(), GRID).fit(digits[0], digits[1][:-1])


class Interrupted(MLPClassifier):
    def partial_fit(self, X, y, classes=None, sample_weight=None, X_val=None, y_val=None):
        if self.weight_decay:
            raise KeyboardInterrupt
        return super().partial_fit(X, y, classes, sample_weight, X_val, y_val)


@both
def test_after_ctrl_c_there_is_what_was_finished(make, digits):
    candidates = [{"lr": 0.003, "weight_decay": 0.0}, {"lr": 0.003, "weight_decay": 1e-3}]
    search = make(Interrupted(**NET), {"lr": [0.003], "weight_decay": [0.0, 1e-3]})
    if make is from_optuna:
        study = optuna.create_study(direction="maximize")
        for candidate in candidates:
            study.enqueue_trial(candidate)
        search.set_params(study=study, sampler=None)
    with pytest.raises(KeyboardInterrupt):
        search.fit(*digits)
    assert search.cv_results_["params"] == candidates[:1]
    expected = cross_val_score(network(lr=0.003), *digits, cv=2)
    assert search.cv_results_["mean_test_score"] == [expected.mean()]
    assert not hasattr(search, "best_estimator_")


# ------------------------------------------------------------ checkpoints


@both
def test_a_checkpoint_trains_nothing_twice(make, digits, tmp_path, monkeypatch):
    X, y = digits
    search = make(network(), GRID, random_state=0)
    with checkpoint(search, tmp_path):
        search.fit(X, y, sample_weight=np.arange(200))
    expected = by_candidate(search)
    monkeypatch.setattr(MLPClassifier, "partial_fit", None)
    if make is from_optuna:
        search.set_params(sampler=optuna.samplers.GridSampler(GRID, seed=0))
    with checkpoint(search, tmp_path) as journal:
        search.fit(X, y, sample_weight=np.arange(200))
    assert journal.n_reused == 4
    assert by_candidate(search) == expected
