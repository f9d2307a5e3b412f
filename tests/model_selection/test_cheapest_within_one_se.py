import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV

from skimgcls.model_selection import cheapest_within_one_se, results_frame


def fake_results(means, stds, *, n_folds=3, **columns):
    results = {f"split{k}_test_score": np.zeros(len(means)) for k in range(n_folds)}
    results |= {"mean_test_score": np.array(means), "std_test_score": np.array(stds)}
    results |= {name: np.array(values) for name, values in columns.items()}
    return results | {"params": [{"width": 10 * k} for k in range(len(means))]}


def cost_of_width(params):
    return params["width"]


def test_the_cheapest_of_those_within_one_standard_error_is_taken():
    # the standard error of the best is 0.02 / sqrt(2)
    results = fake_results([0.90, 0.89, 0.88, 0.5], [0.02] * 4, mean_fit_time=[9.0, 5.0, 3.0, 1.0])
    assert cheapest_within_one_se()(results) == 1
    assert cheapest_within_one_se(cost=cost_of_width)(results) == 0


def test_of_equal_cost_the_better_score_wins_and_score_time_is_a_cost():
    results = fake_results([0.89, 0.90, 0.891], [0.03] * 3, mean_score_time=[1.0, 2.0, 1.0])
    assert cheapest_within_one_se(cost="score_time")(results) == 2


def test_candidates_without_a_score_are_not_chosen_and_those_without_a_cost_last():
    results = fake_results([np.nan, 0.90, 0.89], [np.nan, 0.05, 0.05], mean_fit_time=[0.1, np.nan, 7.0])
    assert cheapest_within_one_se()(results) == 2
    results["mean_fit_time"] = np.full(3, np.nan)
    assert cheapest_within_one_se()(results) == 1
    results["mean_test_score"] = np.full(3, np.nan)
    assert cheapest_within_one_se()(results) == 0


def test_of_one_fold_only_the_best_score_competes():
    results = fake_results([0.9, 0.9, 0.89], [0.0] * 3, n_folds=1, mean_fit_time=[2.0, 1.0, 0.5])
    assert cheapest_within_one_se()(results) == 1


def test_it_agrees_with_the_ties_of_the_table(guesser, blank_images):
    grid = {"quality": [0.9, 0.899, 0.5], "size": [(1,), (2,)]}
    refit = cheapest_within_one_se(cost=lambda params: -params["size"][0])
    search = GridSearchCV(guesser(), grid, cv=3, refit=refit).fit(*blank_images)
    frame = results_frame(search)
    assert search.best_params_ == {"quality": 0.9, "size": (2,)}
    assert frame.loc[search.best_index_, "tie"]
    assert frame["tie"].sum() == 2


def test_a_metric_of_several_is_named(guesser, blank_images):
    def quality(estimator, X, y):
        return estimator.quality

    def badness(estimator, X, y):
        return -estimator.quality

    search = RandomizedSearchCV(
        guesser(), {"quality": [0.2, 0.8]}, n_iter=2, cv=2, scoring={"a": quality, "b": badness},
        refit=cheapest_within_one_se("b"),
    ).fit(*blank_images)  # fmt: skip
    assert search.best_params_ == {"quality": 0.2}
    with pytest.raises(ValueError, match=r"no metric 'accuracy'\. Expected one of \['a', 'b'\]"):
        cheapest_within_one_se("accuracy")(search.cv_results_)


def test_a_search_with_it_can_be_cloned_and_pickled(guesser):
    refit = cheapest_within_one_se(cost=len)
    for copied in (clone(GridSearchCV(guesser(), {}, refit=refit)).refit, pickle.loads(pickle.dumps(refit))):
        assert copied(fake_results([0.9, 0.9], [0.1, 0.1])) == 0
    assert repr(cheapest_within_one_se("f1")) == "cheapest_within_one_se(metric='f1', cost='fit_time')"


def test_an_unknown_cost_is_refused_at_once():
    with pytest.raises(ValueError, match=r"cost must be one of .*'fit_time'.* got 'size'"):
        cheapest_within_one_se(cost="size")
