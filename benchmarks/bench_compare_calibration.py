"""Claim: ``compare`` declares a difference between two estimators that differ only in seed in at most 6.5 % of runs.

Each run draws 120 digit scans, and compares random trees or linear classifiers that differ in nothing but their seed:
whatever is declared is a false alarm. Beside it the same for the t-test without correction, for ten candidates of which
the best is chosen by the scores, and the power: how often a true difference of two standard errors is declared. It is
added to the scores of one candidate. The standard error is the true one, that of the mean difference over all runs, or
the one that the test itself states, which also covers other data than these and is larger.

    uv run python benchmarks/bench_compare_calibration.py [--runs 1000] [--quick]

The last run is in benchmarks/README.md.
"""

import argparse
import time

import numpy as np
from scipy import stats
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.tree import ExtraTreeClassifier

from skimgcls import show_versions
from skimgcls.model_selection import Comparison, compare, corrected_t_test

TARGET = 0.065
DIGITS = load_digits()
N_IMAGES = 120
# label, estimator, candidates, folds, seeds, share of the runs
CASES = [
    ("random trees, 5 folds", ExtraTreeClassifier(), 2, 5, 1, 1.0),
    ("random trees, 10 folds", ExtraTreeClassifier(), 2, 10, 1, 0.2),
    ("random trees, 5 folds x 3 seeds", ExtraTreeClassifier(), 2, 5, 3, 0.2),
    ("linear, 5 folds", SGDClassifier(max_iter=5, tol=None), 2, 5, 1, 0.3),
    ("10 random trees, 5 folds", ExtraTreeClassifier(), 10, 5, 1, 0.1),
]
HEAD = ("runs", "declared", "target", "", "uncorrected", "power, true SE", "stated SE", "s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000, help="comparisons of a case (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="50 runs: does it run?")
    arguments = parser.parse_args()
    show_versions()
    print(f"\n{__doc__.splitlines()[0]}\n")
    print_line("case", *HEAD)
    for label, estimator, n_candidates, n_folds, n_seeds, share in CASES:
        n_runs = round((50 if arguments.quick else arguments.runs) * share)
        start = time.perf_counter()
        comparisons = [run(estimator, n_candidates, n_folds, n_seeds, seed) for seed in range(n_runs)]
        declared = np.mean([is_declared(comparison) for comparison in comparisons])
        verdict = "reached" if declared <= TARGET else "MISSED"
        more = beside(comparisons) if n_candidates == 2 else ("", "", "")
        seconds = f"{time.perf_counter() - start:.0f}"
        print_line(label, n_runs, f"{declared:.1%}", f"{TARGET:.1%}", verdict, *more, seconds)


def print_line(label, *cells):
    print(f"{label:<34}" + "".join(f"{cell:>{max(9, len(head) + 2)}}" for cell, head in zip(cells, HEAD, strict=True)))


def run(estimator, n_candidates, n_folds, n_seeds, seed):
    """Compare copies of an estimator that differ only in their seeds, on images of this run."""
    rng = np.random.default_rng(seed)
    of_class = [np.flatnonzero(DIGITS.target == digit) for digit in range(10)]
    rows = np.concatenate([rng.choice(each, N_IMAGES // 10, replace=False) for each in of_class])
    seeds = rng.choice(2**31, n_candidates, replace=False).tolist()
    candidates = {f"seed {each}": clone(estimator).set_params(random_state=each) for each in seeds}
    return compare(candidates, DIGITS.data[rows], DIGITS.target[rows], cv=n_folds, n_seeds=n_seeds, random_state=seed)


def is_declared(comparison):
    """Whether any candidate is called worse than the best."""
    return (comparison.frame["verdict"] == "worse").any()


def beside(comparisons):
    """The shares declared by the usual t-test, and at a difference of two standard errors, true and stated."""
    pairs = [scores_of(comparison) for comparison in comparisons]
    naive = np.mean([np.ptp(a - b) > 0 and stats.ttest_rel(a, b).pvalue < 0.05 for a, b in pairs])
    true_error = np.std([np.mean(a - b) for a, b in pairs])
    ratio = (comparisons[0].scores["n_test"] / comparisons[0].scores["n_train"]).mean()
    stated_error = np.mean([corrected_t_test(a - b, test_train_ratio=ratio).standard_error for a, b in pairs])
    return [f"{share:.1%}" for share in (naive, power(comparisons, true_error), power(comparisons, stated_error))]


def power(comparisons, standard_error):
    """Share of runs in which a difference of two standard errors is declared."""
    declared = []
    for comparison in comparisons:
        scores = comparison.scores.copy()
        scores.loc[scores["candidate"] == scores["candidate"].iloc[0], "score"] += 2 * standard_error
        declared.append(is_declared(Comparison(scores)))
    return np.mean(declared)


def scores_of(comparison):
    """Scores (2, splits) of both candidates."""
    return comparison.scores["score"].to_numpy().reshape(-1, 2).T  # candidates are fitted in turn


if __name__ == "__main__":
    main()
