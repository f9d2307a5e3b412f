import copy
import io
import os
import pickle
import threading
import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback, Checkpoint, EpochScoring, LoadInitState, TrainEndCheckpoint

from skimgcls.callbacks import isolated_copy

X = np.random.default_rng(0).normal(size=(48, 6)).astype("float32")
Y = (X[:, 0] > 0).astype("int64")


class Script(Callback):
    """Say in which epochs a checkpoint is due, and remember the weights of each epoch."""

    def __init__(self, best_epochs):
        self.best_epochs = best_epochs

    def initialize(self):
        self.weights_ = []
        return self

    def on_epoch_end(self, net, **kwargs):
        net.history.record("due", len(net.history) in self.best_epochs)
        self.weights_.append(net.module_[0].weight.detach().clone())


class CustomCheckpoint(Checkpoint):
    """A user's own subclass."""


class DropBatches(Callback):
    """Stands for a net that keeps no batches after an epoch."""

    def on_epoch_end(self, net, **kwargs):
        net.history[-1]["batches"].clear()


def make_net(checkpoint, best_epochs=(2,), max_epochs=4, seed=0, extra=()):
    torch.manual_seed(seed)
    module = torch.nn.Sequential(torch.nn.Linear(6, 2), torch.nn.Softmax(dim=-1))
    script = Script(best_epochs)
    callbacks = [script, checkpoint, *extra]
    net = NeuralNetClassifier(module, max_epochs=max_epochs, train_split=None, verbose=0, lr=0.1, callbacks=callbacks)
    return net, script


def checkpoint_in(folder, **params):
    return Checkpoint(**{"monitor": "due", "dirname": str(folder), "load_best": True, **params})


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_loads_its_own_best_and_leaves_the_files_in_the_users_folder(tmp_path):
    original = checkpoint_in(tmp_path)
    net, script = make_net(isolated_copy(original))
    net.fit(X, Y)
    torch.testing.assert_close(net.module_[0].weight, script.weights_[1], rtol=0, atol=0)
    assert files_below(tmp_path) == ["criterion.pt", "history.json", "optimizer.pt", "params.pt"]

    net.partial_fit(X, Y)
    net.load_params(checkpoint=original)
    torch.testing.assert_close(net.module_[0].weight, script.weights_[1], rtol=0, atol=0)


def test_writes_to_a_folder_of_its_own_during_the_fit(tmp_path):
    seen = []

    class Look(Callback):
        def on_epoch_end(self, net, **kwargs):
            seen.append(files_below(tmp_path))

    net, _ = make_net(isolated_copy(checkpoint_in(tmp_path, f_optimizer=None, f_criterion=None)), extra=[Look()])
    net.fit(X, Y)
    assert seen[0] == []
    assert len(seen[1]) == 3
    assert all(name.startswith(".fit-") for name in seen[1])


def test_parallel_fits_with_one_folder_do_not_read_each_others_files(tmp_path):
    original = checkpoint_in(tmp_path)
    barrier = threading.Barrier(2, timeout=60)
    results = {}

    class Meet(Callback):
        def on_epoch_end(self, net, **kwargs):
            barrier.wait()

    def work(seed):
        net, _ = results[seed]
        net.fit(X, Y)

    for seed in (0, 1):
        # the fit with seed 1 writes its best epoch after the fit with seed 0, under the same names
        results[seed] = make_net(isolated_copy(original), best_epochs=(1 + seed,), seed=seed, extra=[Meet()])
    threads = [threading.Thread(target=work, args=(seed,)) for seed in results]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for seed, (net, script) in results.items():
        torch.testing.assert_close(net.module_[0].weight, script.weights_[seed], rtol=0, atol=0)
    assert files_below(tmp_path) == ["criterion.pt", "history.json", "optimizer.pt", "params.pt"]


def test_paths_in_the_names_are_followed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    absolute = str(tmp_path / "deep" / "best.pt")
    checkpoint = Checkpoint(
        monitor="due", f_params="models/params.pt", f_optimizer=absolute, f_criterion=None, load_best=True
    )
    net, script = make_net(isolated_copy(checkpoint))
    net.fit(X, Y)
    torch.testing.assert_close(net.module_[0].weight, script.weights_[1], rtol=0, atol=0)
    assert files_below(tmp_path) == ["deep", "deep/best.pt", "history.json", "models", "models/params.pt"]


def test_formatted_names_are_all_kept(tmp_path):
    checkpoint = checkpoint_in(tmp_path, f_params="params_{last_epoch[epoch]}.pt", f_optimizer=None, f_criterion=None)
    net, script = make_net(isolated_copy(checkpoint), best_epochs=(1, 3))
    net.fit(X, Y)
    torch.testing.assert_close(net.module_[0].weight, script.weights_[2], rtol=0, atol=0)
    assert files_below(tmp_path) == ["history.json", "params_1.pt", "params_3.pt"]


def test_loads_its_best_in_a_net_that_drops_batches_after_each_epoch(tmp_path):
    checkpoint = checkpoint_in(tmp_path, f_history=None, f_params="params_{last_epoch[epoch]}.pt")
    net, script = make_net(isolated_copy(checkpoint), extra=[DropBatches()])
    net.fit(X, Y)
    torch.testing.assert_close(net.module_[0].weight, script.weights_[1], rtol=0, atol=0)


def test_the_pickle_of_the_whole_net_is_isolated_too(tmp_path):
    checkpoint = checkpoint_in(tmp_path, f_pickle="net.pkl", load_best=False)
    net, _ = make_net(isolated_copy(checkpoint))
    net.fit(X, Y)
    with open(tmp_path / "net.pkl", "rb") as file:
        restored = pickle.load(file)
    assert len(restored.history) == 2
    restored.partial_fit(X, Y)
    assert not [name for name in files_below(tmp_path) if ".fit-" in name]


def test_nothing_is_loaded_where_no_checkpoint_was_triggered(tmp_path):
    stale, _ = make_net(checkpoint_in(tmp_path), seed=1)
    stale.fit(X, Y)
    net, script = make_net(isolated_copy(checkpoint_in(tmp_path)), best_epochs=())
    net.fit(X, Y)
    torch.testing.assert_close(net.module_[0].weight, script.weights_[-1], rtol=0, atol=0)
    assert len(net.history) == 4


def test_partial_fit_takes_its_best_checkpoint_up_again(tmp_path):
    net, script = make_net(isolated_copy(checkpoint_in(tmp_path, f_history=None)), best_epochs=(1,), max_epochs=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            net.partial_fit(X, Y)
    assert len(net.history) == 3
    torch.testing.assert_close(net.module_[0].weight, script.weights_[0], rtol=0, atol=0)


def test_partial_fit_warns_where_another_fit_has_replaced_its_best_checkpoint(tmp_path):
    checkpoint = checkpoint_in(tmp_path, f_history=None)
    net, script = make_net(isolated_copy(checkpoint), best_epochs=(1,), max_epochs=1)
    other, _ = make_net(isolated_copy(checkpoint), best_epochs=(1,), max_epochs=1, seed=1)
    net.partial_fit(X, Y)
    other.partial_fit(X, Y)
    with pytest.warns(UserWarning, match="another fit has replaced .*Give each fit its own dirname"):
        net.partial_fit(X, Y)
    torch.testing.assert_close(net.module_[0].weight, script.weights_[1], rtol=0, atol=0)


def test_a_new_fit_does_not_take_up_the_checkpoint_of_the_last_one(tmp_path):
    net, script = make_net(isolated_copy(checkpoint_in(tmp_path)), best_epochs=(1,))
    net.fit(X, Y)
    script.best_epochs = ()
    net.fit(X, Y)
    torch.testing.assert_close(net.module_[0].weight, script.weights_[-1], rtol=0, atol=0)


def test_a_fit_that_fails_leaves_no_folder_behind(tmp_path):
    class Fail(Callback):
        def on_epoch_end(self, net, **kwargs):
            if len(net.history) == 3:
                raise RuntimeError

    net, script = make_net(isolated_copy(checkpoint_in(tmp_path)), extra=[Fail()])
    with pytest.raises(RuntimeError):
        net.fit(X, Y)
    assert len(files_below(tmp_path)) > 0
    script.best_epochs = ()
    with pytest.raises(RuntimeError):
        net.fit(X, Y)
    assert files_below(tmp_path) == []


def test_train_end_checkpoint_writes_at_the_end(tmp_path):
    checkpoint = isolated_copy(TrainEndCheckpoint(dirname=str(tmp_path)))
    net, script = make_net(checkpoint)
    net.fit(X, Y)
    names = ["criterion.pt", "history.json", "optimizer.pt", "params.pt"]
    assert files_below(tmp_path) == [f"train_end_{name}" for name in names]
    saved = torch.load(tmp_path / "train_end_params.pt")
    torch.testing.assert_close(saved["0.weight"], script.weights_[-1], rtol=0, atol=0)
    pickle.loads(pickle.dumps(net)).partial_fit(X, Y)
    assert len(files_below(tmp_path)) == 4


@pytest.mark.parametrize("kind", [TrainEndCheckpoint, Checkpoint])
@pytest.mark.parametrize("drop", [[], [DropBatches()]])
def test_load_init_state_finds_the_files_of_an_earlier_fit(tmp_path, kind, drop):
    checkpoint = kind(dirname=str(tmp_path)) if kind is TrainEndCheckpoint else checkpoint_in(tmp_path)
    callbacks = [checkpoint, LoadInitState(checkpoint)]
    for expected_epochs in (4, 8) if kind is TrainEndCheckpoint else (2, 6):
        copies = [isolated_copy(callback) for callback in callbacks]
        best = (expected_epochs,) if kind is Checkpoint else ()
        net, _ = make_net(copies[0], best_epochs=best, extra=[*copies[1:], *drop])
        net.fit(X, Y)
        assert len(net.history) == expected_epochs


def test_shares_what_a_callback_holds(tmp_path):
    class Trial:
        def __reduce__(self):
            raise TypeError("a trial is never copied")

    class Prune(Callback):
        def __init__(self, trial, log, rows):
            self.trial = trial
            self.log = log
            self.rows = rows

    with open(tmp_path / "log.txt", "w") as log:
        original = Prune(Trial(), log, [])
        copied = isolated_copy(original)
    assert copied is not original
    assert type(copied) is Prune
    assert (copied.trial, copied.log, copied.rows) == (original.trial, original.log, original.rows)
    assert copied.rows is original.rows
    copied.trial = None
    assert original.trial is not None


def test_a_checkpoint_into_an_open_file_is_left_as_it_is():
    file = io.BytesIO()
    original = Checkpoint(monitor="due", f_params=file, f_optimizer=None, f_criterion=None, f_history=None)
    copied = isolated_copy(original)
    assert type(copied) is Checkpoint
    net, script = make_net(copied)
    net.fit(X, Y)
    file.seek(0)
    torch.testing.assert_close(torch.load(file)["0.weight"], script.weights_[1], rtol=0, atol=0)


@pytest.mark.parametrize("cls", [Checkpoint, CustomCheckpoint, TrainEndCheckpoint])
def test_stays_an_instance_of_its_class_with_its_parameters(cls, tmp_path):
    original = cls(dirname=str(tmp_path), fn_prefix="mine_")
    copied = isolated_copy(original)
    for same in (
        copied,
        isolated_copy(copied),
        copy.deepcopy(copied),
        pickle.loads(pickle.dumps(copied)),
        clone(copied),
    ):
        assert isinstance(same, cls)
        assert type(same).__name__ == cls.__name__
        assert same.get_params() == original.get_params()
        assert type(same) is type(copied)
    assert type(original) is cls


def test_a_subclass_with_its_own_state_handling_is_copied_by_it():
    class Selective(Checkpoint):
        def __getstate__(self):
            return {**self.__dict__, "memory_": None}

        def __setstate__(self, state):
            self.__dict__.update(state, woken_=True)

    original = Selective()
    original.memory_ = "large"
    copied = isolated_copy(isolated_copy(original))
    assert copied.memory_ is None
    assert copied.woken_


def test_other_callbacks_are_plain_copies():
    original = EpochScoring("accuracy", name="train_acc", on_train=True)
    copied = isolated_copy(original)
    assert copied is not original
    assert type(copied) is EpochScoring
    assert copied.get_params() == original.get_params()


def test_a_missing_folder_is_made(tmp_path):
    net, _ = make_net(isolated_copy(checkpoint_in(tmp_path / "a" / "b")))
    net.fit(X, Y)
    assert os.path.exists(tmp_path / "a" / "b" / "params.pt")
