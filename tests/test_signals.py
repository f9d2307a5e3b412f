"""SIGTERM and Ctrl-C in a fit with ``checkpoint_dir``: the batch is finished, and the same call goes on afterwards."""

import json
import os
import signal
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="each scenario is a forked process"),
    pytest.mark.xdist_group("signals"),  # one worker, where they run once
]

SCRIPT = """
import hashlib, json, os, signal, sys, threading
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from skimgcls import EnsembleClassifier, MLPClassifier
from skimgcls.architectures import MLP
from skimgcls.callbacks import EpochTimer
from skimgcls.training._fit_checkpoint import FitCheckpoint

torch.set_num_threads(1)
X, y = (values[:200] for values in load_digits(return_X_y=True))

def classifier(folder):
    return MLPClassifier(
        (16,), dropout=0.3, batch_size=40, max_epochs=5, validation_fraction=0.2, lr_schedule="cosine", n_jobs=1,
        random_state=0, checkpoint_dir=folder,
    )

def fit(folder, facts):
    model = classifier(folder)
    try:
        model.fit(X, y)
    finally:
        facts["n_epochs"] = model.n_epochs_
        facts["n_steps"] = int(next(iter(model.net_.optimizer_.state.values()))["step"])
        facts["result"] = [digest(model), model.history_.train_loss.tolist(), model.history_.valid_loss.tolist()]

def fit_in_a_thread(folder, facts):
    thread = threading.Thread(target=fit, args=(folder, facts))
    thread.start()
    thread.join()

def fit_epoch_by_epoch(folder, facts):
    model = classifier(folder)
    for _ in range(5):
        model.partial_fit(X, y)

def predict(folder, facts):
    classifier(folder).fit(X, y).predict(X)

def search(folder, facts):
    search = GridSearchCV(classifier(folder), {"lr": [0.01, 0.001]}, cv=2, error_score=0.0).fit(X, y)
    facts["result"] = [digest(search), search.cv_results_["mean_test_score"].tolist()]

def ensemble(folder, facts):
    facts["result"] = digest(EnsembleClassifier(classifier(folder), n_members=3, random_state=0).fit(X, y))

def digest(model):
    return hashlib.sha256(model.predict_proba(X).tobytes()).hexdigest()

def send_signals(moment, number, signals):
    "Send signals to this process when it comes to a moment for the n-th time, and count how often it comes there."
    counts = {}

    def now(name):
        counts[name] = counts.get(name, 0) + 1
        if (name, counts[name]) == (moment, number):
            for each in signals:
                os.kill(os.getpid(), each)

    def watch(owner, name, before=None, after=None):
        real = getattr(owner, name)

        def watched(*args, **kwargs):
            if before:
                now(before(args[0]) if callable(before) else before)
            result = real(*args, **kwargs)
            if after:
                now(after)
            return result

        setattr(owner, name, watched)

    watch(MLP, "forward", before=lambda network: "batch" if network.training else "validation")
    watch(EpochTimer, "on_epoch_begin", before="epoch")
    watch(FitCheckpoint, "on_epoch_end", after="saved")
    watch(os, "fsync", before="sync")
    return counts

def end(code):
    "Leave with the code that Python would leave with, which takes it seconds."
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)

def run(scenario, folder, plan):
    "In a process of its own: its exit code and what it had to say before it ended."
    told = f"{folder}/facts.json"
    open(told, "w").close()
    child = os.fork()
    if child == 0:
        facts, code = {}, 0
        counts = send_signals(*plan)
        try:
            globals()[scenario](folder if folder.endswith("-kept") else None, facts)
        except (SystemExit, KeyboardInterrupt) as error:
            code = getattr(error, "code", -signal.SIGINT)
        with open(told, "w") as file:
            json.dump({"n_batches": counts.get("batch", 0), **facts}, file)
        end(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    facts = open(told).read()
    return {"code": code, **(json.loads(facts) if facts else {})}

fit(None, {})  # what a first fit imports takes seconds
results = []
for number, (scenario, is_kept, plan) in enumerate(json.loads(sys.argv[2])):
    folder = f"{sys.argv[1]}/{number}" + is_kept * "-kept"
    os.mkdir(folder)
    disturbed = run(scenario, folder, plan)
    results.append([disturbed, run(scenario, folder, [None, 0, []]) if disturbed["code"] else None])
print(json.dumps(results))
"""

# A fit has 5 epochs of 4 batches, and one of the search or of the ensemble 2 or 4 batches. A scenario is what to do,
# whether with checkpoint_dir, and the moment, its number and the signals that are sent at it.
TERM, INT = signal.SIGTERM.value, signal.SIGINT.value
NEVER = None, 0, []
# ... the exit code, steps of the optimizer, whole epochs in memory, and batches that the next run trains
IN_THE_THIRD_EPOCH = {
    "SIGTERM in a batch": (("batch", 10, [TERM]), 143, 10, 2, 12),
    "SIGTERM in the last batch": (("batch", 12, [TERM]), 143, 12, 2, 12),
    "SIGTERM in validation": (("validation", 3, [TERM]), 143, 12, 2, 12),
    "SIGTERM before the epoch": (("epoch", 3, [TERM]), 143, 8, 2, 12),
    "SIGTERM while a checkpoint is written": (("sync", 5, [TERM]), 143, 12, 3, 12),
    "SIGTERM after a checkpoint": (("saved", 3, [TERM]), 143, 12, 3, 8),
    "two SIGTERM, which do not wait for the batch": (("batch", 10, [TERM, TERM]), 143, 9, 2, 12),
    "SIGTERM, then Ctrl-C": (("batch", 10, [TERM, INT]), 143, 9, 2, 12),
    "Ctrl-C, then SIGTERM": (("batch", 10, [INT, TERM]), -INT, 9, 2, 12),
    "Ctrl-C": (("batch", 10, [INT]), -INT, 10, 2, 12),
}
OF_MANY_FITS = {"search": (60, 36), "ensemble": (60, 36)}  # batches in all, and after SIGTERM in the 26th
UNWATCHED = {
    "a fit without checkpoint_dir": ("fit", False, ("batch", 10, [TERM])),
    "a fit in another thread": ("fit_in_a_thread", True, ("batch", 10, [TERM])),
    "partial_fit": ("fit_epoch_by_epoch", True, ("batch", 10, [TERM])),
    "a prediction after a fit": ("predict", True, ("validation", 6, [TERM])),
}
SCENARIOS = {
    **{name: (name, True, NEVER) for name in ("fit", *OF_MANY_FITS)},
    **{name: ("fit", True, plan) for name, (plan, *_) in IN_THE_THIRD_EPOCH.items()},
    **{f"SIGTERM in {name}": (name, True, ("batch", 26, [TERM])) for name in OF_MANY_FITS},
    **UNWATCHED,
}


@pytest.fixture(scope="module")
def ends(tmp_path_factory):
    """By scenario: what the disturbed process and the next one of the same script came to."""
    folder = tmp_path_factory.mktemp("signals")
    command = [sys.executable, "-c", SCRIPT, str(folder), json.dumps(list(SCENARIOS.values()))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return dict(zip(SCENARIOS, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("scenario", IN_THE_THIRD_EPOCH)
def test_a_signal_ends_the_fit_and_the_next_run_ends_as_if_there_had_been_none(ends, scenario):
    _, code, n_steps, n_epochs, n_batches_left = IN_THE_THIRD_EPOCH[scenario]
    disturbed, again = ends[scenario]
    assert (disturbed["code"], disturbed["n_steps"], disturbed["n_epochs"]) == (code, n_steps, n_epochs)
    assert (again["code"], again["n_batches"], again["n_epochs"]) == (0, n_batches_left, 5)
    assert again["result"] == ends["fit"][0]["result"]


@pytest.mark.parametrize("scenario", OF_MANY_FITS)
def test_sigterm_ends_what_makes_many_fits_and_the_next_run_begins_none_of_them_anew(ends, scenario):
    n_batches, n_batches_left = OF_MANY_FITS[scenario]
    disturbed, again = ends[f"SIGTERM in {scenario}"]
    assert disturbed == {"code": 143, "n_batches": 26}
    assert (again["code"], again["n_batches"]) == (0, n_batches_left)
    (whole, _) = ends[scenario]
    assert whole["n_batches"] == n_batches
    assert again["result"] == whole["result"]


@pytest.mark.parametrize("scenario", UNWATCHED)
def test_elsewhere_sigterm_does_what_it_always_did(ends, scenario):
    assert ends[scenario][0] == {"code": -TERM}
