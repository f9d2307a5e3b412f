import time

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.pruners import HyperbandPruner, MedianPruner, NopPruner, SuccessiveHalvingPruner, ThresholdPruner
from optuna.samplers import GridSampler, RandomSampler, TPESampler
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, cross_validate

from skimgcls import MLPClassifier
from skimgcls.exceptions import DivergedError
from skimgcls.model_selection import CandidateCurvesDisplay, OptunaSearchCV, ParetoDisplay, results_frame

NET = {"hidden_units": (8,), "batch_size": 64, "max_epochs": 4, "random_state": 0, "n_jobs": 1}
SPACE = {"lr": FloatDistribution(1e-4, 1e-1, log=True)}
WIDE = {"lr": FloatDistribution(1e-4, 1e31, log=True)}
LRS = [1e-4, 1e-3, 1e-2, 3e-2]


@pytest.fixture(autouse=True)
def quiet_optuna():
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(before)


def optimizing(space=SPACE, **params):
    return OptunaSearchCV(MLPClassifier(**NET), space, **{"cv": 2, "n_trials": 4, "random_state": 0} | params)


def study_of(*lrs, **params):
    """A study that tries these learning rates first."""
    study = optuna.create_study(
        **{"direction": "maximize", "study_name": "lrs"} | params
    )  # a name decides on Hyperband's brackets
    for lr in lrs:
        study.enqueue_trial({"lr": lr})
    return study


def states(search):
    return [trial.state.name.lower() for trial in search.trials_]


def assert_like_cross_validation(search, X, y):
    """Scores of each trial that was not pruned are those of its parameters elsewhere, to the bit."""
    results = search.cv_results_
    for row in np.flatnonzero(results["state"] == "complete"):
        model = clone(search.estimator).set_params(**results["params"][row])
        expected = cross_validate(model, X, y, cv=search.cv)["test_score"]
        assert [results[f"split{fold}_test_score"][row] for fold in range(search.n_splits_)] == expected.tolist()
        assert results["mean_test_score"][row] == search.trials_[results["trial"][row]].value == expected.mean()


# ----------------------------------------------------------- trials and rows


def test_trials_score_as_a_cross_validation_of_their_parameters(digits):
    X, y = digits
    search = optimizing(cv=3).fit(X, y)
    assert_like_cross_validation(search, X, y)
    assert search.n_trials_ == len(search.cv_results_["params"]) == 4
    assert search.cv_results_["trial"].tolist() == [0, 1, 2, 3]
    assert search.cv_results_["n_resources"].tolist() == [4] * 4
    assert search.best_trial_.number == search.best_index_
    assert search.best_params_ == search.best_trial_.params
    assert search.best_score_ == search.best_trial_.value
    expected = MLPClassifier(**NET | search.best_params_).fit(X, y)
    np.testing.assert_array_equal(search.predict_proba(X), expected.predict_proba(X))


@pytest.mark.parametrize(
    "pruner",
    [
        MedianPruner(n_startup_trials=1),
        SuccessiveHalvingPruner(),
        HyperbandPruner(max_resource=4, reduction_factor=2),
        ThresholdPruner(lower=0.15, n_warmup_steps=1),
        NopPruner(),
    ],
    ids=lambda pruner: type(pruner).__name__,
)
def test_pruned_and_unpruned_searches_agree_where_nothing_was_pruned(pruner, digits):
    X, y = digits
    lrs = [0.05, 1e-4, 0.02, 2e-4, 0.08]
    search = optimizing(enable_pruning=True, n_trials=5, study=study_of(*lrs, pruner=pruner)).fit(X, y)
    pruned = np.array(states(search)) == "pruned"
    assert pruned.any() == (not isinstance(pruner, NopPruner))
    assert not pruned.all()
    assert_like_cross_validation(search, X, y)
    unpruned = optimizing(n_trials=5, study=study_of(*lrs)).fit(X, y)
    for name in ("split0_test_score", "split1_test_score", "mean_test_score"):
        assert (search.cv_results_[name] == unpruned.cv_results_[name])[~pruned].all()
    assert search.best_params_ == unpruned.best_params_


def test_after_each_epoch_the_mean_of_the_folds_is_reported(digits):
    X, y = digits
    search = optimizing(enable_pruning=True, pruner=NopPruner(), n_trials=1, cv=3).fit(X, y)
    reported = search.trials_[0].intermediate_values
    for epochs in range(1, 5):
        model = MLPClassifier(**NET | search.best_params_ | {"max_epochs": epochs})
        assert reported[epochs - 1] == cross_validate(model, X, y, cv=3)["test_score"].mean()


def test_a_pruned_trial_has_a_row_with_the_scores_of_its_last_epoch_and_cannot_win(digits):
    study = study_of(1e-3, 0.05, pruner=ThresholdPruner(upper=0.12))  # which ends those that are good
    search = optimizing(enable_pruning=True, n_trials=2, study=study).fit(*digits)
    results = search.cv_results_
    assert states(search) == results["state"].tolist() == ["complete", "pruned"]
    assert results["n_resources"].tolist() == [4, search.trials_[1].last_step + 1]
    assert results["n_resources"][1] < 4
    assert results["mean_test_score"][1] == search.trials_[1].value > results["mean_test_score"][0]
    assert results["rank_test_score"].tolist() == [2, 1]
    assert (search.best_index_, search.best_params_) == (0, {"lr": 1e-3})


def test_tables_and_pictures_show_it(digits):
    study = study_of(0.05, 1e-4, 0.02, pruner=ThresholdPruner(lower=0.2, n_warmup_steps=1))
    search = optimizing(enable_pruning=True, n_trials=3, study=study).fit(*digits)
    frame = results_frame(search)
    assert frame["state"].tolist() == ["complete", "pruned", "complete"]
    assert frame["epochs"].tolist() == search.cv_results_["n_resources"].tolist() == [4, 2, 4]
    assert frame["score"].tolist() == search.cv_results_["mean_test_score"].tolist()
    assert frame["score_std"].tolist() == pytest.approx(search.cv_results_["std_test_score"].tolist())
    assert (frame["fit_seconds"] > 0).all()
    assert isinstance(ParetoDisplay.from_search(search), ParetoDisplay)
    assert sorted(CandidateCurvesDisplay.from_search(search).curves_) == ["score"]


# ------------------------------------------------------ samplers and spaces


@pytest.mark.parametrize("sampler", [TPESampler(seed=0), RandomSampler(seed=0), GridSampler({"lr": LRS}, seed=0)])
def test_any_sampler_draws(sampler, digits):
    space = {"lr": CategoricalDistribution(LRS)}
    search = optimizing(space, sampler=sampler, n_trials=5).fit(*digits)
    assert search.n_trials_ == (4 if isinstance(sampler, GridSampler) else 5)  # which stops when it is through
    assert {params["lr"] for params in search.cv_results_["params"]} <= set(LRS)
    assert search.study_.sampler is sampler


def test_all_distributions_are_drawn_from(digits):
    space = {
        "lr": FloatDistribution(0.01, 0.05, step=0.01),
        "batch_size": IntDistribution(16, 64, step=16),
        "hidden_units": IntDistribution(4, 16, log=True),
        "norm": CategoricalDistribution([None, "batch"]),
    }
    search = optimizing(space).fit(*digits)
    for params in search.cv_results_["params"]:
        assert all(
            distribution._contains(distribution.to_internal_repr(params[name])) for name, distribution in space.items()
        )
    assert search.trials_[0].distributions == space


def test_a_seed_draws_the_same_trials(digits):
    first, second, other = (optimizing(random_state=seed).fit(*digits).cv_results_["params"] for seed in (1, 1, 2))
    assert first == second
    assert first != other


def test_threads_score_each_trial_alike(digits):
    search = optimizing(n_jobs=2, n_trials=5, enable_pruning=True, pruner=MedianPruner(n_startup_trials=1)).fit(*digits)
    assert search.n_trials_ == 5
    assert_like_cross_validation(search, *digits)


# ------------------------------------------------------- studies and storage


def test_a_stored_study_goes_on_and_its_trials_count(digits, tmp_path):
    X, y = digits
    url = f"sqlite:///{tmp_path}/search.db"
    first = optimizing(storage=url, study_name="lr", n_trials=2, enable_pruning=True).fit(X, y)
    second = optimizing(storage=url, study_name="lr", n_trials=1, random_state=1).fit(X, y)
    assert second.n_trials_ == len(second.cv_results_["params"]) == 3
    assert second.cv_results_["params"][:2] == first.cv_results_["params"]
    assert second.cv_results_["split0_test_score"][:2].tolist() == first.cv_results_["split0_test_score"].tolist()
    assert_like_cross_validation(second, X, y)
    assert second.best_score_ == max(trial.value for trial in second.trials_)


@pytest.mark.parametrize(
    "change", [{"cv": 3}, {"scoring": ["accuracy", "neg_log_loss"], "refit": "accuracy"}, {"return_train_score": True}]
)
def test_trials_with_other_folds_or_scores_stay_in_the_study_alone(change, digits):
    study = study_of(0.05, 0.01)
    optimizing(study=study, n_trials=1).fit(*digits)
    search = optimizing(study=study, n_trials=1, **change).fit(*digits)
    assert search.n_trials_ == 2
    assert search.cv_results_["trial"].tolist() == [1]
    assert search.best_params_ == {"lr": 0.01}


def test_a_study_of_the_users_is_used_and_has_its_attributes(digits):
    study = study_of(0.02)
    study.set_user_attr("who", "me")
    search = optimizing(study=study, n_trials=2)
    for n_trials in (2, 4):
        search.fit(*digits)
        assert search.study_ is study
        assert search.n_trials_ == len(search.trials_) == len(search.trials_dataframe()) == n_trials
    assert search.cv_results_["params"][0] == {"lr": 0.02}
    assert search.user_attrs_ == {"who": "me"}
    search.set_user_attr("where", "here")
    assert study.user_attrs["where"] == "here"
    assert study.trials[0].user_attrs["mean_test_score"] == search.cv_results_["mean_test_score"][0]
    assert study.trials[0].user_attrs["split1_test_score"] == search.cv_results_["split1_test_score"][0]


@pytest.mark.parametrize("directions", [["minimize"], ["maximize", "maximize"]])
@pytest.mark.parametrize("stored", [False, True])
def test_a_study_of_another_direction_is_refused(stored, directions, digits):
    storage = optuna.storages.InMemoryStorage()
    study = optuna.create_study(directions=directions, storage=storage, study_name="other")
    params = {"storage": storage, "study_name": "other"} if stored else {"study": study}
    with pytest.raises(ValueError, match="must have one direction, 'maximize'"):
        optimizing(**params).fit(*digits)
    assert not study.trials


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"study": study_of(), "sampler": RandomSampler()}, ValueError, r"study was given together with \['sampler'\]"),
        ({"study": study_of(), "storage": "sqlite://", "pruner": NopPruner()}, ValueError, r"\['storage', 'pruner'\]"),
        ({"n_trials": None}, ValueError, "n_trials and timeout are both None"),
        ({"param_distributions": {"lr": [0.1, 0.2]}}, TypeError, r"param_distributions\['lr'\] is \[0.1, 0.2\]"),
        ({"param_distributions": {"max_epochs": IntDistribution(1, 3)}}, ValueError, "set max_iter of the search"),
        ({"subsample": 1.5}, ValueError, "'subsample' parameter"),
        ({"subsample": 0}, ValueError, "'subsample' parameter"),
    ],
)
def test_what_does_not_fit_together_is_refused(params, error, message, digits):
    with pytest.raises(error, match=message):
        optimizing().set_params(**params).fit(*digits)


# ----------------------------------------------------------------- the limits


def test_callbacks_are_called_after_each_trial_and_may_stop_the_study(digits):
    seen = []

    def callback(study, trial):
        seen.append(trial.number)
        if trial.number == 1:
            study.stop()

    search = optimizing(callbacks=[callback]).fit(*digits)
    assert seen == [0, 1]
    assert search.n_trials_ == 2


def test_after_the_timeout_no_trial_begins(digits):
    search = optimizing(timeout=0.5, n_trials=None, callbacks=[lambda study, trial: time.sleep(0.6)]).fit(*digits)
    assert search.n_trials_ == 1


def test_a_search_without_a_trial_says_so(digits):
    with pytest.raises(ValueError, match=r"No candidate has been scored on all folds: .* the time was up before"):
        optimizing(timeout=1e-9).fit(*digits)


def test_max_iter_is_the_number_of_epochs(digits):
    X, y = digits
    search = optimizing(max_iter=2, enable_pruning=True).fit(X, y)
    assert search.max_epochs_ == search.best_estimator_.n_epochs_ == 2
    assert set(search.cv_results_["n_resources"]) <= {1, 2}


def test_errors_are_caught_where_that_is_asked_for(digits):
    params = {"error_score": "raise", "n_trials": 2}
    search = optimizing(WIDE, study=study_of(1e30, 0.02), catch=DivergedError, **params).fit(*digits)
    assert states(search) == ["fail", "complete"]
    assert search.cv_results_["trial"].tolist() == [1]
    with pytest.raises(DivergedError):
        optimizing(WIDE, study=study_of(1e30, 0.02), catch=(TypeError,), **params).fit(*digits)
    with pytest.raises(ValueError, match="No candidate has been scored on all folds"):
        optimizing({"lr": CategoricalDistribution([1e30])}, catch=(DivergedError,), **params).fit(*digits)


@pytest.mark.filterwarnings("ignore:.*non-finite:UserWarning", "ignore::sklearn.exceptions.FitFailedWarning")
def test_a_trial_that_diverges_fails_at_once_and_has_a_row(digits):
    search = optimizing(WIDE, study=study_of(1e30, 0.02), n_trials=2, enable_pruning=True).fit(*digits)
    assert states(search) == search.cv_results_["state"].tolist() == ["fail", "complete"]
    assert search.cv_results_["n_resources"].tolist() == [1, 4]
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [True, False]


# ------------------------------------------------------------------ subsample


@pytest.mark.parametrize("subsample", [0.4, 80])
def test_a_part_is_searched_on_and_everything_is_fitted(subsample, digits, rng):
    X, y = digits
    params = {"sample_weight": rng.uniform(0.1, 2, 200), "groups": np.arange(200) % 5}
    search = optimizing(subsample=subsample, cv=GroupKFold(2), n_trials=2).fit(X, y, **params)
    rows = search.sample_indices_
    assert (search.n_samples_, len(set(rows))) == (80, 80)
    part = optimizing(
        cv=GroupKFold(2), n_trials=2, study=study_of(*[each["lr"] for each in search.cv_results_["params"]])
    )
    part.fit(X[rows], y[rows], **{name: values[rows] for name, values in params.items()})
    assert part.cv_results_["mean_test_score"].tolist() == search.cv_results_["mean_test_score"].tolist()
    expected = MLPClassifier(**NET | search.best_params_).fit(X, y, sample_weight=params["sample_weight"])
    np.testing.assert_array_equal(search.predict_proba(X), expected.predict_proba(X))


@pytest.mark.parametrize("subsample", [1.0, 200, 999])
def test_all_images_are_searched_on_otherwise(subsample, digits):
    search = optimizing(subsample=subsample, n_trials=1).fit(*digits)
    np.testing.assert_array_equal(search.sample_indices_, np.arange(200))
    assert_like_cross_validation(search, *digits)


@pytest.mark.parametrize("enable_pruning", [True, False])
def test_its_table_holds_all_metrics_with_their_deviations(enable_pruning, digits):
    scoring = {"scoring": ["accuracy", "neg_log_loss"], "refit": "neg_log_loss", "return_train_score": True}
    search = optimizing(SPACE, enable_pruning=enable_pruning, **scoring).fit(*digits)
    frame = results_frame(search)
    for metric in scoring["scoring"]:
        assert frame[metric].tolist() == search.cv_results_[f"mean_test_{metric}"].tolist()
        assert frame[f"{metric}_std"].tolist() == search.cv_results_[f"std_test_{metric}"].tolist()
        assert frame[f"train_{metric}"].tolist() == search.cv_results_[f"mean_train_{metric}"].tolist()
    assert frame.index.tolist() == [trial.number for trial in search.trials_]
    assert ("state" in frame) == (set(search.cv_results_["state"]) != {"complete"})
    assert (frame["trial_seconds"] >= frame["fit_seconds"]).all()
