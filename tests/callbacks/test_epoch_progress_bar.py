import gc
import io
import pickle
import subprocess
import sys
import threading
from copy import copy, deepcopy
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback

from skimgcls.callbacks import EarlyStopping, EpochProgressBar, _epoch_progress_bar

X = np.random.default_rng(0).normal(size=(48, 6)).astype("float32")
Y = (X[:, 0] > 0).astype("int64")


class StopAt(Callback):
    def __init__(self, epoch, hook="on_epoch_end", error=KeyboardInterrupt):
        self.epoch = epoch
        self.hook = hook
        self.error = error

    def on_batch_end(self, net, **kwargs):
        if self.hook == "on_batch_end" and len(net.history) == self.epoch:
            raise self.error

    def on_epoch_end(self, net, **kwargs):
        if self.hook == "on_epoch_end" and len(net.history) == self.epoch:
            raise self.error


def fit(callbacks, **params):
    module = torch.nn.Sequential(torch.nn.Linear(6, 2), torch.nn.Softmax(dim=-1))
    net = NeuralNetClassifier(module, **{"max_epochs": 4, "verbose": 0, **params}, callbacks=callbacks)
    return net.fit(X, Y)


def last_line(screen):
    """What a terminal would show: each carriage return writes over the line."""
    return screen.getvalue().rstrip("\n").split("\r")[-1].strip()


def test_leaves_out_the_train_accuracy_where_there_is_a_validation_accuracy():
    row = {"train_loss": 0.1, "valid_loss": 0.2, "train_accuracy": 0.9, "valid_accuracy": 0.8}
    assert _epoch_progress_bar._format_metrics(row, None) == "loss=0.1, val_loss=0.2, val_acc=0.800"
    row["valid_accuracy"] = float("nan")
    assert _epoch_progress_bar._format_metrics(row, None) == "loss=0.1, val_loss=0.2, acc=0.900"


def test_counts_epochs_and_shows_the_metrics_of_the_last_one():
    screen = io.StringIO()
    net = fit([EpochProgressBar(file=screen)])
    line = last_line(screen)
    assert "epochs: 100%" in line
    assert "4/4" in line
    assert f"loss={net.history[-1, 'train_loss']:.3g}" in line
    assert f"val_loss={net.history[-1, 'valid_loss']:.3g}" in line
    assert f"val_acc={net.history[-1, 'valid_acc']:.3f}" in line


def test_leaves_out_metrics_that_are_not_there():
    screen = io.StringIO()
    fit([EpochProgressBar(file=screen)], train_split=None)
    assert "val" not in last_line(screen)


def test_shows_the_metrics_that_were_asked_for():
    screen = io.StringIO()
    fit([EpochProgressBar(file=screen, metrics=["epoch", "valid_acc", "unknown"])])
    assert "epoch=4, val_acc=" in last_line(screen)
    assert "unknown" not in last_line(screen)


def test_metrics_of_absent_validation_data_are_left_out():
    row = {"train_loss": 0.12345, "valid_loss": float("nan"), "valid_accuracy": None}
    assert _epoch_progress_bar._format_metrics(row, None) == "loss=0.123"


def test_total_can_be_given():
    screen = io.StringIO()
    fit([EpochProgressBar(file=screen, total=2)], max_epochs=2)
    assert "2/2" in last_line(screen)


def test_total_is_what_the_net_plans_if_it_says_so():
    screen = io.StringIO()
    net = SimpleNamespaceNet(max_epochs=10, planned_epochs_=1, history=[])
    bar = EpochProgressBar(file=screen)
    bar.on_train_begin(net)
    net.history.append({"train_loss": 0.5})
    bar.on_epoch_end(net)
    bar.on_train_end(net)
    assert "epochs: 100%" in last_line(screen)
    assert "1/1" in last_line(screen)


@pytest.mark.parametrize("bar_first", [True, False])
def test_an_early_stop_ends_with_the_epochs_that_were_run(bar_first):
    screen = io.StringIO()
    callbacks = [EpochProgressBar(file=screen), EarlyStopping(patience=3, tol=1e9)]
    net = fit(callbacks if bar_first else callbacks[::-1], max_epochs=20)
    assert len(net.history) == 4
    line = last_line(screen)
    assert "epochs: stopped" in line
    assert "4/20" in line
    assert f"loss={net.history[-1, 'train_loss']:.3g}" in line


def test_an_interrupt_in_the_middle_of_an_epoch_does_not_count_it():
    screen = io.StringIO()
    fit([EpochProgressBar(file=screen), StopAt(3, "on_batch_end")])
    assert "stopped" in last_line(screen)
    assert "2/4" in last_line(screen)


def test_an_interrupt_before_any_epoch_closes_the_bar():
    screen = io.StringIO()
    net = fit([EpochProgressBar(file=screen), StopAt(1, "on_batch_end")])
    assert "0/4" in last_line(screen)
    assert len(dict(net.callbacks_)["EpochProgressBar"]._bars_) == 0


def test_leave_false_wipes_the_line():
    screen = io.StringIO()
    fit([EpochProgressBar(file=screen, leave=False)])
    assert last_line(screen) == ""


def test_disable_shows_nothing():
    screen = io.StringIO()
    fit([EpochProgressBar(file=screen, disable=True)])
    fit([EpochProgressBar(file=screen, disable=None)])  # not a terminal
    assert screen.getvalue() == ""


def test_goes_to_standard_error_by_default(capsys):
    fit([EpochProgressBar()])
    captured = capsys.readouterr()
    assert "4/4" in captured.err
    assert captured.out == ""


def test_a_fit_after_one_that_failed_starts_with_a_fresh_bar():
    screen = io.StringIO()
    bar, stop = EpochProgressBar(file=screen), StopAt(2, error=RuntimeError)
    module = torch.nn.Sequential(torch.nn.Linear(6, 2), torch.nn.Softmax(dim=-1))
    net = NeuralNetClassifier(module, max_epochs=4, verbose=0, callbacks=[bar, stop])
    with pytest.raises(RuntimeError):
        net.fit(X, Y)
    stop.epoch = None
    net.fit(X, Y)
    assert "4/4" in last_line(screen)
    assert len(bar._bars_) == 0


def test_partial_fit_has_a_bar_of_its_own():
    screen = io.StringIO()
    net = fit([EpochProgressBar(file=screen)])
    screen.truncate(0)
    net.partial_fit(X, Y)
    assert "4/4" in last_line(screen)


def test_one_instance_serves_several_fits_in_threads():
    screens = [io.StringIO(), io.StringIO()]
    bar = EpochProgressBar()
    barrier = threading.Barrier(2, timeout=60)
    nets = []

    class Meet(Callback):
        """Let the epochs of both fits alternate."""

        def on_epoch_end(self, net, **kwargs):
            barrier.wait()
            counts.append((net, bar._bars_[net][0].n))

    counts = []

    def work():
        nets.append(fit([Meet(), bar]))

    threads = [threading.Thread(target=work) for _ in screens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(nets) == 2
    assert len(bar._bars_) == 0
    for net in nets:
        assert [count for owner, count in counts if owner is net] == [0, 1, 2, 3]  # each before the bar's own step


@pytest.mark.parametrize("duplicate", [copy, deepcopy, lambda bar: pickle.loads(pickle.dumps(bar))])
def test_an_open_bar_is_neither_copied_nor_pickled(duplicate):
    bar = EpochProgressBar(desc="training")
    net = SimpleNamespaceNet(max_epochs=2, history=[])
    bar.on_train_begin(net)
    copied = duplicate(bar)
    bar.on_train_end(net)
    assert len(copied._bars_) == 0
    assert copied.desc == "training"


def test_a_fitted_net_pickles():
    net = fit([EpochProgressBar(file=None, disable=True)])
    assert pickle.loads(pickle.dumps(net)).predict(X).shape == (48,)


def test_does_not_keep_a_net_alive():
    bar = EpochProgressBar(file=io.StringIO())
    net = SimpleNamespaceNet(max_epochs=2, history=[])
    bar.on_train_begin(net)
    del net
    gc.collect()
    assert len(bar._bars_) == 0


def test_get_params_and_clone():
    bar = EpochProgressBar(desc="training")
    expected = {"total": None, "leave": True, "desc": "training", "metrics": None, "file": None, "disable": False}
    assert bar.get_params() == expected
    assert clone(bar).get_params() == expected


def test_a_widget_is_not_closed_below_its_total_which_would_turn_it_red():
    bar = SimpleNamespace(n=7, total=20, container=object())
    _epoch_progress_bar._mark_as_stopped(bar)
    assert bar.n == bar.total
    assert "7/20" in bar.bar_format


def test_a_notebook_without_ipywidgets_gets_the_text_bar_and_no_warning():
    code = """
import sys, types, warnings
warnings.simplefilter("error")
sys.modules["ipywidgets"] = None
sys.modules["ipykernel.zmqshell"] = types.ModuleType("ipykernel.zmqshell")
ipython = types.ModuleType("IPython")
ipython.get_ipython = lambda: object()
sys.modules["IPython"] = ipython
from skimgcls.callbacks._epoch_progress_bar import _tqdm_class
import tqdm
assert not issubclass(_tqdm_class(None), __import__("tqdm.notebook").notebook.tqdm)
assert issubclass(_tqdm_class(None), tqdm.std.tqdm)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


class SimpleNamespaceNet(SimpleNamespace):
    """Stands for a net: hashable and weakly referable."""

    __hash__ = object.__hash__
