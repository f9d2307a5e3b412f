import numpy as np
import pytest
from optuna.distributions import FloatDistribution
from optuna_integration import OptunaSearchCV
from sklearn import config_context
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    KFold,
    RandomizedSearchCV,
    TimeSeriesSplit,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skimgcls import MLPClassifier
from skimgcls.model_selection import _estimate_cost, estimate_cost
from skimgcls.model_selection._time_candidates import Seconds

pytestmark = pytest.mark.filterwarnings("ignore:OptunaSearchCV is experimental")


@pytest.fixture
def priced(monkeypatch):
    """Set what each kind takes by its `size`: an epoch as many seconds, a fit 10 s more, scoring 1 s."""
    calls = []

    def price(search, work, kinds, X, y, fold, fit_params):
        calls.append({"kinds": list(kinds.values()), "fold": fold, "fit_params": fit_params})
        return {kind: Seconds(params.get("size", (2,))[0], 10.0, 1.0) for kind, params in kinds.items()}

    monkeypatch.setattr(_estimate_cost, "time_candidates", price)
    return calls


def test_fits_times_epochs_times_seconds(priced, guesser, blank_images):
    grid = {"quality": [0.1], "size": [(2,), (4,)], "max_epochs": [5, 15]}
    estimate = estimate_cost(GridSearchCV(guesser(), grid, cv=3), *blank_images)
    assert (estimate.n_candidates, estimate.n_folds, estimate.n_fits, estimate.epochs) == (4, 3, 12, 10)
    assert estimate.seconds_per_epoch == pytest.approx(3)
    assert estimate.seconds_beside == pytest.approx(11)
    assert estimate.seconds == pytest.approx(12 * (10 * 3 + 11))
    assert estimate.refit_seconds == pytest.approx(10 + 10 * 3 * 60 / 40)  # all images, and nothing to score
    assert not estimate.at_most
    assert estimate.frame["size"].tolist() == ["(2,)", "(4,)"]


def test_what_costs_no_time_makes_no_kind_of_its_own(priced, blank_images):
    grid = {"mlp__lr": [1e-3, 1e-2], "mlp__max_epochs": [1, 2], "mlp__batch_size": [8, 16], "mlp__random_state": [0, 1]}
    pipeline = make_pipeline(StandardScaler(), MLPClassifier())
    pipeline.steps[-1] = ("mlp", pipeline.steps[-1][1])
    estimate_cost(GridSearchCV(pipeline, grid), *blank_images)
    assert priced[0]["kinds"] == [{"mlp__batch_size": 8}, {"mlp__batch_size": 16}]


def test_fits_at_a_time_divide_the_wall_time_by_whole_rounds(priced, guesser, blank_images):
    estimate = estimate_cost(GridSearchCV(guesser(), {}, cv=3, n_jobs=2, refit=False), *blank_images)
    assert estimate.n_parallel == 2
    assert estimate.seconds == pytest.approx(2 * (3 * 2 + 11))
    assert estimate.refit_seconds == 0
    assert estimate.n_threads is None


HALVING = {"factor": 2, "cv": 2, "min_resources": "exhaust"}
QUALITIES = {"quality": [0.1, 0.2, 0.3, 0.4]}


def test_halving_on_epochs_has_the_epochs_of_its_iterations(priced, guesser, blank_images):
    search = HalvingGridSearchCV(guesser(), QUALITIES, resource="max_epochs", max_resources=8, **HALVING)
    estimate = estimate_cost(search, *blank_images)
    assert estimate.n_fits == 2 * (4 + 2 + 1)
    assert estimate.seconds == pytest.approx(2 * np.dot([4, 2, 1], 11 + 2 * np.array([2, 4, 8])))
    assert estimate.epochs == pytest.approx(np.dot([4, 2, 1], [2, 4, 8]) / 7)
    assert estimate.refit_seconds == pytest.approx(10 + 8 * 2 * 60 / 30)


def test_halving_on_images_is_measured_on_as_many(monkeypatch, guesser, blank_images):
    def price_images(search, work, kinds, X, y, fold, fit_params):
        assert len(np.unique(np.concatenate(fold))) == len(fold[0]) + len(fold[1])
        return dict.fromkeys(kinds, Seconds(len(fold[0]), 0.0, len(fold[1])))

    monkeypatch.setattr(_estimate_cost, "time_candidates", price_images)
    estimate = estimate_cost(HalvingGridSearchCV(guesser(max_epochs=3), QUALITIES, **HALVING), *blank_images)
    assert estimate.seconds == pytest.approx(2 * np.dot([4, 2, 1], 4 * np.array([7, 15, 30])))
    assert estimate.refit_seconds == pytest.approx(3 * 60)


def test_trials_go_through_their_folds_one_by_one(priced, guesser, blank_images):
    space = {"quality": FloatDistribution(0, 1)}
    search = OptunaSearchCV(guesser(), space, n_trials=3, n_jobs=2, cv=5, refit=False)
    estimate = estimate_cost(search, *blank_images)
    assert (estimate.n_fits, estimate.n_candidates) == (15, 3)
    assert estimate.seconds == pytest.approx(2 * 5 * (3 * 2 + 11))


def test_with_pruning_each_epoch_starts_and_is_scored(priced, guesser, blank_images):
    guesser = type("PartialGuesser", (guesser,), {"partial_fit": lambda self, X, y, classes=None: self.fit(X, y)})
    search = OptunaSearchCV(guesser(), {}, n_trials=1, cv=2, enable_pruning=True, max_iter=6)
    estimate = estimate_cost(search, *blank_images)
    assert estimate.seconds == pytest.approx(2 * 6 * (2 + 10 + 1))
    assert estimate.at_most
    assert "up to 6 epochs" in repr(estimate)


@pytest.mark.parametrize("params", [{"early_stopping": [True]}, {"time_limit": [4.0]}])
def test_what_may_stop_sooner_is_told(priced, guesser, blank_images, params):
    estimate = estimate_cost(GridSearchCV(guesser(max_epochs=50), params, cv=2), *blank_images)
    assert estimate.at_most
    assert estimate.seconds == pytest.approx(2 * ((4 if "time_limit" in params else 100) + 11))


def test_a_kind_that_was_not_measured_has_the_mean(monkeypatch, guesser, blank_images):
    def price_two(search, work, kinds, *_):
        return {kind: Seconds(seconds, 0.0, 0.0) for kind, seconds in zip(kinds, [2.0, 4.0], strict=False)}

    monkeypatch.setattr(_estimate_cost, "time_candidates", price_two)
    grid = {"size": [(1,), (2,), (3,), (4,)]}
    estimate = estimate_cost(GridSearchCV(guesser(max_epochs=1), grid, cv=2), *blank_images)
    assert estimate.seconds_per_epoch == pytest.approx(3)
    assert len(estimate.frame) == 2


def test_the_fold_of_the_usual_size_is_measured_and_groups_are_heard(priced, guesser, blank_images):
    estimate_cost(GridSearchCV(guesser(), {}, cv=TimeSeriesSplit(3)), *blank_images, sample_weight=np.ones(60))
    assert len(priced[0]["fold"][0]) == 30  # of 15, 30 and 45
    assert set(priced[0]["fit_params"]) == {"sample_weight"}
    groups = np.arange(60) % 4
    estimate = estimate_cost(GridSearchCV(guesser(), {}, cv=GroupKFold(4)), *blank_images, groups=groups)
    assert estimate.n_folds == 4
    assert priced[1]["fit_params"] == {}


def test_the_splitter_of_the_search_stays_where_it_is(priced, guesser, blank_images):
    state = np.random.RandomState(3)
    estimate_cost(GridSearchCV(guesser(), {}, cv=KFold(2, shuffle=True, random_state=state)), *blank_images)
    assert state.randint(10**6) == np.random.RandomState(3).randint(10**6)
    with pytest.raises(ValueError, match=r"cv is an iterator.* Pass list\(cv\)"):
        estimate_cost(GridSearchCV(guesser(), {}, cv=KFold(2).split(blank_images[0])), *blank_images)


def test_an_estimator_is_no_search(guesser, blank_images):
    with pytest.raises(TypeError, match=r"takes a search such as GridSearchCV.* got Guesser"):
        estimate_cost(guesser(), *blank_images)


def test_a_real_search_of_networks_is_measured_and_left_alone(digits):
    search = RandomizedSearchCV(
        make_pipeline(StandardScaler(), MLPClassifier(hidden_units=8, max_epochs=4)),
        {"mlpclassifier__lr": [1e-3, 1e-2], "mlpclassifier__batch_size": [32, 64]},
        n_iter=3, cv=2, scoring=["accuracy", "neg_log_loss"], refit="accuracy", random_state=0,
    )  # fmt: skip
    X, y = digits
    estimate = estimate_cost(search, X.reshape(len(X), -1), y, mlpclassifier__sample_weight=np.ones(len(y)))
    assert (estimate.n_fits, estimate.epochs, estimate.device, estimate.n_threads) == (6, 4, "cpu", 1)
    assert estimate.seconds > 6 * 4 * estimate.seconds_per_epoch > 0
    assert estimate.refit_seconds > 0
    assert not hasattr(search, "cv_results_")
    assert set(estimate.frame["batch_size"]) == {32, 64}


def test_estimators_of_scikit_learn_are_fitted_as_a_whole(digits):
    X, y = digits
    search = GridSearchCV(LogisticRegression(max_iter=2000), {"C": [0.1, 1.0]}, cv=2)
    estimate = estimate_cost(search, X.reshape(len(X), -1), y)
    assert (estimate.epochs, estimate.device) == (None, None)
    assert repr(estimate).startswith("4 fits x ")
    assert set(estimate.frame["C"]) == {0.1, 1.0}


def test_several_fits_at_a_time_are_measured_in_threads_too(digits):
    from joblib import parallel_config

    search = GridSearchCV(MLPClassifier(hidden_units=8, max_epochs=2), {}, cv=4)
    with parallel_config("threading", n_jobs=2):
        estimate = estimate_cost(search, *digits)
    assert estimate.n_parallel == 2
    assert "2 at a time" in repr(estimate)


def test_weights_are_routed_to_who_asked_for_them(digits):
    X, y = digits
    weights = np.ones(len(y))
    with config_context(enable_metadata_routing=True):
        network = MLPClassifier(hidden_units=8, max_epochs=2).set_fit_request(sample_weight=True)
        network.set_score_request(sample_weight=False)
        search = GridSearchCV(network, {"lr": [1e-3, 1e-2]}, cv=3)
        assert estimate_cost(search, X, y, sample_weight=weights).n_fits == 6
        search.set_params(estimator=network.set_fit_request(sample_weight=None))
        with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
            estimate_cost(search, X, y, sample_weight=weights)
