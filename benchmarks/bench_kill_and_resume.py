"""Claim: a search that is killed ten times at a random moment ends with exactly the scores of an undisturbed one.

A process searches over networks inside ``checkpoint``, on Fashion-MNIST where it is at hand, else on the digit scans,
and is killed with SIGKILL, its workers with it, at a random moment. A new process runs the same code, and so on ten
times; the last one ends. Fits are counted when they begin: at most those that were running may be lost to a kill.
The sources must not be edited meanwhile: records of other sources are not found.

    uv run python benchmarks/bench_kill_and_resume.py [--kills 10] [--jobs 1 2] [--seed 0] [--quick]

The last run is in benchmarks/README.md.
"""

import argparse
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
from skimgcls.model_selection import checkpoint

GRID = {"lr": [1e-4, 3e-4, 1e-3, 3e-3, 1e-2], "optimizer": ["sgd", "adam"], "dropout": [0.0, 0.3]}


class CountedMLP(MLPClassifier):
    """Adds a line to a file when a fit begins."""

    def fit(self, X, y):
        with open(os.environ["FITS"], "a") as file:
            file.write(f"{len(y)}\n")
        return super().fit(X, y)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10, help="(%(default)s)")
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2], help="processes of the search (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="two kills: does it run?")
    parser.add_argument("--search", nargs=2, metavar=("DIRECTORY", "JOBS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.search:
        search(*arguments.search)
        return
    show_versions()
    print(f"\n{__doc__.splitlines()[0]}\n")
    for n_jobs in arguments.jobs:
        kill_and_resume(2 if arguments.quick else arguments.kills, n_jobs, np.random.default_rng(arguments.seed))


def search(directory, n_jobs):
    """Fit the search, as a cell of a notebook would; print its scores."""
    X, y = load_images()
    model = CountedMLP((64,), max_epochs=3, n_jobs=1, random_state=0)
    grid = GridSearchCV(model, GRID, cv=3, n_jobs=int(n_jobs), scoring=["accuracy", "neg_log_loss"], refit="accuracy")
    with checkpoint(grid, directory) as journal:
        print("begins", flush=True)
        grid.fit(X, y)
    scores = {name: values.tolist() for name, values in grid.cv_results_.items() if "test" in name}
    print(json.dumps({"scores": scores, "reused": journal.n_reused}))


def load_images():
    """2,000 images of Fashion-MNIST, or all of the digit scans."""
    if "SKIMGCLS_DATA" not in os.environ:
        return load_digit_images(return_X_y=True)
    from skimgcls.datasets import fetch_fashion_mnist

    X, y = fetch_fashion_mnist(data_home=os.environ["SKIMGCLS_DATA"], return_X_y=True)
    return X[:2000], y[:2000]


def kill_and_resume(n_kills, n_jobs, rng):
    """Print what one search, undisturbed and killed, came to."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        undisturbed = finish(begin(folder, "undisturbed", n_jobs))
        seconds = time.perf_counter() - start
        n_cells = count_fits(folder, "undisturbed") - 1  # without the refit
        print(f"{n_jobs} job(s), undisturbed: {n_cells} fits and the refit in {seconds:.1f} s", flush=True)
        for kill in range(n_kills):
            before = count_fits(folder, "killed")
            process = begin(folder, "killed", n_jobs)
            # by the number of fits and not by the clock: a process that is killed while it starts tells nothing
            n_wanted = before + rng.integers(1, 2 * n_cells // (n_kills + 1))
            while count_fits(folder, "killed") < n_wanted and process.poll() is None:
                time.sleep(0.01)
            time.sleep(rng.uniform(0, seconds / n_cells))
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            print(f"  kill {kill + 1}: {count_fits(folder, 'killed') - before} fits begun", flush=True)
        resumed = finish(begin(folder, "killed", n_jobs))
        n_lost = count_fits(folder, "killed") - n_cells - 1
        equal = resumed["scores"] == undisturbed["scores"]
        print(
            f"  then {resumed['reused']} of {n_cells} found; scores equal to the bit: {equal}; {n_lost} fits lost to "
            f"{n_kills} kills, at most {n_kills * n_jobs} allowed: "
            f"{'reached' if equal and n_lost <= n_kills * n_jobs else 'MISSED'}"
        )


def begin(folder, name, n_jobs):
    """Start a process and wait until it searches."""
    command = [sys.executable, __file__, "--search", str(Path(folder) / name), str(n_jobs)]
    env = os.environ | {"FITS": str(fits_of(folder, name)), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True)
    if process.stdout.readline() != "begins\n":
        raise RuntimeError("The search did not begin; its error stands above.")
    return process


def finish(process):
    """What the process printed at its end."""
    output, _ = process.communicate()
    return json.loads(output)


def count_fits(folder, name):
    path = fits_of(folder, name)
    return len(path.read_text().splitlines()) if path.exists() else 0


def fits_of(folder, name):
    return Path(folder) / f"{name}.fits"


if __name__ == "__main__":
    main()
