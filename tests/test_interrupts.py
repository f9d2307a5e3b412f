"""Ctrl-C stops everything and leaves a usable model; a callback's own stop ends just its fit."""

import contextlib
import signal

import numpy as np
import pytest
import torch
from joblib import parallel_config
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from skorch.callbacks import Callback

from skimgcls import CNNClassifier, MLPClassifier

PARAMS = {"lr": 0.01, "batch_size": 16, "max_epochs": 4, "n_jobs": 1, "random_state": 0}
ESTIMATORS = [MLPClassifier((16,), **PARAMS), CNNClassifier((8,), hidden_units=(16,), **PARAMS)]
every_estimator = pytest.mark.parametrize("estimator", ESTIMATORS, ids=["MLP", "CNN"])
HOOKS = ["on_train_begin", "on_epoch_begin", "on_batch_begin", "on_batch_end", "on_grad_computed", "on_epoch_end"]


@pytest.fixture
def images(digits):
    X, y = digits
    return X[:64], y[:64]


@pytest.fixture(autouse=True)
def _handler_is_given_back():
    found = signal.getsignal(signal.SIGINT)
    yield
    assert signal.getsignal(signal.SIGINT) is found


def ctrl_c():
    signal.raise_signal(signal.SIGINT)


def stop():
    raise KeyboardInterrupt  # as skorch's own callbacks do


@contextlib.contextmanager
def no_interrupt():
    """Fail instead of ending the whole test run."""
    try:
        yield
    except KeyboardInterrupt:
        pytest.fail("KeyboardInterrupt came through")


class DoAt(Callback):
    """Does something when a hook is called for the n-th time; counts over all fits, as copies share the list."""

    def __init__(self, hook, n, action, calls):
        self.hook = hook
        self.n = n
        self.action = action
        self.calls = calls

    def _count(self, hook):
        if hook == self.hook:
            self.calls.append(hook)
            if len(self.calls) == self.n:
                self.action()

    def on_train_begin(self, net, **kwargs):
        self._count("on_train_begin")

    def on_epoch_begin(self, net, **kwargs):
        self._count("on_epoch_begin")

    def on_batch_begin(self, net, **kwargs):
        self._count("on_batch_begin")

    def on_batch_end(self, net, **kwargs):
        self._count("on_batch_end")

    def on_grad_computed(self, net, *args, **kwargs):
        self._count("on_grad_computed")

    def on_epoch_end(self, net, **kwargs):
        self._count("on_epoch_end")


def assert_usable(model, X, y, n_epochs):
    """A model that was stopped predicts, says how far it came, and goes on."""
    assert model.n_epochs_ == len(model.history_) == n_epochs
    assert model.history_.epoch.tolist() == list(range(1, n_epochs + 1))
    assert model.fit_time_ > 0
    assert np.isfinite(model.predict_proba(X)).all()
    assert model.set_params(callbacks=None).partial_fit(X, y).n_epochs_ == n_epochs + 1
    assert model.fit(X, y).n_epochs_ == 4


@pytest.mark.parametrize("hook", HOOKS)
@every_estimator
def test_ctrl_c_inside_a_callback_is_raised_again_and_leaves_a_usable_model(estimator, hook, images):
    in_second_epoch = {"on_train_begin": 1, "on_epoch_begin": 2, "on_epoch_end": 2}.get(hook, 6)  # of 4 batches each
    model = clone(estimator).set_params(callbacks=[DoAt(hook, in_second_epoch, ctrl_c, [])])
    with pytest.raises(KeyboardInterrupt):
        model.fit(*images)
    assert_usable(model, *images, n_epochs={"on_train_begin": 0, "on_epoch_end": 2}.get(hook, 1))


@pytest.mark.parametrize("hook", HOOKS[1:])  # in on_train_begin skorch does not take it for a stop either
@every_estimator
def test_a_stop_raised_by_a_callback_ends_the_fit_without_an_error(estimator, hook, images):
    in_second_epoch = {"on_epoch_begin": 2, "on_epoch_end": 2}.get(hook, 6)
    model = clone(estimator).set_params(callbacks=[DoAt(hook, in_second_epoch, stop, [])])
    with no_interrupt():
        assert model.fit(*images) is model
    assert_usable(model, *images, n_epochs=2 if hook == "on_epoch_end" else 1)


class InterruptedNetwork(torch.nn.Module):
    """Sends Ctrl-C from the middle of its n-th batch."""

    def __init__(self, n_pixels, n_classes, n, calls):
        super().__init__()
        self.linear = torch.nn.Linear(n_pixels, n_classes)
        self.n = n
        self.calls = calls

    def forward(self, images):
        if self.training:
            self.calls.append(len(images))
            if len(self.calls) == self.n:
                ctrl_c()
        return self.linear(images.flatten(1))


@pytest.mark.parametrize(("n_batches", "n_epochs"), [(1, 0), (4, 0), (5, 1), (7, 1)])
def test_ctrl_c_inside_a_batch_is_raised_again_and_leaves_a_usable_model(n_batches, n_epochs, images):
    calls = []

    def architecture(image_shape, n_classes):
        return InterruptedNetwork(image_shape[0] * image_shape[1], n_classes, n_batches, calls)

    model = CNNClassifier(architecture=architecture, **PARAMS)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*images)
    assert len(calls) == n_batches
    assert_usable(model, *images, n_epochs=n_epochs)


@every_estimator
def test_ctrl_c_in_partial_fit_is_raised_again_and_the_earlier_epochs_count(estimator, images):
    calls = []
    model = clone(estimator).set_params(callbacks=[DoAt("on_batch_end", 10, ctrl_c, calls)])
    model.partial_fit(*images).partial_fit(*images)
    with pytest.raises(KeyboardInterrupt):
        model.partial_fit(*images)
    assert_usable(model, *images, n_epochs=2)


@every_estimator
def test_ctrl_c_with_early_stopping_leaves_the_best_weights(estimator, images):
    X, y = images
    stopped = {"early_stopping": True, "validation_fraction": 0.25, "lr": 0.05}
    model = clone(estimator).set_params(callbacks=[DoAt("on_epoch_end", 3, ctrl_c, [])], **stopped)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    until_best = clone(estimator).set_params(validation_fraction=0.25, lr=0.05, max_epochs=model.best_epoch_)
    np.testing.assert_array_equal(model.predict_proba(X), until_best.fit(X, y).predict_proba(X))


@pytest.mark.parametrize("n_jobs", [None, 1])
@every_estimator
def test_ctrl_c_stops_a_grid_search(estimator, n_jobs, images):
    calls = []
    model = clone(estimator).set_params(callbacks=[DoAt("on_epoch_end", 6, ctrl_c, calls)])
    search = GridSearchCV(model, {"lr": [0.1, 0.01, 0.001]}, cv=2, n_jobs=n_jobs)
    with pytest.raises(KeyboardInterrupt):
        search.fit(*images)
    assert len(calls) == 6  # in the second of six fits, and no epoch after it
    assert not hasattr(search, "best_estimator_")


class StopAfter(Callback):
    """Stops each fit after some epochs, and notes on what it was called."""

    def __init__(self, n_epochs, seen):
        self.n_epochs = n_epochs
        self.seen = seen

    def on_epoch_end(self, net, **kwargs):
        self.seen.append(len(net.history))
        if len(net.history) == self.n_epochs:
            stop()


@pytest.mark.parametrize("backend", ["sequential", "threading"])
@every_estimator
def test_a_stop_raised_by_a_callback_does_not_stop_a_grid_search(estimator, backend, images):
    seen = []
    model = clone(estimator).set_params(callbacks=[StopAfter(2, seen)])
    search = GridSearchCV(model, {"lr": [0.01, 0.001]}, cv=2, n_jobs=2, error_score="raise")
    with no_interrupt(), parallel_config(backend=backend):
        search.fit(*images)
    assert sorted(seen) == [1] * 5 + [2] * 5
    assert search.best_estimator_.n_epochs_ == 2


def test_ctrl_c_stops_a_cross_validation_that_would_score_failed_fits(images):
    calls = []
    model = clone(ESTIMATORS[0]).set_params(callbacks=[DoAt("on_batch_begin", 2, ctrl_c, calls)])
    with pytest.raises(KeyboardInterrupt):
        cross_val_score(model, *images, cv=2, error_score=np.nan)
    assert len(calls) == 2


def test_a_handler_of_the_users_own_decides_what_ctrl_c_does(images):
    received = []
    found = signal.signal(signal.SIGINT, lambda number, frame: received.append(number))
    try:
        calls = []
        model = clone(ESTIMATORS[0]).set_params(callbacks=[DoAt("on_epoch_end", 2, ctrl_c, calls)])
        with no_interrupt():
            model.fit(*images)
    finally:
        signal.signal(signal.SIGINT, found)
    assert received == [signal.SIGINT]
    assert len(calls) == model.n_epochs_ == 4
