"""Claim: a search that is killed ten times at a random moment ends with exactly the scores of an undisturbed one.

A process searches over networks inside ``checkpoint``, on Fashion-MNIST where it is at hand, else on the digit scans,
and is killed with SIGKILL, its workers with it, at a random moment. A new process runs the same code, and so on ten
times; the last one ends. For ``GridSearchCV`` fits are counted when they begin, for ``EpochHalvingSearchCV`` epochs: at
most those of the folds that were running may be lost to a kill.
The sources must not be edited meanwhile: records of other sources are not found.

    uv run python benchmarks/bench_kill_and_resume.py [--kills 10] [--jobs 1 2] [--seed 0] [--quick]

The last run is in benchmarks/README.md.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.model_selection import GridSearchCV

from skimgcls import MLPClassifier, show_versions
from skimgcls.datasets import load_digit_images
from skimgcls.model_selection import EpochHalvingSearchCV, checkpoint

N_FOLDS, MAX_EPOCHS, LONGEST = 3, 9, 6  # epochs from one iteration of a halving search to the next at most
GRID = {"lr": [1e-4, 3e-4, 1e-3, 3e-3, 1e-2], "optimizer": ["sgd", "adam"], "dropout": [0.0, 0.3]}


class CountedMLP(MLPClassifier):
    """Adds a line to a file when a fit or a single epoch begins."""

    def fit(self, X, y):
        _add_line("fit")
        return super().fit(X, y)

    def partial_fit(self, X, y):
        _add_line("epoch")
        return super().partial_fit(X, y)


def _add_line(text):
    with open(os.environ["FITS"], "a") as file:
        file.write(f"{text}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10, help="(%(default)s)")
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2], help="processes of the search (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="two kills: does it run?")
    parser.add_argument("--search", nargs=3, metavar=("KIND", "DIRECTORY", "JOBS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.search:
        search(*arguments.search)
        return
    show_versions()
    print(f"\n{__doc__.splitlines()[0]}\n")
    for kind in ("grid", "halving"):
        for n_jobs in arguments.jobs:
            kills = 2 if arguments.quick else arguments.kills
            kill_and_resume(kind, kills, n_jobs, np.random.default_rng(arguments.seed))


def search(kind, directory, n_jobs):
    """Fit the search, as a cell of a notebook would; print its scores."""
    X, y = load_images()
    how = {"cv": N_FOLDS, "n_jobs": int(n_jobs), "scoring": ["accuracy", "neg_log_loss"], "refit": "accuracy"}
    model = CountedMLP((64,), max_epochs=3 if kind == "grid" else MAX_EPOCHS, n_jobs=1, random_state=0)
    fitted = (GridSearchCV if kind == "grid" else EpochHalvingSearchCV)(model, GRID, **how)
    with checkpoint(fitted, directory) as journal:
        print("begins", flush=True)
        fitted.fit(X, y)
    scores = {name: values.tolist() for name, values in fitted.cv_results_.items() if "test" in name}
    print(json.dumps({"scores": scores, "reused": journal.n_reused}))


def load_images():
    """2,000 images of Fashion-MNIST, or all of the digit scans."""
    if "SKIMGCLS_DATA" not in os.environ:
        return load_digit_images(return_X_y=True)
    from skimgcls.datasets import fetch_fashion_mnist

    X, y = fetch_fashion_mnist(data_home=os.environ["SKIMGCLS_DATA"], return_X_y=True)
    return X[:2000], y[:2000]


def kill_and_resume(kind, n_kills, n_jobs, rng):
    """Print what one search, undisturbed and killed, came to."""
    unit, in_flight = ("fits", 1) if kind == "grid" else ("epochs", LONGEST)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        undisturbed = finish(begin(kind, folder, "undisturbed", n_jobs))
        seconds = time.perf_counter() - start
        n_wanted = count(folder, "undisturbed")
        print(f"{kind}, {n_jobs} job(s), undisturbed: {n_wanted} {unit} in {seconds:.1f} s", flush=True)
        for kill in range(n_kills):
            before = count(folder, "killed")
            process = begin(kind, folder, "killed", n_jobs)
            # by the number of fits and not by the clock: a process that is killed while it starts tells nothing
            until = before + rng.integers(1, 2 * n_wanted // (n_kills + 1))
            while count(folder, "killed") < until and process.poll() is None:
                time.sleep(0.002)
            time.sleep(rng.uniform(0, seconds / n_wanted))
            with contextlib.suppress(ProcessLookupError):  # it has come to its end
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            print(f"  kill {kill + 1}: {count(folder, 'killed') - before} {unit} begun", flush=True)
        resumed = finish(begin(kind, folder, "killed", n_jobs))
        n_lost = count(folder, "killed") - n_wanted
        equal, allowed = resumed["scores"] == undisturbed["scores"], n_kills * n_jobs * in_flight
        print(
            f"  then {resumed['reused']} scores found; equal to the bit: {equal}; {n_lost} {unit} lost to {n_kills} "
            f"kills, at most {allowed} allowed: {'reached' if equal and n_lost <= allowed else 'MISSED'}"
        )


def begin(kind, folder, name, n_jobs):
    """Start a process and wait until it searches."""
    command = [sys.executable, __file__, "--search", kind, str(Path(folder) / name), str(n_jobs)]
    env = os.environ | {"FITS": str(fits_of(folder, name)), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True)
    if process.stdout.readline() != "begins\n":
        raise RuntimeError("The search did not begin; its error stands above.")
    return process


def finish(process):
    """What the process printed at its end."""
    output, _ = process.communicate()
    return json.loads(output)


def count(folder, name):
    """Fits, or where there are any epochs, that were begun."""
    path = fits_of(folder, name)
    lines = path.read_text().splitlines() if path.exists() else []
    return lines.count("epoch") or len(lines)


def fits_of(folder, name):
    return Path(folder) / f"{name}.fits"


if __name__ == "__main__":
    main()
