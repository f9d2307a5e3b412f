"""Claim: five MLPs together are more accurate on Fashion-MNIST than their mean member, however they were made.

Members from seeds, folds, bootstrap samples and snapshots of one network, on the 10,000 test images. A snapshot
ensemble takes the epochs of one network; a network of that many epochs stands beside it. Disagreement is the share of
members against the label with most votes, on images that the ensemble gets right and on those it gets wrong.

    SKIMGCLS_DATA=... uv run python benchmarks/bench_ensemble.py [--images 20000] [--seeds 0]

The last run is in benchmarks/README.md. A seed takes about 2 CPU-minutes.
"""

import argparse
import time

import torch

from skimgcls import EnsembleClassifier, MLPClassifier, show_versions
from skimgcls.datasets import fetch_fashion_mnist
from skimgcls.metrics import expected_calibration_error

N_MEMBERS = 5
KINDS = {"seeds": 15, "folds": 15, "bagging": 15, "snapshot": 30}  # epochs
HEAD = (
    "mean member",
    "ensemble",
    "gain",
    "",
    "log loss",
    "of mean",
    "ECE",
    "of mean",
    "disagree right",
    "wrong",
    "CPU s",
)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=20_000, help="training images (%(default)s)")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    show_versions()
    X, y = fetch_fashion_mnist(subset="train", return_X_y=True)
    X, y = X[: arguments.images], y[: arguments.images]
    test = fetch_fashion_mnist(subset="test", return_X_y=True)
    print(f"\n{__doc__.splitlines()[0]}\n{len(X):,} training images, one thread\n")
    print_line("members", "seed", *HEAD)
    for seed in arguments.seeds:
        for kind, n_epochs in KINDS.items():
            print_line(kind, seed, *measure(kind, n_epochs, seed, X, y, *test))
        start = time.process_time()
        alone = MLPClassifier(max_epochs=KINDS["snapshot"], lr_schedule="cosine", random_state=seed).fit(X, y)
        cells = [f"{alone.score(*test):.4f}", *[""] * 9, f"{time.process_time() - start:.0f}"]
        print_line("one MLP, cosine", seed, *cells)


def measure(kind, n_epochs, seed, X, y, X_test, y_test):
    """Fit one ensemble and return the cells of its line."""
    mlp = MLPClassifier(max_epochs=n_epochs)
    start = time.process_time()
    ensemble = EnsembleClassifier(mlp, n_members=N_MEMBERS, members=kind, random_state=seed).fit(X, y)
    cpu_seconds = time.process_time() - start
    frame = ensemble.score_members(X_test, y_test)
    errors = [calibration_error(each, X_test, y_test) for each in (ensemble, *ensemble.estimators_)]
    is_right = ensemble.predict(X_test) == y_test
    disagreement = ensemble.disagreement(X_test)
    gain = frame.loc["ensemble", "accuracy"] - frame.loc["mean", "accuracy"]
    return (
        f"{frame.loc['mean', 'accuracy']:.4f}",
        f"{frame.loc['ensemble', 'accuracy']:.4f}",
        f"{gain:+.4f}",
        "reached" if gain > 0 else "MISSED",
        f"{frame.loc['ensemble', 'log_loss']:.3f}",
        f"{frame.loc['mean', 'log_loss']:.3f}",
        f"{errors[0]:.3f}",
        f"{sum(errors[1:]) / N_MEMBERS:.3f}",
        f"{disagreement[is_right].mean():.3f}",
        f"{disagreement[~is_right].mean():.3f}",
        f"{cpu_seconds:.0f}",
    )


def calibration_error(classifier, X, y):
    return expected_calibration_error(y, classifier.predict_proba(X), classes=classifier.classes_)


def print_line(label, seed, *cells):
    widths = [max(9, len(head) + 2) for head in HEAD]
    print(f"{label:<18}{seed:>5}" + "".join(f"{cell:>{w}}" for cell, w in zip(cells, widths, strict=True)), flush=True)


if __name__ == "__main__":
    main()
