import numpy as np
import pytest
import sklearn
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.utils.fixes import parse_version
from skorch.callbacks import Callback

from skimgcls import MLPClassifier
from skimgcls.training import report_to_sklearn

needs_callbacks = pytest.mark.skipif(
    parse_version(sklearn.__version__) < parse_version("1.9"), reason="set_callbacks came with scikit-learn 1.9"
)


class Recorder:
    """A callback of scikit-learn's kind that notes what it is told."""

    def __init__(self, stop_after=None, max_propagation_depth=None):
        self.stop_after = stop_after
        self.max_propagation_depth = max_propagation_depth
        self.events = []
        self.n_ended = 0

    def setup(self, estimator, context):
        self.events.append("setup")

    def on_fit_task_begin(self, estimator, context, *, X, y):
        self.events.append(f"begin {context.task_name} {context.task_id}")

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
        self.events.append(f"end {context.task_name} {context.task_id}")
        self.seen_X_, self.seen_y_ = X, y
        if context.task_name == "epoch":
            self.n_ended += 1
            self.accuracies_ = [*getattr(self, "accuracies_", []), fitted_estimator.score(X, y)]
            return self.n_ended == self.stop_after
        return False

    def teardown(self, estimator, context):
        self.events.append("teardown")


class Seen(Callback):
    def __init__(self, epochs):
        self.epochs = epochs

    def on_epoch_end(self, net, **kwargs):
        self.epochs.append(len(net.history))


def small(**params):
    return MLPClassifier(**{"hidden_units": (8,), "max_epochs": 3, "random_state": 0, **params})


def test_an_estimator_without_callback_support_is_passed_by():
    with report_to_sklearn(BaseEstimator(), net=None, n_epochs=3, X=None, y=None):
        pass


@needs_callbacks
def test_a_fit_is_one_task_and_each_epoch_a_task_within_it(digits):
    recorder = Recorder()
    small().set_callbacks(recorder).fit(*digits)
    epochs = [event for i in range(3) for event in (f"begin epoch {i}", f"end epoch {i}")]
    assert recorder.events == ["setup", "begin fit 0", *epochs, "end fit 0", "teardown"]


@needs_callbacks
def test_callbacks_are_given_the_users_data_and_an_estimator_that_predicts(digits):
    X, y = digits
    recorder = Recorder()
    clf = small().set_callbacks(recorder).fit(X, y)
    assert recorder.seen_X_ is X
    assert recorder.seen_y_ is y
    assert recorder.accuracies_[-1] == clf.score(X, y)
    assert len(recorder.accuracies_) == 3


@needs_callbacks
def test_scoring_in_between_does_not_change_what_is_learnt(digits):
    X, y = digits
    params = {"norm": "batch", "dropout": 0.3}
    told = small(**params).set_callbacks(Recorder()).fit(X, y)
    np.testing.assert_array_equal(told.predict_proba(X), small(**params).fit(X, y).predict_proba(X))


@needs_callbacks
def test_a_callback_stops_the_fit_by_returning_true(digits):
    recorder = Recorder(stop_after=2)
    clf = small(max_epochs=9).set_callbacks(recorder).fit(*digits)
    assert clf.n_epochs_ == 2
    assert recorder.events[-2:] == ["end fit 0", "teardown"]


@needs_callbacks
def test_skorchs_callbacks_see_the_epoch_at_which_scikit_learns_stop(digits):
    epochs = []
    small(max_epochs=9, callbacks=[Seen(epochs)]).set_callbacks(Recorder(stop_after=2)).fit(*digits)
    assert epochs == [1, 2]


@needs_callbacks
def test_partial_fit_reports_its_one_epoch_each_time(digits):
    recorder = Recorder()
    clf = small().set_callbacks(recorder)
    clf.partial_fit(*digits).partial_fit(*digits)
    once = ["setup", "begin fit 0", "begin epoch 0", "end epoch 0", "end fit 0", "teardown"]
    assert recorder.events == once * 2


@needs_callbacks
def test_an_error_in_the_fit_tears_callbacks_down(digits):
    class Breaks(Callback):
        def on_epoch_end(self, net, **kwargs):
            raise ZeroDivisionError

    recorder = Recorder()
    with pytest.raises(ZeroDivisionError):
        small(callbacks=[Breaks()]).set_callbacks(recorder).fit(*digits)
    assert recorder.events[-1] == "teardown"


@needs_callbacks
def test_nothing_of_it_stays_on_the_estimator_or_its_net(digits):
    clf = small().set_callbacks(Recorder()).fit(*digits)
    assert not [name for name in vars(clf) if "callback" in name and name not in ("callbacks", "_skl_callbacks")]
    assert [name for name, _ in clf.net_.callbacks_] == [name for name, _ in small().fit(*digits).net_.callbacks_]


@needs_callbacks
def test_a_search_passes_its_callbacks_down_to_the_epochs(digits):
    recorder = Recorder()
    search = GridSearchCV(small(), {"lr": [0.01]}, cv=2).set_callbacks(recorder).fit(*digits)
    assert search.best_score_ > 0
    assert sum(event.startswith("begin epoch") for event in recorder.events) == 3 * 3  # two folds and the refit
