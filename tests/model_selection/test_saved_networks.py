"""A search by epochs that was stopped goes on with its half-trained networks."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import optuna
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skimgcls import MLPClassifier
from skimgcls.callbacks import TimeLimit
from skimgcls.model_selection import EpochHalvingSearchCV, OptunaSearchCV, checkpoint
from skimgcls.model_selection._saved_networks import SavedNetworks

X, y = load_digits(return_X_y=True)
X, y = X[:200], y[:200]
GRID = {"lr": [1e-4, 1e-3, 1e-2, 3e-2]}
TIMES = ("fit_time", "score_time")


class Stopped(BaseException):
    """As a Ctrl-C: no search goes on after it."""


class CountedMLP(MLPClassifier):
    """Writes a line for each epoch to the file that LOG_OF_EPOCHS names; ends in the one of STOP_AT or KILL_AT."""

    def partial_fit(self, X, y, **params):
        with open(os.environ["LOG_OF_EPOCHS"], "a") as file:
            file.write("epoch\n")
        n_epochs = count_epochs(os.environ["LOG_OF_EPOCHS"])
        if n_epochs == int(os.environ.get("STOP_AT", 0)):
            raise Stopped
        if n_epochs == int(os.environ.get("KILL_AT", 0)):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().partial_fit(X, y, **params)


def count_epochs(path):
    return len(Path(path).read_text().splitlines()) if Path(path).exists() else 0


def network(**params):
    return CountedMLP((8,), batch_size=64, max_epochs=9, random_state=0, n_jobs=1, **params)


def halving(estimator, prefix="", **params):
    grid = {f"{prefix}{name}": values for name, values in GRID.items()}
    return EpochHalvingSearchCV(estimator, grid, cv=2, min_epochs=3, **params)


def pruning(estimator, prefix="", **params):
    """Half of the trials end before their last epoch."""
    space = {f"{prefix}lr": optuna.distributions.CategoricalDistribution(GRID["lr"])}
    sampler = optuna.samplers.GridSampler({f"{prefix}lr": GRID["lr"]}, seed=0)
    pruner = optuna.pruners.MedianPruner(n_startup_trials=1)
    return OptunaSearchCV(
        estimator,
        space,
        cv=2,
        n_trials=4,
        sampler=sampler,
        enable_pruning=True,
        pruner=pruner,
        random_state=0,
        **params,
    )


both = pytest.mark.parametrize("make", [halving, pruning])


@pytest.fixture(autouse=True)
def quiet_optuna():
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(before)


@pytest.fixture(name="log")
def log_of_epochs(tmp_path, monkeypatch):
    monkeypatch.setenv("LOG_OF_EPOCHS", str(tmp_path / "epochs"))
    return tmp_path / "epochs"


def run(make, estimator, directory, prefix=""):
    search = make(estimator, prefix, refit=False)
    with checkpoint(search, directory):
        search.fit(X, y)
    return scores_of(search)


def scores_of(search):
    kept = {name: np.array(values).tolist() for name, values in search.cv_results_.items()}
    return {name: values for name, values in kept.items() if not name.endswith(TIMES)}


def files_in(directory):
    return list(Path(directory, "networks").glob("*"))


# ------------------------------------------------------------------ searches


@both
@pytest.mark.parametrize("stop_at", [1, 4, 9, 23, 35])
def test_a_search_that_was_stopped_repeats_only_the_fold_in_flight(make, stop_at, tmp_path, log, monkeypatch):
    expected = run(make, network(), tmp_path / "undisturbed")
    n_epochs = count_epochs(log)
    log.unlink()
    monkeypatch.setenv("STOP_AT", str(min(stop_at, n_epochs)))
    with pytest.raises(Stopped):
        run(make, network(), tmp_path / "stopped")
    monkeypatch.delenv("STOP_AT")
    assert run(make, network(), tmp_path / "stopped") == expected
    in_flight = 6 if make is halving else 1  # epochs between two scores: from 3 to 9, or one
    assert n_epochs < count_epochs(log) <= n_epochs + in_flight
    assert not files_in(tmp_path / "stopped")  # all have ended


@both
def test_a_pipeline_goes_on_too(make, tmp_path, log, monkeypatch):
    def estimator():
        return make_pipeline(MinMaxScaler(), network())

    expected = run(make, estimator(), tmp_path / "undisturbed", "countedmlp__")
    n_epochs = count_epochs(log)
    monkeypatch.setenv("STOP_AT", str(n_epochs + 8))
    with pytest.raises(Stopped):
        run(make, estimator(), tmp_path / "stopped", "countedmlp__")
    assert files_in(tmp_path / "stopped")
    monkeypatch.delenv("STOP_AT")
    assert run(make, estimator(), tmp_path / "stopped", "countedmlp__") == expected
    assert count_epochs(log) <= 2 * n_epochs + 6


@both
@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_a_damaged_file_costs_its_network_only(make, damage, tmp_path, log, monkeypatch):
    expected = run(make, network(), tmp_path / "undisturbed")
    n_epochs = count_epochs(log)
    monkeypatch.setenv("STOP_AT", str(n_epochs + 8))
    with pytest.raises(Stopped):
        run(make, network(), tmp_path / "stopped")
    monkeypatch.delenv("STOP_AT")
    assert files_in(tmp_path / "stopped")
    for path in files_in(tmp_path / "stopped"):
        whole = path.read_bytes()
        path.write_bytes({"cut": whole[:-9], "flipped": whole[:-1] + bytes([whole[-1] ^ 1]), "empty": b""}[damage])
    assert run(make, network(), tmp_path / "stopped") == expected


def test_networks_with_callbacks_of_the_users_are_not_kept(tmp_path, log, monkeypatch):
    monkeypatch.setenv("STOP_AT", "20")
    with pytest.raises(Stopped):
        run(halving, network(callbacks=[TimeLimit(1e9)]), tmp_path)  # which may remember anything
    assert not files_in(tmp_path)


def test_without_a_checkpoint_nothing_is_kept(tmp_path, log, monkeypatch):
    monkeypatch.chdir(tmp_path)
    halving(network(), refit=False).fit(X, y)
    assert [path.name for path in tmp_path.iterdir()] == ["epochs"]


SCRIPT = """
import json, sys
from tests.model_selection import test_saved_networks as t
print(json.dumps(t.run(t.halving, t.network(), sys.argv[1])))
"""


def test_a_search_whose_process_is_killed_goes_on_with_its_networks(tmp_path, log, rng):
    expected = run(halving, network(), tmp_path / "undisturbed")
    n_epochs = count_epochs(log)
    log.unlink()
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "killed")]
    kill_at = int(rng.integers(n_epochs // 2, n_epochs))
    run_it = {"cwd": Path(__file__).parents[2], "capture_output": True, "text": True, "timeout": 300}
    killed = subprocess.run(command, env=os.environ | {"KILL_AT": str(kill_at)}, **run_it)
    assert killed.returncode == -signal.SIGKILL
    done = subprocess.run(command, **run_it)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == expected
    assert n_epochs < count_epochs(log) <= n_epochs + 6


# --------------------------------------------------------------------- files


@pytest.fixture(name="state")
def state_of_a_network():
    return {"a": torch.arange(3.0), "b": torch.tensor(2, dtype=torch.bfloat16)}, json.dumps(
        {"seed": 3, "history": [{"loss": 0.1}]}
    )


def test_a_file_holds_what_was_saved(tmp_path, state):
    saved = SavedNetworks(tmp_path / "networks")
    saved.save("key", 3, 0.1, state)
    epochs, seconds, (tensors, facts) = saved.load("key", 3)
    assert (epochs, seconds, facts) == (3, 0.1, state[1])
    assert all(torch.equal(tensor, state[0][name]) for name, tensor in tensors.items())
    assert tensors.keys() == state[0].keys()


def test_a_network_that_was_trained_for_too_long_is_of_no_use(tmp_path, state):
    saved = SavedNetworks(tmp_path)
    saved.save("key", 3, 0.1, state)
    assert saved.load("key", 2) is None
    assert saved.load("other", 9) is None


def test_the_latest_replaces_the_one_before_and_can_be_removed(tmp_path, state):
    saved = SavedNetworks(tmp_path)
    for epochs in (1, 2):
        saved.save("key", epochs, 0.1, state)
    assert saved.load("key", 9)[0] == 2
    assert len(list(tmp_path.iterdir())) == 1
    for _ in range(2):  # also where there is none
        saved.remove("key")
    assert saved.load("key", 9) is None


def test_a_full_disk_costs_the_file_and_not_the_search(tmp_path, state, monkeypatch):
    def no_space(old, new):
        raise OSError(28, "No space left on device")

    saved = SavedNetworks(tmp_path)
    saved.save("key", 1, 0.1, state)
    monkeypatch.setattr(os, "replace", no_space)
    with pytest.warns(UserWarning, match=r"A network could not be saved in .*No space left"):
        saved.save("key", 2, 0.1, state)
    assert saved.load("key", 9)[0] == 1
    assert len(list(tmp_path.iterdir())) == 1
