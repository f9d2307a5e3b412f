import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna_integration import OptunaSearchCV
from scipy.stats import uniform
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, HalvingRandomSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline

from skimgcls.model_selection._planned_work import check_search, halving_rounds, planned_work

pytestmark = pytest.mark.filterwarnings("ignore:OptunaSearchCV is experimental")
Y = np.arange(60) % 2
QUALITIES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]


def test_a_grid_is_one_round(guesser):
    search = GridSearchCV(guesser(), {"quality": [0.1, 0.2], "max_epochs": [1, 2]}, n_jobs=2)
    work = planned_work(search, Y, n_folds=5)
    (only,) = work.rounds
    assert only.candidates[1] == {"max_epochs": 1, "quality": 0.2}
    assert (only.n_candidates, only.share, work.n_parallel, work.at_most) == (4, 1.0, 2, False)
    assert work.refit == only.candidates
    assert planned_work(search.set_params(refit=False), Y, n_folds=5).refit == []


def test_no_more_run_at_a_time_than_there_are(guesser):
    assert planned_work(GridSearchCV(guesser(), {}, n_jobs=8), Y, n_folds=3).n_parallel == 3


def test_random_candidates_are_those_of_the_search_whose_generator_stays_as_it_is(guesser, blank_images):
    state = np.random.RandomState(7)
    search = RandomizedSearchCV(guesser(), {"quality": uniform()}, n_iter=3, cv=2, random_state=state)
    planned = planned_work(search, Y, n_folds=2).rounds[0].candidates
    assert search.fit(*blank_images).cv_results_["params"] == planned


def test_without_a_seed_numpys_own_generator_is_not_drawn_from(guesser):
    before = np.random.get_state()[1].copy()
    work = planned_work(RandomizedSearchCV(guesser(), {"quality": uniform()}, n_iter=4), Y, n_folds=2)
    assert len(work.rounds[0].candidates) == 4
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"factor": 2},
        {"min_resources": "smallest"},
        {"min_resources": 20, "max_resources": 50, "factor": 2},
        {"min_resources": 25, "aggressive_elimination": True},
        {"resource": "max_epochs", "max_resources": 9},
        {"resource": "max_epochs", "max_resources": 20, "min_resources": "smallest", "factor": 2},
    ],
)
def test_halving_goes_as_in_scikit_learn(options, guesser, blank_images):
    search = HalvingGridSearchCV(guesser(), {"quality": QUALITIES}, cv=3, **options).fit(*blank_images)
    rounds = planned_work(search, Y, n_folds=3).rounds
    assert [each.n_candidates for each in rounds] == search.n_candidates_
    if search.resource == "n_samples":
        assert [round(60 * each.share) for each in rounds] == search.n_resources_
    else:
        assert [each.candidates[0]["max_epochs"] for each in rounds] == search.n_resources_


def test_random_halving_takes_as_many_as_its_resources_allow(guesser, blank_images):
    search = HalvingRandomSearchCV(
        guesser(), {"quality": uniform()}, cv=3, n_candidates="exhaust", min_resources=12, random_state=0
    )
    rounds = planned_work(search, Y, n_folds=3).rounds
    search.fit(*blank_images)
    assert [each.n_candidates for each in rounds] == search.n_candidates_ == [5, 2]


def test_halving_sizes_are_pure_arithmetic():
    assert halving_rounds(9, 1, 9, factor=3, exhaust=True) == [(9, 1), (3, 3), (1, 9)]
    assert halving_rounds(9, 5, 9, factor=3) == [(9, 5)]


def test_halving_that_cannot_begin_is_an_error(guesser):
    search = HalvingGridSearchCV(guesser(), {"quality": QUALITIES}, min_resources=50, max_resources=40)
    with pytest.raises(ValueError, match="50, are above its largest, 40"):
        planned_work(search, Y, n_folds=3)


def test_trials_of_optuna_are_drawn_from_its_distributions(guesser):
    space = {"quality": FloatDistribution(0, 1), "size": CategoricalDistribution(["a", "b"])}
    work = planned_work(OptunaSearchCV(guesser(), space, n_trials=20, n_jobs=2, subsample=30), Y, n_folds=3)
    (only,) = work.rounds
    assert (only.n_candidates, only.share) == (20, 0.5)
    assert all(0 <= params["quality"] <= 1 for params in only.candidates)
    assert {params["size"] for params in only.candidates} == {"a", "b"}
    assert (work.n_parallel, work.in_threads, work.folds_in_turn, work.at_most) == (2, True, True, False)


def test_pruned_trials_take_an_epoch_a_call_and_may_end_sooner(guesser):
    guesser = type("PartialGuesser", (guesser,), {"partial_fit": lambda self, X, y, classes=None: self.fit(X, y)})
    pipeline = make_pipeline(guesser())
    search = OptunaSearchCV(guesser(), {"quality": FloatDistribution(0, 1)}, enable_pruning=True, max_iter=7)
    work = planned_work(search, Y, n_folds=3)
    assert {params["max_epochs"] for params in work.rounds[0].candidates} == {7}
    assert work.at_most
    assert work.by_epochs
    assert "max_epochs" not in work.refit[0]
    assert planned_work(OptunaSearchCV(pipeline, {}, n_trials=1, timeout=9.0), Y, n_folds=3).at_most
    with pytest.raises(ValueError, match="n_trials=None"):
        planned_work(OptunaSearchCV(guesser(), {}, n_trials=None, timeout=9.0), Y, n_folds=3)


def test_a_search_that_goes_on_with_networks_tells_its_rounds(guesser):
    class Continuing(GridSearchCV):
        def _planned_epochs(self):
            return [{"quality": 0.1}, {"quality": 0.2}], [(2, 1), (1, 4)]

    work = planned_work(Continuing(guesser(), {}), Y, n_folds=3)
    assert [(each.n_candidates, each.candidates[0]["max_epochs"]) for each in work.rounds] == [(2, 1), (1, 4)]
    assert work.refit[1] == {"quality": 0.2, "max_epochs": 5}
    assert work.in_threads


@pytest.mark.parametrize("search", ["grid", GridSearchCV, None])
def test_what_is_no_search_is_refused(search):
    with pytest.raises(TypeError, match="takes a search such as GridSearchCV"):
        check_search(search)
