"""Claim: a search of 1,000 candidates costs at most 2 ms more for each candidate and fold than scikit-learn's own.

The model is a naive Bayes on a hundred small images, which is fitted and scored in about a millisecond, so that little
else is measured. Each line is a way to search; its overhead is the CPU time beyond that of a plain ``GridSearchCV`` in
the same turn, over the number of candidates times folds. Beside it the same of wall time, which waits for the disk too,
and for whoever else uses the machine.

    uv run python benchmarks/bench_search_overhead.py [--candidates 1000] [--repeats 4] [--quick]

The last run is in benchmarks/README.md.
"""

import argparse
import gc
import tempfile
import time

import numpy as np
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB

from skimgcls import MLPClassifier, show_versions
from skimgcls.datasets import load_digit_images
from skimgcls.model_selection import EpochHalvingSearchCV, checkpoint

TARGET = 2.0
N_FOLDS = 3


class EpochNB(GaussianNB):
    """Naive Bayes that says how many epochs it takes, for the searches by epochs."""

    def __init__(self, *, priors=None, var_smoothing=1e-9, max_iter=1):
        super().__init__(priors=priors, var_smoothing=var_smoothing)
        self.max_iter = max_iter


def plain(search, X, y, directory):
    """What the others are measured against."""
    search.fit(X, y)


def journaled(search, X, y, directory):
    """Every result is new and written down."""
    with checkpoint(search, directory):
        search.fit(X, y)


def by_epochs(search, X, y, directory):
    """All candidates in a single iteration of one epoch."""
    EpochHalvingSearchCV(search.estimator, search.param_grid, factor=10**9, cv=search.cv).fit(X, y)


def halving(search, X, y, directory):
    """Rounds of 1, 3 and 9 epochs, in which networks grow."""
    growing(search).fit(X, y)


def journaled_halving(search, X, y, directory):
    """The same, with every network on disk that may go on."""
    halving_search = growing(search)
    with checkpoint(halving_search, f"{directory}/halving"):
        halving_search.fit(X, y)


def growing(search):
    network = MLPClassifier((16,), max_epochs=9, random_state=0, n_jobs=1)
    lrs = np.geomspace(1e-4, 1e-2, len(search.param_grid["var_smoothing"]))
    return EpochHalvingSearchCV(network, {"lr": lrs}, min_epochs=1, cv=search.cv, refit=False)


# Each takes (GridSearchCV, X, y, directory), the directory being the same for all of a turn, in this order; beside it
# whom it is compared with.
CONTESTANTS = {
    "GridSearchCV": (plain, None),
    "with checkpoint": (journaled, "GridSearchCV"),
    "resumed, all found": (journaled, "GridSearchCV"),
    "EpochHalvingSearchCV": (by_epochs, "GridSearchCV"),
    "the same of growing MLPs": (halving, None),
    "with checkpoint, networks kept": (journaled_halving, "the same of growing MLPs"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candidates", type=int, default=1000, help="in the grid (%(default)s)")
    parser.add_argument("--repeats", type=int, default=4, help="turns (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="50 candidates, two turns: does it run?")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.candidates, arguments.repeats = 50, 2
    show_versions()
    print(f"\n{__doc__.splitlines()[0]}\nMedians of {arguments.repeats} turns, one job.\n")
    X, y = load_digit_images(return_X_y=True)
    X, y = X[:100].reshape(100, -1), y[:100]
    take_turn(X, y, 5, list(CONTESTANTS))  # a warm-up
    names = list(CONTESTANTS)  # each base before and after those compared with it, in turn
    orders = [names, [*names[1:4], names[0], names[5], names[4]]]
    turns = [take_turn(X, y, arguments.candidates, orders[i % 2]) for i in range(arguments.repeats)]
    n_cells = arguments.candidates * N_FOLDS
    print(f"{'ms a candidate and fold':<32}{'CPU':>8}{'overhead':>10}{'target':>8}{'':>9}{'wall':>8}{'overhead':>10}")
    for name, (_, base) in CONTESTANTS.items():
        costs = np.array([turn[name] for turn in turns]) / n_cells * 1e3  # (turns, CPU and wall)
        beyond = costs - np.array([turn[base or name] for turn in turns]) / n_cells * 1e3
        (cpu, wall), (cpu_beyond, wall_beyond) = np.median(costs, axis=0), np.median(beyond, axis=0)
        verdict = "" if base is None else "reached" if cpu_beyond <= TARGET else "MISSED"
        print(f"{name:<32}{cpu:>8.3f}{cpu_beyond:>10.3f}{TARGET:>8.1f}{verdict:>9}{wall:>8.3f}{wall_beyond:>10.3f}")


def take_turn(X, y, n_candidates, names):
    """CPU and wall seconds of each contestant, one after the other."""
    seconds = {}
    with tempfile.TemporaryDirectory() as directory:
        for name in names:
            search = GridSearchCV(EpochNB(), {"var_smoothing": np.geomspace(1e-9, 1, n_candidates)}, cv=N_FOLDS)
            gc.collect()
            start = np.array([time.process_time(), time.perf_counter()])
            CONTESTANTS[name][0](search, X, y, directory)
            seconds[name] = np.array([time.process_time(), time.perf_counter()]) - start
    return seconds


if __name__ == "__main__":
    main()
