import numpy as np
import optuna
import pandas as pd
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna_integration import OptunaSearchCV
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV, cross_validate
from sklearn.pipeline import Pipeline

from skimgcls import MLPClassifier
from skimgcls.model_selection import results_frame

optuna.logging.set_verbosity(optuna.logging.WARNING)


@pytest.fixture
def grid_search(guesser, blank_images):
    grid = {"quality": [0.5, 0.9, 0.7, 0.9], "size": [(1, 2)]}
    return GridSearchCV(guesser(), grid, cv=3, return_train_score=True).fit(*blank_images)


def test_a_grid_search_is_a_row_per_candidate(grid_search):
    frame = results_frame(grid_search, n_images=60)
    assert frame.index.name == "candidate"
    assert frame.columns[:2].tolist() == ["quality", "size"]
    assert frame["size"].tolist() == ["(1, 2)"] * 4
    np.testing.assert_allclose(frame["score"], grid_search.cv_results_["mean_test_score"])
    np.testing.assert_allclose(frame["train_score_std"], grid_search.cv_results_["std_train_score"])
    assert frame["rank"].tolist() == grid_search.cv_results_["rank_test_score"].tolist() == [4, 1, 3, 1]
    assert frame["epochs"].tolist() == [3] * 4
    np.testing.assert_allclose(frame["seconds_per_epoch"] * 3, grid_search.cv_results_["mean_fit_time"])
    np.testing.assert_allclose(
        frame["predict_images_per_second"], 20 / grid_search.cv_results_["mean_score_time"]
    )  # 60 images in 3 folds


def test_no_column_is_empty(grid_search):
    frame = results_frame(grid_search)
    assert not frame.isna().all().any()
    assert "n_parameters" not in frame
    assert "predict_images_per_second" not in frame


def test_the_difference_is_to_the_estimator_s_own_values(grid_search):
    frame = results_frame(grid_search)
    assert frame["is_base"].tolist() == [True, False, False, False]  # none has size (1,): the first is taken
    grid_search.estimator.set_params(quality=0.7, size=(1, 2))
    frame = results_frame(grid_search)
    assert frame["is_base"].tolist() == [False, False, True, False]
    np.testing.assert_allclose(frame["difference"], [-0.2, 0.2, 0, 0.2])


def test_a_tie_is_within_a_standard_error_of_the_best(grid_search):
    grid_search.cv_results_ |= {
        "mean_test_score": np.array([0.90, 0.80, 0.79, np.nan]),
        "std_test_score": np.array([0.15, 0.5, 0.5, 0.5]),  # of 3 folds: an error of 0.15 / sqrt(2) = 0.106
    }
    assert results_frame(grid_search)["tie"].tolist() == [True, True, False, False]


def test_equal_scores_tie_although_nothing_varies(grid_search):
    assert results_frame(grid_search)["tie"].tolist() == [False, True, False, True]


@pytest.mark.filterwarnings("ignore")  # of scikit-learn, that fits failed
def test_failed_fits_come_last_and_show_no_score(guesser, blank_images):
    frame = results_frame(GridSearchCV(guesser(), {"quality": [None, 0.4, 0.6]}, cv=2).fit(*blank_images))
    assert frame["rank"].tolist() == [3, 2, 1]
    assert frame["score"].isna().tolist() == [True, False, False]
    assert frame["tie"].tolist() == [False, False, True]
    assert frame["quality"].tolist() == ["None", "0.4", "0.6"]


@pytest.mark.filterwarnings("ignore")
def test_a_search_in_which_everything_failed_is_still_a_table(guesser, blank_images):
    search = GridSearchCV(guesser(), {"quality": [None]}, cv=2, refit=False, error_score=np.nan)
    search.cv_results_ = {"params": [{"quality": None}] * 2, "mean_test_score": [np.nan] * 2}
    frame = results_frame(search)
    assert frame["score"].isna().all()
    assert frame["rank"].tolist() == [1, 1]


def test_several_metrics_have_columns_of_their_own_the_main_one_first(digits):
    X, y = digits
    search = RandomizedSearchCV(
        Pipeline([("clf", LogisticRegression())]),
        {"clf__C": [1e-6, 1e-2]},
        n_iter=2,
        cv=2,
        scoring=["accuracy", "neg_log_loss"],
        refit="neg_log_loss",
    ).fit(X.reshape(200, -1) / 16, y)
    frame = results_frame(search)
    assert frame.columns[:5].tolist() == ["C", "neg_log_loss", "neg_log_loss_std", "accuracy", "accuracy_std"]
    assert frame["rank"].tolist() == search.cv_results_["rank_test_neg_log_loss"].tolist()
    by_accuracy = results_frame(search, metric="accuracy")
    assert by_accuracy.columns[1] == "accuracy"
    assert by_accuracy["rank"].tolist() == search.cv_results_["rank_test_accuracy"].tolist()
    with pytest.raises(ValueError, match="no metric 'f1'"):
        results_frame(search, metric="f1")


def test_halving_ranks_by_how_far_candidates_came(guesser, blank_images):
    search = HalvingGridSearchCV(
        guesser(), {"quality": [0.5, 0.6, 0.7, 0.8]}, cv=2, resource="max_epochs", min_resources=1, max_resources=4,
        factor=2,
    ).fit(*blank_images)  # fmt: skip
    frame = results_frame(search)
    assert frame["iteration"].tolist() == [0, 0, 0, 0, 1, 1, 2]
    assert frame["epochs"].tolist() == frame["max_epochs"].tolist() == [1, 1, 1, 1, 2, 2, 4]
    assert frame.columns[0] == "quality"
    assert frame["rank"].tolist()[-3:] == [3, 2, 1]
    assert frame["rank"].idxmin() == search.best_index_
    assert frame["tie"].tolist() == [False] * 6 + [True]
    np.testing.assert_allclose(frame["difference"], [0, 0.1, 0.2, 0.3, np.nan, np.nan, np.nan])  # 0.5 was dropped


def test_halving_on_images_knows_the_sizes_of_folds(guesser, blank_images):
    search = HalvingGridSearchCV(guesser(), {"quality": [0.5, 0.6, 0.7]}, cv=2, random_state=0).fit(*blank_images)
    frame = results_frame(search)
    assert frame["n_images"].tolist() == [20, 20, 20, 60]
    np.testing.assert_allclose(frame["predict_images_per_second"] * frame["score_seconds"], [10, 10, 10, 30])


def test_cross_validate_is_one_row(digits):
    results = cross_validate(MLPClassifier((8,), max_epochs=2), *digits, cv=2, return_estimator=True)
    (row,) = results_frame(results).to_dict("records")
    assert (row["rank"], row["difference"], row["tie"], row["epochs"]) == (1, 0, True, 2)
    assert row["n_parameters"] == results["estimator"][0].n_parameters_
    assert row["score"] == pytest.approx(np.mean(results["test_score"]))


def test_a_study_has_a_row_per_trial_and_minimizes_where_told():
    study = optuna.create_study(direction="minimize")
    study.enqueue_trial({"x": 1.0, "kind": "a"})
    study.enqueue_trial({"x": 0.0, "kind": "b"})
    study.optimize(lambda trial: objective(trial), n_trials=2)
    frame = results_frame(study)
    assert frame.index.name == "trial"
    assert frame.columns.tolist() == ["kind", "x", "score", "rank", "difference", "is_base", "trial_seconds"]
    assert frame["rank"].tolist() == [2, 1]
    assert frame["difference"].tolist() == [0.0, -1.0]


def objective(trial):
    trial.suggest_categorical("kind", ["a", "b"])
    return trial.suggest_float("x", 0, 1)


def test_pruned_trials_rank_behind_and_say_so():
    study = optuna.create_study(direction="maximize")
    study.add_trial(
        optuna.trial.create_trial(value=0.9, state=optuna.trial.TrialState.PRUNED, intermediate_values={0: 0.9})
    )
    study.add_trial(optuna.trial.create_trial(value=0.5, intermediate_values={0: 0.4, 1: 0.5}))
    study.add_trial(optuna.trial.create_trial(state=optuna.trial.TrialState.FAIL))
    frame = results_frame(study)
    assert frame["state"].tolist() == ["pruned", "complete", "fail"]
    assert frame["rank"].tolist() == [2, 1, 3]
    assert frame["steps"].tolist() == [1, 2, 0]


@pytest.mark.filterwarnings("ignore:.*set_metric_names is experimental")
def test_several_objectives_have_columns_of_their_own():
    study = optuna.create_study(directions=["minimize", "maximize"])
    study.optimize(lambda trial: (trial.suggest_float("x", 0, 1), 2.0), n_trials=2)
    assert results_frame(study).columns[:3].tolist() == ["x", "score_0", "score_1"]
    study.set_metric_names(["loss", "speed"])
    assert results_frame(study, metric="speed").columns[:3].tolist() == ["x", "speed", "loss"]


@pytest.mark.filterwarnings("ignore:OptunaSearchCV is experimental", "ignore:.*optuna.terminator:FutureWarning")
@pytest.mark.parametrize("prune", [False, True])
def test_optuna_search_cv_has_folds_times_epochs_and_sizes(prune, digits):
    model = MLPClassifier((8,), max_epochs=2, random_state=0)
    space = {"lr": FloatDistribution(1e-3, 1e-1, log=True), "norm": CategoricalDistribution([None, "batch"])}
    search = OptunaSearchCV(model, space, cv=2, n_trials=2, enable_pruning=prune, max_iter=2, random_state=0).fit(
        *digits
    )
    frame = results_frame(search)
    assert set(frame["norm"]) <= {"None", "batch"}
    np.testing.assert_allclose(frame["score"], [trial.value for trial in search.trials_])
    assert frame["score_std"].notna().all()
    assert frame["epochs"].tolist() == [2, 2]
    np.testing.assert_allclose(frame["predict_images_per_second"] * frame["score_seconds"], 100)
    assert frame["n_parameters"].iloc[search.best_index_] == search.best_estimator_.n_parameters_


def test_the_parameters_of_a_thousand_candidates_can_be_grouped(guesser):
    search = GridSearchCV(guesser(), {})
    values = [(8,), None, print, "adam", [1, 2]]
    search.n_splits_ = 5
    search.cv_results_ = {
        "params": [{"clf__thing": values[i % 5]} for i in range(1000)],
        "mean_test_score": np.arange(1000) / 1000,
        "std_test_score": np.full(1000, 0.01),
    }
    means = results_frame(search).groupby("thing", sort=False)["score"].mean()
    assert means.index.tolist() == ["(8,)", "None", "print", "adam", "[1, 2]"]
    assert isinstance(means, pd.Series)
