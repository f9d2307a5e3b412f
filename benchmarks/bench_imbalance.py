"""Claim: on a long-tailed Fashion-MNIST, balanced sampling raises the balanced accuracy of an MLP.

The largest class has 2,000 training images, the smallest 20, those between lie on an exponential curve, as in Cui et
al., "Class-balanced loss based on effective number of samples", CVPR 2019. Which class is large is drawn for each seed.
Every way trains on about as many images: its epochs are the more, the fewer images an epoch draws. Scored on the 10,000
test images, which are balanced; beside it the recall of the three smallest and of the three largest classes.

    SKIMGCLS_DATA=... uv run python benchmarks/bench_imbalance.py [--seeds 0 1 2 3 4]

The last run is in benchmarks/README.md. A seed takes about 15 CPU-seconds.
"""

import argparse
import statistics

import numpy as np
import torch
from sklearn.metrics import recall_score

from skimgcls import MLPClassifier, show_versions
from skimgcls.datasets import fetch_fashion_mnist

LARGEST, RATIO, EPOCHS = 2000, 100, 15
COUNTS = (LARGEST * RATIO ** (-np.arange(10) / 9)).astype(int)
WAYS = {
    "nothing": ({}, COUNTS.sum()),
    'class_weight="balanced"': ({"class_weight": "balanced"}, COUNTS.sum()),
    'sampling="balanced"': ({"sampling": "balanced"}, COUNTS.sum()),
    'sampling="oversample"': ({"sampling": "oversample"}, 10 * COUNTS[0]),
    'sampling="undersample"': ({"sampling": "undersample"}, 10 * COUNTS[-1]),
    'criterion="focal"': ({"criterion": "focal"}, COUNTS.sum()),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    show_versions()
    X, y = fetch_fashion_mnist(subset="train", return_X_y=True)
    X_test, y_test = fetch_fashion_mnist(subset="test", return_X_y=True)
    print(f"\n{__doc__.splitlines()[0]}\n{COUNTS.sum():,} training images, {COUNTS.tolist()} of the classes\n")
    recalls = {way: [] for way in WAYS}
    for seed in arguments.seeds:
        rng = np.random.default_rng(seed)
        classes = rng.permutation(np.unique(y))  # from the largest to the smallest
        rows = [
            rng.choice(np.flatnonzero(y == label), n, replace=False) for label, n in zip(classes, COUNTS, strict=True)
        ]
        rows = np.concatenate(rows)
        for way, (params, n_drawn) in WAYS.items():
            n_epochs = max(1, round(EPOCHS * COUNTS.sum() / n_drawn))
            mlp = MLPClassifier(max_epochs=n_epochs, random_state=seed, **params).fit(X[rows], y[rows])
            recalls[way].append(recall_score(y_test, mlp.predict(X_test), labels=classes, average=None))
    print(
        f"{'':<26}{'balanced accuracy (sd)':>24}{'against nothing':>17}{'3 smallest':>12}{'3 largest':>11}{'epochs':>8}"
    )
    for way, (_, n_drawn) in WAYS.items():
        print_line(way, np.array(recalls[way]), np.array(recalls["nothing"]), EPOCHS * COUNTS.sum() / n_drawn)


def print_line(way, recalls, of_nothing, n_epochs):
    """Print one line from recalls (seeds, classes)."""
    accuracy = recalls.mean(1)
    spread = statistics.stdev(accuracy) if len(accuracy) > 1 else float("nan")
    print(
        f"{way:<26}{f'{accuracy.mean():.3f} ({spread:.3f})':>24}{(accuracy - of_nothing.mean(1)).mean():>+17.3f}"
        f"{recalls[:, -3:].mean():>12.3f}{recalls[:, :3].mean():>11.3f}{max(1, round(n_epochs)):>8}"
    )


if __name__ == "__main__":
    main()
