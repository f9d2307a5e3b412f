"""scikit-learn's own callbacks see every epoch, on an estimator and on a search around it."""

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.exceptions import DivergedError

sklearn_callback = pytest.importorskip("sklearn.callback", reason="set_callbacks() came with scikit-learn 1.9")

PARAMS = {"lr": 0.01, "batch_size": 16, "max_epochs": 3, "n_jobs": 1, "random_state": 0}
ESTIMATORS = [MLPClassifier((16,), **PARAMS), CNNClassifier((8,), hidden_units=(16,), **PARAMS)]
every_estimator = pytest.mark.parametrize("estimator", ESTIMATORS, ids=["MLP", "CNN"])
GRID = {"lr": [0.01, 0.001]}


@pytest.fixture
def images(digits):
    X, y = digits
    return X[:64], y[:64]


class Recorder:
    """Notes each task; handed down by a search to what it fits."""

    max_propagation_depth = None

    def __init__(self, stop_at=None):
        self.begun, self.ended, self.n_set_up, self.n_torn_down = [], [], 0, 0
        self.stop_at = stop_at

    def setup(self, estimator, context):
        self.n_set_up += 1

    def teardown(self, estimator, context):
        self.n_torn_down += 1

    def on_fit_task_begin(self, estimator, context):
        self.begun.append((context.task_name, context.task_id, context.max_subtasks))

    def on_fit_task_end(self, estimator, context):
        self.ended.append((context.task_name, context.task_id))
        return self.stop_at == (context.task_name, context.task_id)


class Predictor:
    """Predicts with the estimator as it is at the end of each epoch."""

    def __init__(self):
        self.probabilities = []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, X, fitted_estimator):
        if context.task_name == "epoch":
            self.probabilities.append(fitted_estimator.predict_proba(X))


@every_estimator
def test_a_fit_is_one_task_with_one_task_for_each_epoch(estimator, images):
    recorder = Recorder()
    clone(estimator).set_callbacks(recorder).fit(*images)
    assert recorder.begun == [("fit", 0, 3), ("epoch", 0, 0), ("epoch", 1, 0), ("epoch", 2, 0)]
    assert recorder.ended == [("epoch", 0), ("epoch", 1), ("epoch", 2), ("fit", 0)]
    assert recorder.n_set_up == recorder.n_torn_down == 1


@every_estimator
def test_partial_fit_is_one_task_with_one_epoch(estimator, images):
    recorder = Recorder()
    clone(estimator).set_callbacks(recorder).partial_fit(*images).partial_fit(*images)
    assert recorder.begun == [("fit", 0, 1), ("epoch", 0, 0)] * 2
    assert recorder.n_set_up == recorder.n_torn_down == 2


@pytest.mark.parametrize("backend", ["sequential", "threading"])
@every_estimator
def test_a_callback_on_a_grid_search_sees_every_epoch_of_every_fit(estimator, backend, images):
    recorder = Recorder()
    search = GridSearchCV(clone(estimator), GRID, cv=2, n_jobs=2).set_callbacks(recorder)
    with parallel_config(backend=backend):
        search.fit(*images)
    names = [name for name, *_ in recorder.begun]
    n_fits = 2 * 2 + 1
    assert names.count("epoch") == n_fits * 3
    assert [name for name, _ in recorder.ended].count("epoch") == n_fits * 3
    assert sorted(names) == sorted(name for name, _ in recorder.ended)
    assert recorder.n_set_up == recorder.n_torn_down == 1


@every_estimator
def test_a_callback_on_a_pipeline_sees_every_epoch(estimator, images):
    recorder = Recorder()
    pipeline = make_pipeline(StandardScaler(), clone(estimator)).set_callbacks(recorder)
    pipeline.fit(images[0].reshape(64, -1), images[1])
    assert [name for name, *_ in recorder.begun].count("epoch") == 3


@every_estimator
def test_the_progress_bar_of_an_estimator_is_drawn_to_its_end(estimator, images, capsys):
    clone(estimator).set_callbacks(sklearn_callback.ProgressBar()).fit(*images)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    assert f"{type(estimator).__name__} - fit" in lines[0]
    assert "100%" in lines[0]


@every_estimator
def test_the_progress_bar_of_a_grid_search_shows_each_fit_below_it(estimator, images, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    GridSearchCV(clone(estimator), GRID, cv=2).set_callbacks(sklearn_callback.ProgressBar()).fit(*images)
    lines = capsys.readouterr().out.splitlines()
    below = [line for line in lines if f"{type(estimator).__name__} - fit" in line]
    assert "GridSearchCV - fit" in lines[0]
    assert len(below) == 2 * 2 + 1
    assert all("100%" in line for line in lines)


@every_estimator
def test_the_scoring_monitor_has_one_row_for_each_epoch_and_scores_what_was_learnt_by_then(estimator, images):
    monitor = sklearn_callback.ScoringMonitor(scoring="accuracy")
    model = clone(estimator).set_callbacks(monitor).fit(*images)
    log = monitor.get_logs().data_as_pandas
    epochs = log[log.task_name == "epoch"]
    assert epochs.task_id.tolist() == [0, 1, 2]
    stepped = clone(estimator)
    by_hand = [stepped.partial_fit(*images).score(*images) for _ in range(3)]
    assert epochs.accuracy.tolist() == by_hand
    assert log[log.task_name == "fit"].accuracy.tolist() == [model.score(*images)]


def test_the_scoring_monitor_works_on_the_estimator_within_a_search(images):
    monitor = sklearn_callback.ScoringMonitor(scoring="accuracy")
    GridSearchCV(clone(ESTIMATORS[0]).set_callbacks(monitor), GRID, cv=2).fit(*images)
    log = monitor.get_logs().data_as_pandas
    epochs = log[log.task_name == "epoch"]
    assert len(epochs) == (2 * 2 + 1) * 3
    assert epochs.groupby("parent_task_id_path").size().tolist() == [3] * 5


@every_estimator
def test_what_callbacks_see_and_do_leaves_the_training_as_it_is(estimator, images):
    X, y = images
    predictor = Predictor()
    watched = clone(estimator).set_callbacks(predictor).fit(X, y)
    alone = clone(estimator).fit(X, y)
    np.testing.assert_array_equal(watched.predict_proba(X), alone.predict_proba(X))
    np.testing.assert_array_equal(predictor.probabilities[-1], alone.predict_proba(X))
    np.testing.assert_array_equal(predictor.probabilities[0], clone(estimator).partial_fit(X, y).predict_proba(X))


@every_estimator
def test_a_callback_that_returns_true_ends_the_fit(estimator, images):
    recorder = Recorder(stop_at=("epoch", 1))
    model = clone(estimator).set_callbacks(recorder).fit(*images)
    assert model.n_epochs_ == 2
    assert recorder.ended == [("epoch", 0), ("epoch", 1), ("fit", 0)]
    np.testing.assert_array_equal(
        model.predict_proba(images[0]), clone(estimator).set_params(max_epochs=2).fit(*images).predict_proba(images[0])
    )


def test_callbacks_are_torn_down_after_a_fit_that_failed(images):
    recorder = Recorder()
    model = MLPClassifier((16,), lr=1e30, batch_size=16, max_epochs=3).set_callbacks(recorder)
    with pytest.raises(DivergedError):
        model.fit(*images)
    assert recorder.n_set_up == recorder.n_torn_down == 1
    assert model.set_params(lr=1e-3, max_epochs=1).fit(*images).n_epochs_ == 1


def test_skorchs_callbacks_are_told_where_they_belong(images):
    model = clone(ESTIMATORS[0])
    with pytest.raises(TypeError, match="FitCallback protocol"):
        model.set_callbacks("early_stopping")
    with pytest.raises(TypeError, match=r"set_callbacks\(\)"):
        model.set_params(callbacks=[Recorder()]).fit(*images)
