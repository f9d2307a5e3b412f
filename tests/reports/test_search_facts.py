"""What a report says in words."""

import numpy as np
import optuna
import pytest
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV

from skimgcls.model_selection import cheapest_within_one_se
from skimgcls.reports._search_facts import plural, read_search, score_text
from skimgcls.utils._is_same import is_same


def headline(search, **options):
    return " ".join(read_search(search, **options).headline())


def test_the_headline_names_the_best_its_score_its_ties_and_the_base(grid_search):
    results, best = grid_search.cv_results_, grid_search.best_index_
    error = results["std_test_score"][best]  # of two folds, with one in the denominator
    n_ties = (results["mean_test_score"] >= grid_search.best_score_ - error).sum() - 1
    base = next(i for i, each in enumerate(results["params"]) if each == {"optimizer": "adam", "lr": 1e-3})
    text = headline(grid_search)
    assert text.startswith("The best of 6 candidates is lr=")
    assert f"accuracy {grid_search.best_score_:.4f} ± {error:.4f} (mean and standard deviation over 2 folds)" in text
    assert (f"{n_ties} other" if n_ties else "No other") + f"{'s are' if n_ties > 1 else ' is'} within one" in text
    assert f"({error:.4f})" in text
    difference = grid_search.best_score_ - results["mean_test_score"][base]
    assert f"The winner scores {difference:.4f} higher than the candidate with the estimator's own values (" in text


def test_without_a_candidate_of_the_own_values_the_first_is_the_base(random_search):
    assert "higher than the first candidate (augment=" in headline(random_search)


def test_a_winner_that_is_the_base_is_called_so(mlp, digits):
    search = GridSearchCV(mlp, {"lr": [mlp.lr, 1e-9]}, cv=2).fit(*digits)
    assert "The winner is the candidate with the estimator's own values." in headline(search)


def test_one_candidate_beats_nobody(one_candidate, cross_validated):
    text = headline(one_candidate)
    assert text.startswith("One candidate, lr=0.01: accuracy 0.")
    assert "tie" not in text + headline(cross_validated)
    assert headline(cross_validated).startswith("One candidate: score 0.")


def test_trials_are_called_trials_and_pruned_ones_are_counted(study):
    n_pruned = sum(trial.state.name == "PRUNED" for trial in study.trials)
    assert n_pruned > 1
    text = headline(study)
    assert text.startswith("The best of 12 trials is lr=")
    assert f"value {study.best_value:.4f}." in text
    assert f"Of the trials, {n_pruned} were pruned." in text


def test_a_search_without_any_score_says_so_and_has_no_winner(failed_search):
    facts = read_search(failed_search)
    assert facts.chosen is None
    assert facts.code == ""
    assert facts.headline()[0].startswith("None of the 2 candidates came to a score")
    assert facts.headline()[1] == "Of the candidates, 2 got no score."


def test_a_study_of_pruned_trials_has_no_winner():
    def prune(trial):
        trial.report(trial.suggest_float("lr", 0, 1), 0)
        raise optuna.TrialPruned

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(prune, n_trials=2)
    facts = read_search(study)
    assert facts.chosen is None
    assert facts.headline()[1] == "Of the trials, 2 were pruned."


def test_candidates_whose_fits_failed_are_counted(mlp, digits):
    search = GridSearchCV(mlp, {"lr": [0.01, -1.0]}, cv=2)
    with pytest.warns((FitFailedWarning, UserWarning), match=r"fits failed|non-finite"):
        search.fit(*digits)
    assert "Of the candidates, 1 got no score." in headline(search)


def test_halving_counts_a_candidate_once(halving_search):
    facts = read_search(halving_search)
    assert len(facts.frame) > facts.n_candidates == 4
    assert facts.candidates.params[facts.chosen] == halving_search.best_params_


def test_a_refit_function_is_named_with_what_it_chose_and_with_the_best(mlp, digits):
    refit = cheapest_within_one_se(cost=lambda params: params["hidden_units"][0])
    space = {"hidden_units": [(1,), (16,), (256,)]}
    always = GridSearchCV(mlp, space, cv=2, refit=lambda results: 0).fit(*digits)
    text = headline(always)
    assert text.startswith("Chosen by <lambda> from 3 candidates: hidden_units=(1,), accuracy")
    best = always.cv_results_["mean_test_score"].max()
    assert f"The best score is {best:.4f}, of hidden_units=(" in text
    assert read_search(always).estimator.hidden_units == (1,)
    assert "Chosen by cheapest_within_one_se(metric=" in headline(
        GridSearchCV(mlp, space, cv=2, refit=refit).fit(*digits)
    )


def test_the_winner_of_another_metric_is_made_from_its_own_parameters(several_metrics):
    for metric in ("accuracy", "neg_log_loss"):
        facts = read_search(several_metrics, metric=metric)
        best = several_metrics.cv_results_["params"][np.argmax(several_metrics.cv_results_[f"mean_test_{metric}"])]
        assert facts.estimator.lr == best["lr"]
        assert f"{metric.replace('_', ' ')} " in facts.headline()[0]


@pytest.mark.parametrize(
    "name", ["grid_search", "random_search", "pipeline_search", "several_metrics", "halving_search"]
)
def test_the_code_makes_the_best_estimator(name, request):
    search = request.getfixturevalue(name)
    names = {}
    exec(read_search(search).code, names)
    built, best = names["model"].get_params(), search.best_estimator_.get_params()
    assert built.keys() == best.keys()
    for key, value in best.items():
        assert is_same(built[key], value) or repr(built[key]) == repr(value), key


def test_the_code_of_a_study_is_the_dict_of_its_best_parameters(study):
    names = {}
    exec(read_search(study).code, names)
    assert names["params"] == study.best_params


def test_images_are_told_where_they_are_known(grid_search):
    assert read_search(grid_search).n_images is None
    assert read_search(grid_search, n_images=400).n_images == 400


@pytest.mark.parametrize(("value", "text"), [(0.5, "0.5000"), (0, "0.0000"), (12.3456, "12.35"), (3e-7, "3e-07")])
def test_scores_have_four_digits(value, text):
    assert score_text(value) == text


def test_nouns_follow_their_number():
    assert [plural(n, "fold") for n in (0, 1, 1200)] == ["0 folds", "1 fold", "1,200 folds"]
