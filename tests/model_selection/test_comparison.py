import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from skimgcls.model_selection import Comparison, corrected_t_test

RATIO = 50 / 200


def make_scores(table, *, n_seeds=1, same_folds=False, **columns):
    """Scores from {candidate: scores over seeds and folds}."""
    n = len(next(iter(table.values())))
    n_folds = n // n_seeds
    rows = [
        {
            "candidate": name,
            "seed": i // n_folds,
            "fold": i % n_folds,
            "split": i % n_folds if same_folds else i,
            "n_train": 200,
            "n_test": 50,
            "score": scores[i],
            "fit_seconds": 2.0,
            "score_seconds": 0.5,
        }
        for i in range(n)
        for name, scores in table.items()
    ]
    return pd.DataFrame(rows).assign(**columns)


@pytest.fixture
def table(rng):
    hard = rng.normal(0, 0.02, 10)
    means = {"low": 0.7, "high": 0.9, "near": 0.899}
    return {name: mean + hard + rng.normal(0, 0.01, 10) for name, mean in means.items()}


def test_the_frame_has_the_best_first_with_means_and_their_intervals(table):
    frame = Comparison(make_scores(table)).frame
    assert frame.index[-1] == "low"
    assert frame["mean"].is_monotonic_decreasing
    assert frame.loc["low", "std"] == pytest.approx(np.std(table["low"], ddof=1))
    half = stats.t.ppf(0.975, 9) * np.sqrt((1 / 10 + RATIO) * np.var(table["low"], ddof=1))
    assert frame.loc["low", ["low", "high"]].tolist() == pytest.approx(
        [np.mean(table["low"]) - half, np.mean(table["low"]) + half]
    )
    assert frame.index.name == "candidate"


def test_differences_are_paired_and_told_apart(table):
    comparison = Comparison(make_scores(table))
    best, _, worse = comparison.frame.index
    verdicts = comparison.frame["verdict"]
    assert verdicts.tolist() == ["best", "no detectable difference", "worse"]
    assert comparison.best == best
    assert comparison.frame.loc[worse, "difference"] == pytest.approx(np.mean(table[worse] - table[best]))
    assert comparison.frame.loc[best, ["difference_low", "p_value"]].isna().all()
    assert comparison.frame.loc[best, "difference"] == 0


def test_the_best_is_chosen_by_the_scores_so_holm_covers_all_pairs(table):
    comparison = Comparison(make_scores(table))
    raw = {
        pair: float(corrected_t_test(table[pair[0]] - table[pair[1]], test_train_ratio=RATIO).p_value)
        for pair in itertools.combinations(table, 2)
    }
    adjusted, so_far = {}, 0
    for rank, (pair, p) in enumerate(sorted(raw.items(), key=lambda item: item[1])):
        so_far = max(so_far, (3 - rank) * p)
        adjusted[frozenset(pair)] = min(1, so_far)
    for name in comparison.frame.index[1:]:
        assert comparison.frame.loc[name, "p_value"] == pytest.approx(adjusted[frozenset({name, comparison.best})])
    assert comparison.n_tests == 3


def test_a_reference_chosen_beforehand_needs_fewer_tests(table):
    comparison = Comparison(make_scores(table), reference="low")
    assert comparison.n_tests == 2
    assert comparison.frame["verdict"].tolist() == ["better", "better", "reference"]
    assert (comparison.frame["difference"].iloc[:2] > 0).all()
    p_values = [corrected_t_test(table[n] - table["low"], test_train_ratio=RATIO).p_value for n in ("high", "near")]
    assert comparison.frame["p_value"].min() == pytest.approx(2 * min(p_values))


def test_an_interval_leaves_out_zero_exactly_where_a_difference_is_declared(rng):
    for _ in range(20):
        means = rng.normal(0.8, 0.03, 6)
        table = {f"c{i}": mean + rng.normal(0, 0.02, 5) for i, mean in enumerate(means)}
        frame = Comparison(make_scores(table), alpha=0.2).frame.iloc[1:]
        leaves_out_zero = (frame["difference_low"] > 0) | (frame["difference_high"] < 0)
        assert (leaves_out_zero == (frame["verdict"] == "worse")).all()
        assert ((frame["p_value"] < 0.2) == (frame["verdict"] == "worse")).all()


def test_identical_scores_are_said_to_be_so_and_count_as_one_candidate(table):
    twins = table | {"twin of high": table["high"] + 1e-15, "twin of low": table["low"].copy()}
    with_twins, without = (
        Comparison(make_scores(twins), reference="high"),
        Comparison(make_scores(table), reference="high"),
    )
    assert with_twins.frame.loc["twin of high", "verdict"] == "identical scores"
    assert with_twins.frame.loc["twin of high", ["difference", "difference_high", "p_value"]].tolist() == [0, 0, 1]
    columns = ["difference", "difference_low", "difference_high", "p_value", "verdict"]
    assert with_twins.frame.loc["twin of low", columns].equals(with_twins.frame.loc["low", columns].rename("x"))
    assert with_twins.n_tests == without.n_tests == 2


def test_nothing_but_identical_scores_divides_by_nothing():
    comparison = Comparison(make_scores({"a": np.full(5, 0.8), "b": np.full(5, 0.8)}))
    assert comparison.frame["verdict"].tolist() == ["best", "identical scores"]
    assert comparison.n_tests == 0


def test_several_seeds_on_the_same_folds_are_averaged_first(table):
    averaged = {name: scores.reshape(2, 5).mean(axis=0) for name, scores in table.items()}
    repeated = Comparison(make_scores(table, n_seeds=2, same_folds=True)).frame
    pd.testing.assert_frame_equal(repeated, Comparison(make_scores(averaged)).frame)


def test_a_candidate_with_failed_fits_is_named_and_not_tested(table):
    scores = make_scores(table)
    at = (scores["candidate"] == "high") & (scores["fold"] < 2)
    scores.loc[at, "score"] = np.nan
    comparison = Comparison(scores)
    assert comparison.frame.index[-1] == "high"
    last = comparison.frame.loc["high"]
    assert last["verdict"] == "no score from 2 of 10 fits"
    assert last["mean"] == pytest.approx(table["high"][2:].mean())
    assert last[["difference", "p_value", "low"]].isna().all()
    assert comparison.n_tests == 1


def test_costs_are_medians_and_only_what_is_known_has_a_column(table):
    scores = make_scores(table, epochs=4)
    scores.loc[0, "fit_seconds"] = 1000.0  # a library's start-up
    frame = Comparison(scores).frame
    assert frame["fit_seconds"].tolist() == [2.0] * 3
    assert frame["predict_images_per_second"].tolist() == [100.0] * 3
    assert frame["epochs"].tolist() == [4.0] * 3
    assert "n_parameters" not in frame
    assert not frame.isna().all().any()


def test_other_metrics_and_training_scores_have_their_means(table):
    scores = make_scores(table, f1=0.5, train_score=0.99, train_f1=0.6)
    frame = Comparison(scores).frame
    assert frame["mean_f1"].tolist() == [0.5] * 3
    assert frame["train_mean"].tolist() == pytest.approx([0.99] * 3)
    assert Comparison(scores, metric="f1").frame["verdict"].tolist()[1:] == ["identical scores"] * 2


def test_parameters_stand_in_the_order_of_the_frame_under_short_names(table):
    params = {name: {"net__lr": i / 10} for i, name in enumerate(table)}
    comparison = Comparison(make_scores(table), params=params)
    assert comparison.params["lr"].to_dict() == {"low": 0.0, "high": 0.1, "near": 0.2}
    assert comparison.params.index.equals(comparison.frame.index)
    assert Comparison(make_scores(table)).params.shape == (3, 0)


def test_what_is_not_there_is_refused(table):
    scores = make_scores(table)
    with pytest.raises(ValueError, match=r"metric='auc' is not among the scores. Choose one of \['score'\]"):
        Comparison(scores, metric="auc")
    with pytest.raises(ValueError, match=r"reference 'median'.*The candidates are"):
        Comparison(scores, reference="median")
    with pytest.raises(ValueError, match=r"No candidate has a score on every fold.*The first error: RuntimeError: x"):
        Comparison(scores.assign(score=np.nan, error="RuntimeError: x"))
