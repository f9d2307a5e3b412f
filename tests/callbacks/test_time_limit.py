import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback

from skimgcls.callbacks import TimeLimit, _time_limit

X = np.random.default_rng(0).normal(size=(16, 6)).astype("float32")
Y = (X[:, 0] > 0).astype("int64")


class Clock(Callback):
    """A clock that moves by `durations[i]` seconds in epoch i, and by `setup` seconds before the first."""

    def __init__(self, durations, setup=0.0):
        self.durations = durations
        self.setup = setup
        self.now_ = 0.0

    def on_epoch_end(self, net, **kwargs):
        self.now_ += self.durations[len(net.history) - 1]

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == 1:
            self.now_ += self.setup


def fit(limit, clock, monkeypatch, max_epochs=10):
    monkeypatch.setattr(_time_limit, "perf_counter", lambda: clock.now_)
    module = torch.nn.Sequential(torch.nn.Linear(6, 2), torch.nn.Softmax(dim=-1))
    net = NeuralNetClassifier(module, max_epochs=max_epochs, train_split=None, verbose=0, callbacks=[clock, limit])
    return net.fit(X, Y)


def test_stops_when_one_more_average_epoch_would_pass_the_limit(monkeypatch):
    limit = TimeLimit(35.0)
    net = fit(limit, Clock([10.0] * 10), monkeypatch)
    assert len(net.history) == 3
    assert limit.timed_out_


def test_an_epoch_that_just_fits_is_run(monkeypatch):
    net = fit(TimeLimit(30.0), Clock([10.0] * 10), monkeypatch)
    assert len(net.history) == 3


def test_the_average_is_taken_over_all_epochs(monkeypatch):
    net = fit(TimeLimit(25.0), Clock([10.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]), monkeypatch)
    # after epoch 5: 18 s used, 3.6 s on average; after epoch 7: 22 s and 3.1 s
    assert len(net.history) == 7


def test_at_least_one_epoch_runs(monkeypatch):
    limit = TimeLimit(0.001)
    net = fit(limit, Clock([10.0] * 10), monkeypatch)
    assert len(net.history) == 1
    assert limit.timed_out_


def test_preparations_count_for_the_limit_but_not_for_the_average(monkeypatch):
    net = fit(TimeLimit(100.0), Clock([10.0] * 10, setup=55.0), monkeypatch)
    assert len(net.history) == 4  # 95 s used; with 55 s in the average it would have been 2 epochs


def test_does_not_claim_a_stop_where_training_ended_by_itself(monkeypatch):
    limit = TimeLimit(35.0)
    net = fit(limit, Clock([10.0] * 3), monkeypatch, max_epochs=3)
    assert len(net.history) == 3
    assert not limit.timed_out_


def test_each_call_has_its_own_limit(monkeypatch):
    limit = TimeLimit(25.0)
    net = fit(limit, Clock([10.0] * 10), monkeypatch)
    assert len(net.history) == 2
    net.partial_fit(X, Y)
    assert len(net.history) == 4


@pytest.mark.parametrize("seconds", [0, -1.0, None, "10", True, float("nan")])
def test_a_limit_that_is_no_positive_number_is_refused(seconds, monkeypatch):
    with pytest.raises(ValueError, match="seconds must be a number above 0"):
        fit(TimeLimit(seconds), Clock([1.0]), monkeypatch)


def test_get_params_and_clone(monkeypatch):
    limit = TimeLimit(5.0)
    fit(limit, Clock([10.0]), monkeypatch)
    assert limit.get_params() == {"seconds": 5.0}
    assert clone(limit).seconds == 5.0


def test_a_net_that_plans_fewer_epochs_than_its_maximum_is_not_stopped_after_them(monkeypatch):
    limit, clock = TimeLimit(5.0), Clock([10.0] * 10)
    net = fit(limit, clock, monkeypatch, max_epochs=2)
    assert limit.timed_out_
    net.planned_epochs_ = 1  # as when one epoch is run by partial_fit
    net.partial_fit(X, Y, epochs=1)
    assert not limit.timed_out_
