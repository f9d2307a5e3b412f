import time
import types
import weakref

import numpy as np
import pytest
import sklearn
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, ParameterGrid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.fixes import parse_version

from skimgcls import MLPClassifier
from skimgcls.model_selection import (
    CandidateCurvesDisplay,
    EpochHalvingSearchCV,
    ParetoDisplay,
    ScoreByParameterDisplay,
    _epoch_halving_search_cv,
    results_frame,
)
from skimgcls.model_selection._growing_model import GrowingModel

NET = {"hidden_units": (8,), "batch_size": 64, "max_epochs": 4, "random_state": 0, "n_jobs": 1}
GRID = {"lr": [1e-4, 1e-3, 1e-2, 3e-2], "norm": [None, "batch"]}
ALL_FIVE = {"lr": [1e-4, 1e-3, 1e-2, 3e-2, 1e-1]}


def halving(grid=GRID, estimator=None, **params):
    estimator = MLPClassifier(**NET) if estimator is None else estimator
    return EpochHalvingSearchCV(estimator, grid, **{"cv": 2, "min_epochs": 1} | params)


def rows(search, iteration=None):
    """Scores of the folds of each candidate in an iteration, the last one by default: {parameters: scores}."""
    results = search.cv_results_
    iteration = results["iter"].max() if iteration is None else iteration
    splits = [results[f"split{fold}_test_score"] for fold in range(search.n_splits_)]
    return {
        repr(params): [split[row] for split in splits]
        for row, params in enumerate(results["params"])
        if results["iter"][row] == iteration
    }


def n_survivors(search):
    return [len(rows(search, iteration)) for iteration in range(search.cv_results_["iter"].max() + 1)]


# ------------------------------------------------------------------ halving


@pytest.mark.parametrize(
    "params", [{}, {"dropout": 0.3, "lr_schedule": "cosine"}, {"early_stopping": False, "l1": 1e-4}]
)
def test_the_last_iteration_scores_as_a_grid_search_over_those_left(params, digits):
    search = halving(estimator=MLPClassifier(**NET | params), cv=3).fit(*digits)
    expected = GridSearchCV(clone(search.estimator), GRID, cv=3).fit(*digits)
    last, whole = rows(search), dict(zip(map(repr, expected.cv_results_["params"]), range(8), strict=True))
    assert len(last) == 3
    for candidate, scores in last.items():
        assert scores == [expected.cv_results_[f"split{fold}_test_score"][whole[candidate]] for fold in range(3)]
    assert search.best_score_ == max(np.mean(scores) for scores in last.values())


def test_each_iteration_scores_as_a_fit_of_so_many_epochs_with_the_whole_schedule(digits):
    X, y = digits
    search = halving(
        ALL_FIVE, MLPClassifier(**NET | {"lr_schedule": "cosine"}), factor=2, cv=[(np.arange(100), np.arange(100, 200))]
    )
    search.fit(X, y)
    assert search.n_resources_ == [1, 2, 4]
    for row, params in enumerate(search.cv_results_["params"]):
        model = MLPClassifier(**NET | params, lr_schedule="cosine")
        for _ in range(search.cv_results_["n_resources"][row]):
            model.partial_fit(X[:100], y[:100])
        assert search.cv_results_["split0_test_score"][row] == model.score(X[100:], y[100:])


def test_those_who_go_on_are_the_best_of_each_iteration(digits):
    search = halving(factor=2).fit(*digits)
    for iteration in range(len(search.n_candidates_) - 1):
        before = {candidate: np.mean(scores) for candidate, scores in rows(search, iteration).items()}
        after = rows(search, iteration + 1)
        left = [score for candidate, score in before.items() if candidate not in after]
        assert set(after) <= set(before)
        assert min(before[candidate] for candidate in after) >= max(left)
    assert search.best_params_ == search.cv_results_["params"][search.best_index_]
    assert repr(search.best_params_) in rows(search)


@pytest.mark.parametrize("n_jobs", [2, 3])
@pytest.mark.parametrize("factor", [2, 3, 2.5])
def test_threads_let_the_same_candidates_go(n_jobs, factor, digits):
    expected, seen = (halving(factor=factor, n_jobs=n).fit(*digits) for n in (1, n_jobs))
    assert seen.n_candidates_ == expected.n_candidates_
    for name in ("split0_test_score", "split1_test_score", "iter", "n_resources"):
        np.testing.assert_array_equal(seen.cv_results_[name], expected.cv_results_[name])
    assert seen.cv_results_["params"] == expected.cv_results_["params"]
    assert seen.best_index_ == expected.best_index_


@pytest.mark.parametrize(
    ("n", "params", "candidates", "epochs"),
    [
        (8, {}, [8, 3], [1, 4]),
        (3, {}, [3], [4]),
        (1, {}, [1], [4]),
        (40, {"max_epochs": 9}, [40, 14, 5], [1, 3, 9]),
        (40, {"max_epochs": 9, "min_epochs": 3}, [40, 14], [3, 9]),
        (40, {"max_epochs": 9, "min_epochs": 9}, [40], [9]),
        (40, {"max_epochs": 9, "min_epochs": None}, [40, 14, 5], [1, 3, 9]),
        (10, {"max_epochs": 8, "factor": 2}, [10, 5, 3, 2], [1, 2, 4, 8]),
        (10, {"max_epochs": 8, "factor": 2, "min_epochs": None}, [10, 5, 3], [2, 4, 8]),
        (9, {"max_epochs": 1}, [9], [1]),
        (5, {"max_epochs": 3, "factor": 1.2}, [5, 5, 5], [1, 2, 3]),
    ],
)
def test_candidates_and_epochs_are_planned(n, params, candidates, epochs, digits, monkeypatch):
    monkeypatch.setattr(GrowingModel, "train", lambda self, epochs: None)
    monkeypatch.setattr(GrowingModel, "score", lambda self, *args, **kwargs: {"test_scores": 0.5} | self.facts())
    search = halving({"lr": np.linspace(1e-3, 1e-2, n).tolist()}, refit=False, **params)
    planned = search._planned_epochs()
    search.fit(*digits)
    assert (search.n_candidates_, search.n_resources_) == (candidates, epochs)
    assert search.max_epochs_ == epochs[-1]
    assert len(search.cv_results_["params"]) == sum(candidates)
    assert len(planned[0]) == n
    assert planned[1] == [(size, more) for size, more in zip(candidates, np.diff([0, *epochs]), strict=True)]


def test_max_epochs_of_the_search_comes_before_that_of_the_estimator(digits):
    X, y = digits
    search = halving(max_epochs=3).fit(X, y)
    expected = MLPClassifier(**NET | search.best_params_ | {"max_epochs": 3}).fit(X, y)
    np.testing.assert_array_equal(search.predict_proba(X), expected.predict_proba(X))
    assert search.estimator.max_epochs == 4


def test_epochs_that_do_not_fit_together_are_refused(digits):
    with pytest.raises(ValueError, match=r"min_epochs=9 is more than max_epochs=4\. Lower it"):
        halving(min_epochs=9).fit(*digits)
    with pytest.raises(ValueError, match="'factor' parameter"):
        halving(factor=1).fit(*digits)


def test_eliminated_networks_are_let_go(digits, monkeypatch):
    alive, most = weakref.WeakSet(), []
    begin = GrowingModel._begin
    monkeypatch.setattr(
        GrowingModel, "_begin", lambda self: alive.add(self.network) or most.append(len(alive)) or begin(self)
    )
    halving({"lr": np.geomspace(1e-4, 1e-1, 30).tolist()}, cv=[(np.arange(60), np.arange(60, 90))], refit=False).fit(
        *digits
    )
    assert len(most) == 30
    assert max(most) <= 10 + 2  # a third, and the one before the one that begins


# ------------------------------------------------------------------- results


def test_results_have_the_columns_of_sklearns_halving(digits):
    flat = digits[0].reshape(200, -1)
    estimator, grid = (
        make_pipeline(StandardScaler(), MLPClassifier(**NET)),
        [
            {"mlpclassifier__lr": [1e-3, 1e-2, 3e-2, 1e-1]},
            {"mlpclassifier__norm": ["batch"]},
        ],
    )
    search = halving(grid, estimator, scoring="accuracy", return_train_score=True).fit(flat, digits[1])
    expected = HalvingGridSearchCV(estimator, grid, cv=2, min_resources=60, scoring="accuracy", random_state=0)
    expected = expected.fit(flat, digits[1]).cv_results_
    assert set(search.cv_results_) == set(expected)
    for name, values in expected.items():
        seen = search.cv_results_[name]
        assert type(seen) is type(values)
        assert getattr(seen, "dtype", None) == getattr(values, "dtype", None)
        assert len(seen) == 5 + 2
    assert search.cv_results_["iter"].tolist() == [0] * 5 + [1] * 2
    assert search.cv_results_["n_resources"].tolist() == [1] * 5 + [4] * 2
    assert search.cv_results_["param_mlpclassifier__norm"].mask[:5].tolist() == [True] * 4 + [False]
    ranks, means = search.cv_results_["rank_test_score"], search.cv_results_["mean_test_score"]
    assert means[np.argmin(ranks)] == means.max()


def test_fit_times_are_of_all_epochs_so_far(digits):
    results = halving().fit(*digits).cv_results_
    for row in np.flatnonzero(results["iter"] == 1):
        first = results["params"].index(results["params"][row])
        assert results["mean_fit_time"][row] > results["mean_fit_time"][first] > 0


def test_histories_are_kept_as_far_as_a_row_goes(digits):
    X, y = digits
    search = halving(cv=[(np.arange(100), np.arange(100, 200))]).fit(X, y)
    assert [len(row[0]) for row in search.histories_] == search.cv_results_["n_resources"].tolist()
    expected = MLPClassifier(**NET | search.best_params_).fit(X[:100], y[:100]).history_
    assert search.histories_[search.best_index_][0]["train_loss"].tolist() == expected["train_loss"].tolist()
    foreign = EpochHalvingSearchCV(sklearn.linear_model.SGDClassifier(max_iter=2), {"alpha": [1e-3]}, cv=2, refit=False)
    with pytest.raises(AttributeError, match="SGDClassifier kept no history"):
        foreign.fit(X.reshape(200, -1), y).histories_  # noqa: B018


def test_a_callable_refit_chooses_among_the_rows_of_the_last_iteration(digits):
    X, y = digits
    seen = []

    def worst(results):
        seen.append(results)
        return int(np.argmin(results["mean_test_score"]))

    search = halving(refit=worst).fit(X, y)
    assert set(seen[0]) == set(search.cv_results_)
    assert seen[0]["iter"].tolist() == [1] * 3
    assert seen[0]["params"] == search.cv_results_["params"][8:]
    assert search.best_index_ == 8 + np.argmin(search.cv_results_["mean_test_score"][8:])
    assert search.best_params_ == search.cv_results_["params"][search.best_index_]
    assert not hasattr(search, "best_score_")
    expected = MLPClassifier(**NET | search.best_params_).fit(X, y)
    np.testing.assert_array_equal(search.predict_proba(X), expected.predict_proba(X))
    with pytest.raises(IndexError, match="best_index_ index out of range"):
        halving(refit=lambda results: 3).fit(X, y)


def test_the_metric_that_refit_names_decides_who_goes_on(digits):
    scoring = {"loss": "neg_log_loss", "opposite": lambda estimator, X, y: -estimator.score(X, y)}
    search = halving(ALL_FIVE, scoring=scoring, refit="opposite", max_epochs=4).fit(*digits)
    worst = halving(ALL_FIVE, scoring=scoring, refit="loss", max_epochs=4).fit(*digits)
    first = search.cv_results_["iter"] == 0
    going_on = search.cv_results_["iter"] == 1
    assert going_on.sum() == 2
    limit = np.sort(search.cv_results_["mean_test_opposite"][first])[-2]
    chosen = [search.cv_results_["params"].index(search.cv_results_["params"][row]) for row in np.flatnonzero(going_on)]
    assert (search.cv_results_["mean_test_opposite"][chosen] >= limit).all()
    assert search.best_score_ == search.cv_results_["mean_test_opposite"][going_on].max()
    assert worst.best_params_ != search.best_params_


@pytest.mark.filterwarnings("ignore:.*non-finite:UserWarning", "ignore::sklearn.exceptions.FitFailedWarning")
def test_candidates_that_diverge_do_not_go_on(digits):
    search = halving({"lr": [1e30, 1e-3, 1e-2, 3e-2]}).fit(*digits)
    assert search.cv_results_["iter"].tolist() == [0] * 4 + [1] * 2
    assert np.isnan(search.cv_results_["mean_test_score"][0])
    assert {repr(params) for params in search.cv_results_["params"][4:]} == {"{'lr': 0.03}", "{'lr': 0.01}"}
    mostly = halving({"lr": [1e30, 1e31, 1e32, 3e-2]}).fit(*digits)  # one of which must go on
    assert mostly.best_params_ == {"lr": 0.03}
    assert np.isnan(mostly.cv_results_["mean_test_score"]).tolist() == [True, True, True, False, False, True]


def test_each_iteration_is_printed_if_that_is_asked_for(digits, capsys):
    search = halving(verbose=1).fit(*digits)
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("8 candidates x 2 folds, 1 epochs: best 0.")
    assert last == f"3 candidates x 2 folds, 4 epochs: best {search.best_score_:.4f}"
    halving(verbose=0).fit(*digits)
    assert capsys.readouterr().out == ""


def test_tables_and_pictures_show_it(digits):
    search = halving(cv=3).fit(*digits)
    frame = results_frame(search)
    assert frame["epochs"].tolist() == [1] * 8 + [4] * 3
    assert frame["iteration"].tolist() == [0] * 8 + [1] * 3
    assert frame.loc[frame["rank"] == 1, "lr"].iloc[0] == search.best_params_["lr"]
    assert (frame["n_parameters"] > 500).all()
    for display in (ScoreByParameterDisplay, ParetoDisplay):
        assert isinstance(display.from_search(search), display)
    curves = CandidateCurvesDisplay.from_estimators([search.best_estimator_])
    assert len(curves.curves_["loss"]) == 1


# ---------------------------------------------------------------- candidates


def test_lists_are_a_grid_of_all_combinations(digits):
    assert halving()._draw_candidates() == list(ParameterGrid(GRID))
    several = [{"lr": [0.1, 0.2]}, {"norm": ["batch"], "dropout": [0.1, 0.2]}]
    assert halving(several)._draw_candidates() == list(ParameterGrid(several))
    assert halving({})._draw_candidates() == [{}]


def test_some_of_a_grid_are_drawn_without_repetition():
    drawn = halving(n_candidates=5, random_state=0)._draw_candidates()
    assert len({repr(each) for each in drawn}) == 5
    assert all(each in list(ParameterGrid(GRID)) for each in drawn)
    assert drawn == halving(n_candidates=5, random_state=0)._draw_candidates()
    assert drawn != halving(n_candidates=5, random_state=1)._draw_candidates()
    assert halving(n_candidates=99, random_state=0)._draw_candidates() == list(ParameterGrid(GRID))


def test_distributions_are_drawn_from(digits):
    space = {"lr": loguniform(1e-3, 1e-1), "norm": [None, "batch"]}
    search = halving(space, n_candidates=4, random_state=3).fit(*digits)
    assert search.n_candidates_ == [4, 2]
    assert all(1e-3 <= params["lr"] <= 1e-1 for params in search.cv_results_["params"])
    again = halving(space, n_candidates=4, random_state=3).fit(*digits)
    assert rows(again) == rows(search)
    enough = halving(space, max_epochs=9, random_state=3)
    assert len(enough._draw_candidates()) == 27  # 27, 9 and 3 with 1, 3 and 9 epochs


def test_candidates_that_are_none_are_refused(digits):
    with pytest.raises(ValueError, match="No candidate has been scored on all folds: there was none"):
        halving([]).fit(*digits)


# ---------------------------------------------------------------- time limit


class Clock:
    """One second passes with each epoch."""

    def __init__(self, monkeypatch):
        self.now = 0
        train = GrowingModel.train

        def timed(model, epochs):
            self.now += epochs - model.epochs
            train(model, epochs)

        monkeypatch.setattr(GrowingModel, "train", timed)
        clock = types.SimpleNamespace(monotonic=lambda: self.now, time=time.time)
        monkeypatch.setattr(_epoch_halving_search_cv, "time", clock)


@pytest.mark.parametrize(
    ("limit", "candidates"), [(1, [1]), (4, [3]), (15, [8]), (17, [8, 1]), (25, [8, 2]), (99, [8, 3])]
)
def test_when_the_time_is_up_the_best_so_far_counts(limit, candidates, digits, monkeypatch):
    Clock(monkeypatch)
    X, y = digits
    search = halving(time_limit=limit).fit(X, y)  # two seconds for each candidate, then six for each of three
    assert search.n_candidates_ == candidates
    assert search.n_resources_ == [1, 4][: len(candidates)]
    assert n_survivors(search) == candidates
    unlimited = halving().fit(X, y)
    assert rows(search).items() <= rows(unlimited, len(candidates) - 1).items()
    expected = MLPClassifier(**NET | search.best_params_).fit(X, y)
    np.testing.assert_array_equal(search.predict_proba(X), expected.predict_proba(X))


def test_the_most_promising_go_on_first(digits, monkeypatch):
    Clock(monkeypatch)
    search = halving(time_limit=17).fit(*digits)
    before = {candidate: np.mean(scores) for candidate, scores in rows(search, 0).items()}
    assert list(rows(search)) == [max(before, key=before.get)]


# ----------------------------------------------------------------- callbacks


@pytest.mark.skipif(
    parse_version(sklearn.__version__) < parse_version("1.9"), reason="set_callbacks came with scikit-learn 1.9"
)
def test_callbacks_of_sklearn_on_the_estimator_see_epochs(digits):
    from sklearn.callback import ProgressBar

    from tests.training.test_report_to_sklearn import Recorder

    recorder = Recorder()
    estimator = MLPClassifier(**NET).set_callbacks(recorder)
    expected = halving(ALL_FIVE).fit(*digits)
    search = halving(ALL_FIVE, estimator).fit(*digits)
    assert rows(search) == rows(expected)
    assert any(event.startswith("begin epoch") for event in recorder.events)
    halving(ALL_FIVE, MLPClassifier(**NET).set_callbacks(ProgressBar())).fit(*digits)


def test_each_candidate_has_one_curve_as_long_as_it_was_trained(digits):
    search = halving(min_epochs=1, max_epochs=3).fit(*digits)
    curves = CandidateCurvesDisplay.from_search(search).curves_["loss"]
    results = search.cv_results_
    assert len(curves) == search.n_candidates_[0]
    lengths = {str(params): n for params, n in zip(results["params"], results["n_resources"], strict=True)}
    assert sorted(map(len, curves.values())) == sorted(lengths.values())
