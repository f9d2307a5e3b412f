import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch.callbacks import EarlyStopping

from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.callbacks import EpochTimer
from skimgcls.model_selection._candidates import read_candidates
from skimgcls.model_selection._known_costs import epochs_run, parameter_counts, settings_of


def costs(search):
    candidates = read_candidates(search)
    settings = settings_of(candidates.estimator, candidates.params)
    return epochs_run(candidates, settings), parameter_counts(candidates, settings)


def epochs_of(grid, estimator, data):
    return costs(GridSearchCV(estimator, grid, cv=2, error_score=np.nan).fit(*data))[0].tolist()


def test_settings_are_those_of_set_params(guesser):
    pipeline = Pipeline([("clf", guesser(quality=0.1))])
    params = [{"clf__quality": 0.2}, {"clf": guesser(quality=0.3), "clf__size": 5}, {"clf": "passthrough"}]
    first, second, third = settings_of(pipeline, params)
    assert (first["clf__quality"], first["clf__max_epochs"]) == (0.2, 3)
    assert (second["clf__quality"], second["clf__size"]) == (0.3, 5)
    assert "clf__quality" in first
    assert third["clf"] == "passthrough"


def test_epochs_are_those_planned_where_nothing_can_stop_training(guesser, blank_images):
    grid = {"max_epochs": [2, 5], "callbacks": [None, [], "disable", [EpochTimer()], [("t", EpochTimer())]]}
    assert epochs_of(grid, guesser(), blank_images) == [2, 5] * 5


@pytest.mark.parametrize(
    "grid", [{"early_stopping": [True]}, {"time_limit": [5.0]}, {"callbacks": [[EarlyStopping()], [EpochTimer(), "x"]]}]
)
def test_epochs_are_unknown_where_something_may_stop_training(grid, guesser, blank_images):
    assert np.isnan(epochs_of(grid, guesser(), blank_images)).all()


@pytest.mark.filterwarnings("ignore")  # of scikit-learn, that fits failed
def test_epochs_of_a_failed_fit_are_unknown(guesser, blank_images):
    epochs = epochs_of({"quality": [0.5, None]}, guesser(), blank_images)
    assert epochs[0] == 3
    assert np.isnan(epochs[1])


def test_epochs_are_found_in_a_pipeline_and_in_a_step_that_was_replaced(guesser, blank_images):
    pipeline = Pipeline([("same", FunctionTransformer()), ("clf", guesser())])
    grid = [{"clf__max_epochs": [7]}, {"clf": [guesser(max_epochs=9)]}]
    assert epochs_of(grid, pipeline, blank_images) == [7, 9]


def test_epochs_of_kept_networks_are_theirs(guesser, blank_images):
    results = cross_validate(guesser(early_stopping=True), *blank_images, cv=2, return_estimator=True)
    results["estimator"][0].n_epochs_ = 1
    assert costs(results)[0].tolist() == [2.0]


def test_parameters_are_those_of_networks_that_were_never_kept(digits):
    model = MLPClassifier(max_epochs=1, random_state=0)
    grid = {"hidden_units": [(8,), (16, 4)], "norm": [None, "batch"], "lr": [0.1]}
    search = GridSearchCV(model, grid, cv=2).fit(*digits)
    counts = costs(search)[1]
    for params, count in zip(search.cv_results_["params"], counts, strict=True):
        assert count == model.set_params(**params).fit(*digits).n_parameters_


def test_parameters_of_another_kind_of_network_are_counted_too(digits):
    networks = [MLPClassifier(hidden_units=(8,), max_epochs=1), CNNClassifier(conv_channels=(4,), max_epochs=1)]
    search = GridSearchCV(Pipeline([("clf", networks[0])]), {"clf": networks}, cv=2).fit(*digits)
    assert costs(search)[1].tolist() == [each.fit(*digits).n_parameters_ for each in networks]


def halve(X, every):
    return X[:, ::every, ::every]


def test_parameters_are_unknown_where_a_step_before_the_network_changes_its_images(digits):
    pipeline = Pipeline(
        [("halve", FunctionTransformer(halve, kw_args={"every": 1})), ("clf", MLPClassifier((8,), max_epochs=1))]
    )
    grid = {"halve__kw_args": [{"every": 1}, {"every": 4}], "clf__random_state": [0]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(*digits)
    counts = costs(search)[1]
    assert counts[search.best_index_] == search.best_estimator_[-1].n_parameters_
    assert np.isnan(counts[1 - search.best_index_])


def test_parameters_are_unknown_without_a_fitted_network(guesser, blank_images, digits):
    assert np.isnan(costs(GridSearchCV(guesser(), {"quality": [0.1]}, cv=2).fit(*blank_images))[1]).all()
    search = GridSearchCV(MLPClassifier((8,), max_epochs=1), {"lr": [0.1]}, cv=2, refit=False).fit(*digits)
    assert np.isnan(costs(search)[1]).all()
