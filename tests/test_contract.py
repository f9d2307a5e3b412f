"""The contract with scikit-learn's tools, for every estimator and every form of input; and Optuna, epoch by epoch."""

import numpy as np
import optuna
import pytest
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold

from skimgcls import CNNClassifier, MLPClassifier, PretrainedClassifier
from skimgcls.utils._estimator_contract import INPUT_FORMS, image_estimator_checks, make_learnable_images

PARAMS = {"dropout": 0.1, "lr": 0.01, "batch_size": 12, "max_epochs": 3, "n_jobs": 1, "random_state": 0}
ESTIMATORS = [MLPClassifier((16,), **PARAMS), CNNClassifier((8, 8), hidden_units=(16,), **PARAMS)]
CHECKS = [check for estimator in ESTIMATORS for check in image_estimator_checks(estimator)]
# a linear head on random features: in two forms only, since features take time
TRANSFER = {"weights": None, "image_size": 32, "lr": 0.1, "batch_size": 12, "max_epochs": 12, "feature_cache": 20}
TRANSFER = PretrainedClassifier("squeezenet1_1", **TRANSFER, n_jobs=1, random_state=0)
CHECKS += [check for check in image_estimator_checks(TRANSFER) if check.form in ("flat", "rgb")]


# those in processes are run by test_parallel.py
@pytest.mark.filterwarnings("ignore:Training blew up:sklearn.exceptions.ConvergenceWarning")  # the head of TRANSFER
@pytest.mark.parametrize("check", [check for check in CHECKS if check.name != "search_in_processes"], ids=str)
def test_the_contract_is_kept(check):
    check()


def test_every_tool_is_tried_with_every_form():
    tools = [
        *("cross_validate", "grid_search", "randomized_search", "halving_over_samples", "halving_over_epochs"),
        *("pipeline", "voting", "stacking", "calibration", "one_vs_rest", "learning_curve", "permutation_test"),
        *("thresholds", "frozen", "clone", "pickle", "search_in_threads", "search_in_processes"),
        *("sample_weight_routing", "partial_fit_in_lock_step"),
    ]
    tried = {(type(check.estimator), check.name, check.form) for check in CHECKS}
    assert {(type(e), name, form) for e in ESTIMATORS for name in tools for form in INPUT_FORMS} <= tried


def test_the_tools_of_the_issue_take_every_form_but_those_that_scikit_learn_keeps_for_tables():
    refused = {check.name for check in CHECKS if check.refused_because}
    tables_only = {"pipeline_with_scaler", "bagging", "one_vs_one", "self_training", "permutation_importance"}
    assert refused == tables_only


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("form", INPUT_FORMS)
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
def test_optuna_prunes_a_trial_whose_folds_step_together_epoch_by_epoch(estimator, form):
    X, y = make_learnable_images(form)
    folds = list(StratifiedKFold(3).split(np.zeros(len(y)), y))
    trained = {}

    def objective(trial):
        lr = trial.suggest_float("lr", 1e-9, 1.0, log=True)
        models = trained[trial.number] = [clone(estimator).set_params(lr=lr) for _ in folds]
        for epoch in range(estimator.max_epochs):
            for model, (train, _) in zip(models, folds, strict=True):
                model.partial_fit(X[train], y[train], classes=np.unique(y))
            score = np.mean([model.score(X[test], y[test]) for model, (_, test) in zip(models, folds, strict=True)])
            trial.report(score, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return score

    study = optuna.create_study(direction="maximize", pruner=optuna.pruners.MedianPruner(n_startup_trials=1))
    for lr in (0.01, 1e-8, 1e-9):
        study.enqueue_trial({"lr": lr})
    study.optimize(objective, n_trials=3)

    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "PRUNED", "PRUNED"]
    n_epochs = [len(trial.intermediate_values) for trial in study.trials]
    assert n_epochs[0] == estimator.max_epochs
    assert max(n_epochs[1:]) < estimator.max_epochs
    for trial, models in trained.items():
        assert {model.n_epochs_ for model in models} == {n_epochs[trial]}
    whole = [clone(estimator).fit(X[train], y[train]).score(X[test], y[test]) for train, test in folds]
    assert study.best_params == {"lr": 0.01}
    assert study.best_value == np.mean(whole) > 0.67
