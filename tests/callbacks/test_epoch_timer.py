import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback
from skorch.dataset import Dataset
from skorch.helper import predefined_split

from skimgcls.callbacks import EpochTimer, _epoch_timer

X = np.random.default_rng(0).normal(size=(48, 6)).astype("float32")
Y = (X[:, 0] > 0).astype("int64")


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Spend(Callback):
    """Let given seconds pass in each hook, as work would."""

    def __init__(self, clock, training_batch=0.0, valid_batch=0.0, epoch_end=0.0, train_begin=0.0):
        self.clock = clock
        self.training_batch = training_batch
        self.valid_batch = valid_batch
        self.epoch_end = epoch_end
        self.train_begin = train_begin

    def on_train_begin(self, net, **kwargs):
        self.clock.now += self.train_begin

    def on_batch_end(self, net, training=None, **kwargs):
        self.clock.now += self.training_batch if training else self.valid_batch

    def on_epoch_end(self, net, **kwargs):
        self.clock.now += self.epoch_end


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(_epoch_timer, "perf_counter", clock)
    return clock


def make_net(callbacks, **params):
    module = torch.nn.Sequential(torch.nn.Linear(6, 2), torch.nn.Softmax(dim=-1))
    return NeuralNetClassifier(
        module, **{"train_split": None, "batch_size": 16, "max_epochs": 2, "verbose": 0, **params}, callbacks=callbacks
    )


def test_seconds_hold_training_and_validation_and_images_per_second_training_only(clock):
    timer = EpochTimer()
    validation = predefined_split(Dataset(X[:32], Y[:32]))
    net = make_net([timer, Spend(clock, training_batch=2.0, valid_batch=1.0)], train_split=validation).fit(X, Y)
    assert net.history[:, "seconds"] == [8.0, 8.0]  # 3 batches of 2 s, 2 of 1 s
    assert net.history[:, "images_per_second"] == [8.0, 8.0]  # 48 images in 6 s
    assert timer.total_seconds_ == 16.0


def test_without_validation_the_whole_epoch_is_training(clock):
    net = make_net([EpochTimer(), Spend(clock, training_batch=2.0)]).fit(X, Y)
    assert net.history[:, "images_per_second"] == [8.0, 8.0]


def test_leaves_out_start_up_and_what_later_callbacks_do_at_the_end_of_an_epoch(clock):
    net = make_net([EpochTimer(), Spend(clock, training_batch=1.0, epoch_end=50.0, train_begin=500.0)]).fit(X, Y)
    assert net.history[:, "seconds"] == [3.0, 3.0]


def test_counts_the_images_that_were_trained_on(clock):
    net = make_net([EpochTimer(), Spend(clock, training_batch=1.0)], batch_size=20, iterator_train__drop_last=True)
    net.fit(X, Y)
    assert net.history[:, "images_per_second"] == [20.0, 20.0]  # 40 of the 48 images in 2 s


def test_believes_a_net_that_knows_how_many_images_it_drew(clock):
    net = make_net([EpochTimer(), Spend(clock, training_batch=1.0)])
    net.images_per_epoch_ = 30  # in 3 s
    net.partial_fit(X, Y)
    assert net.history[:, "images_per_second"] == [10.0, 10.0]


def test_no_time_at_all_gives_nan_instead_of_an_error(clock):
    net = make_net([EpochTimer()]).fit(X, Y)
    assert all(math.isnan(value) for value in net.history[:, "images_per_second"])


def test_total_goes_on_over_partial_fit_and_starts_again_with_fit(clock):
    timer = EpochTimer()
    net = make_net([timer, Spend(clock, training_batch=1.0)], max_epochs=1)
    net.partial_fit(X, Y).partial_fit(X, Y)
    assert timer.total_seconds_ == 6.0
    net.fit(X, Y)
    assert timer.total_seconds_ == 3.0


def test_has_no_parameters_that_clone_could_refuse(clock):
    timer = EpochTimer()
    make_net([timer]).fit(X, Y)
    assert timer.get_params() == {}


@pytest.mark.parametrize(("device", "module"), [("cuda:0", "cuda"), (torch.device("mps"), "mps")])
def test_waits_for_an_accelerator_before_it_reads_the_clock(device, module, clock, monkeypatch):
    monkeypatch.setattr(getattr(torch, module), "synchronize", lambda *args: setattr(clock, "now", 123.0))
    assert _epoch_timer._now(SimpleNamespace(device=device)) == 123.0


@pytest.mark.parametrize("device", ["cpu", None])
def test_does_not_touch_an_accelerator_that_the_net_is_not_on(device, clock, monkeypatch):
    monkeypatch.setattr(torch.cuda, "synchronize", lambda *args: setattr(clock, "now", 123.0))
    assert _epoch_timer._now(SimpleNamespace(device=device)) == 100.0
