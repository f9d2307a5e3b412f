"""The tables of a report."""

import numpy as np
import optuna.distributions
import pandas as pd
import pytest
from scipy.stats import loguniform, norm, randint
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from skimgcls.model_selection import EpochHalvingSearchCV
from skimgcls.reports import _search_tables as module
from skimgcls.reports._search_facts import read_search
from skimgcls.reports._search_tables import (
    candidate_table,
    cost_table,
    duration_text,
    setup_table,
    space_table,
    version_tables,
)


def test_the_best_stands_first_and_is_marked_as_are_ties_and_the_base(grid_search):
    table, _, caption = candidate_table(read_search(grid_search))
    standing = dict(zip(range(6), table.index.get_level_values(1), strict=True))
    assert table.index.get_level_values("rank").tolist() == sorted(grid_search.cv_results_["rank_test_score"])
    assert standing[0].startswith("best")
    assert sum("base" in each for each in standing.values()) == 1
    assert table["accuracy"].iloc[0] == grid_search.best_score_
    assert caption.startswith("All candidates; sd: over the folds; tie: within one standard error of the best")


def test_scores_come_first_and_what_all_share_stands_in_the_caption(grid_search):
    table, _, caption = candidate_table(read_search(grid_search))
    assert list(table.columns) == ["accuracy", "sd", "to base", "lr", "optimizer", "fit (s)"]
    assert "the same for all: epochs 2, weights 1,210" in caption


def test_every_metric_has_its_column(several_metrics):
    table, _, _ = candidate_table(read_search(several_metrics))
    assert list(table.columns[:5]) == ["f1 macro", "sd", "to base", "accuracy", "neg log loss"]


def test_a_long_table_keeps_its_best_rows_and_the_base(monkeypatch, grid_search):
    monkeypatch.setattr(module, "MOST_ROWS", 2)
    facts = read_search(grid_search)
    table, _, caption = candidate_table(facts)
    assert table.index.get_level_values("rank").tolist()[:2] == sorted(facts.frame["rank"])[:2]
    assert "base" in " ".join(table.index.get_level_values(1))
    assert len(table) == 3
    assert caption.startswith("The best 2 of 6 candidates and the base")


def test_long_values_are_shortened_for_reading_but_stay_apart(random_search):
    table, formats, _ = candidate_table(read_search(random_search))
    assert table["augment"].str.len().max() <= 28
    assert table["augment"].nunique() == 3
    assert formats["lr"] == "{:.4g}"


def test_a_failed_search_has_a_table_all_the_same(failed_search):
    table, _, _ = candidate_table(read_search(failed_search))
    assert table["score"].isna().all()
    assert table["lr"].tolist() == [0.01, 0.1]


def test_the_space_says_what_values_and_distributions_there_were_and_which_won(random_search):
    table = space_table(read_search(random_search))
    assert table.loc["lr", "searched"] == "0.001 to 0.1, loguniform"
    assert table.loc["hidden_units", "searched"] == "(8,), (16, 8)"
    assert table.loc["augment", "searched"].startswith("None, light, Compose(")
    assert table.loc["batch_size", "chosen"] == str(random_search.best_params_["batch_size"])


def test_the_space_of_a_study_is_that_of_its_trials(study):
    table = space_table(read_search(study))
    assert table["searched"].to_dict() == {
        "lr": "0.0001 to 0.1, logarithmic",
        "optimizer": "sgd, adam",
        "batch_size": "whole numbers 16 to 64 in steps of 16",
    }


def test_several_grids_are_put_together(mlp, digits):
    search = GridSearchCV(mlp, [{"lr": [0.1]}, {"lr": [0.1, 0.01], "dropout": [0.2]}], cv=2).fit(*digits)
    table = space_table(read_search(search))
    assert table["searched"].to_dict() == {"lr": "0.1, 0.01", "dropout": "0.2"}


def test_nothing_searched_makes_no_table(cross_validated):
    assert space_table(read_search(cross_validated)) is None


@pytest.mark.parametrize(
    ("space", "text"),
    [
        (loguniform(1e-5, 0.1), "1e-5 to 0.1, loguniform"),
        (randint(1, 5), "1 to 4, randint"),
        (norm(0, scale=2), "norm(0, scale=2)"),
        (optuna.distributions.IntDistribution(1, 9), "whole numbers 1 to 9"),
        (optuna.distributions.FloatDistribution(0, 1, step=0.5), "0 to 1 in steps of 0.5"),
    ],
)
def test_distributions_are_written_by_their_range(space, text):
    assert module._distribution_text(space) == text


def test_many_numbers_are_written_as_a_range_and_many_words_cut():
    assert module._values_text(None, "x", [1, 2, *range(3, 12)]) == "11 values from 1 to 11"
    assert module._values_text(None, "x", list("abcdefghij")) == "a, b, c, d, e, f, g, h and 2 more"


def test_the_setting_names_search_folds_score_images_and_seeds(mlp, digits):
    cv = StratifiedKFold(2, shuffle=True, random_state=7)
    search = GridSearchCV(mlp, {"lr": [0.1, 0.01]}, cv=cv, scoring="f1_macro").fit(*digits)
    assert setup_table(read_search(search, n_images=400))["value"].to_dict() == {
        "search": "GridSearchCV",
        "folds": "2 of StratifiedKFold(n_splits=2, random_state=7, shuffle=True)",
        "score": "f1 macro",
        "images": "400, 8 x 8 pixels, 1 channel, 10 classes",
        "seed, folds": "7",
        "seed, estimator": "0",
    }


def test_a_missing_seed_is_told_with_what_follows(mlp, digits):
    search = GridSearchCV(mlp.set_params(random_state=0), {"random_state": [None], "lr": [0.1]}, cv=2).fit(*digits)
    search.estimator = search.best_estimator_
    assert setup_table(read_search(search))["value"]["seed, estimator"] == "None: scores differ from run to run"


def test_other_metrics_are_named_beside_the_main_one(several_metrics):
    assert setup_table(read_search(several_metrics))["value"]["score"] == "f1 macro; also accuracy, neg_log_loss"


def test_costs_add_up_over_candidates_and_folds(grid_search):
    amounts = cost_table(read_search(grid_search))["amount"]
    assert amounts["candidates"] == "6"
    assert amounts["fits"] == "12"
    assert amounts["epochs, all fits"] == "24"
    total = 2 * np.sum(grid_search.cv_results_["mean_fit_time"])
    assert amounts["training, all fits"] == duration_text(total)
    assert amounts["refit of the winner"] == duration_text(grid_search.refit_time_)
    assert " (median; " in amounts["one epoch"]


def test_epochs_of_networks_that_are_trained_on_count_once(mlp, digits):
    space = {"lr": [1e-4, 1e-3, 1e-2, 1e-1]}
    search = EpochHalvingSearchCV(mlp, space, min_epochs=1, max_epochs=2, factor=2, cv=2).fit(*digits)
    assert search.cv_results_["n_resources"].tolist() == [1, 1, 1, 1, 2, 2]
    amounts = cost_table(read_search(search))["amount"]
    assert amounts["fits"] == "8"
    assert amounts["epochs, all fits"] == "12"


def test_costs_of_a_study_are_those_of_its_trials(study):
    amounts = cost_table(read_search(study))["amount"]
    assert amounts["trials"] == "12"
    assert "all trials" in amounts
    assert "fits" not in amounts


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.01234, "0.0123 s"), (83.2, "83.2 s"), (180, "3 min"), (3600 * 2.5, "2 h 30 min"), (float("nan"), "unknown")],
)
def test_durations_are_written_for_people(seconds, text):
    assert duration_text(seconds) == text


def test_versions_name_the_libraries_and_no_path():
    machine, libraries = version_tables()
    assert libraries.loc["pandas", "version"] == pd.__version__
    assert "executable" not in machine.index
    assert not machine["value"].str.contains("/bin/").any()
