"""Claim: pretrained on five classes of CIFAR-10, a network beats the same one from scratch by 5 points on the others.

Twenty images of each of five other classes to learn from, 1,000 to test on, five seeds. Pretrained, the head is trained
on the frozen backbone's features, then everything. Also printed: a linear classifier and nearest prototypes on the
features (`ImageEmbedder`), and what a grid search over the learning rate of a frozen network gains from its features
being kept.

    SKIMGCLS_DATA=... uv run python benchmarks/bench_transfer.py [--seeds 0 1 2 3 4]

The last run is in benchmarks/README.md.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skimgcls import PretrainedClassifier, show_versions
from skimgcls.datasets import fetch_cifar10
from skimgcls.estimators import ImageEmbedder

KNOWN = ("airplane", "bird", "deer", "frog", "ship")
PER_CLASS_BEFORE, PER_CLASS_AFTER, TEST_PER_CLASS = 1000, 20, 200
NET = {"backbone": "resnet18", "image_size": 32, "batch_size": 32, "n_jobs": 1}
BEFORE = {"weights": None, "freeze": None, "batch_size": 64, "max_epochs": 6, "augment": "standard"}
AFTER = {"unfreeze_after": 10, "max_epochs": 20, "backbone_lr": 1e-4}
SCRATCH = {"weights": None, "freeze": None, "max_epochs": 20}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    show_versions()
    X, y = fetch_cifar10(return_X_y=True)
    X_test, y_test = fetch_cifar10(subset="test", return_X_y=True)
    new = sorted(set(y) - set(KNOWN))
    test = pick(y_test, new, TEST_PER_CLASS, seed=0)
    with tempfile.TemporaryDirectory() as folder:
        weights = pretrain(X, y, X_test, y_test, Path(folder, "resnet18.pt"))
        scores = {seed: compare(X, y, new, X_test[test], y_test[test], weights, seed) for seed in arguments.seeds}
        search(X, y, new, weights)
    for name in scores[arguments.seeds[0]]:
        values = [score[name] for score in scores.values()]
        print(f"{name:24} {np.mean(values):.4f} ± {np.std(values):.4f}")
    gain = np.mean([score["fine-tuned"] - score["from scratch"] for score in scores.values()])
    print(f"gain of pretraining {gain:.4f}  {'reached' if gain >= 0.05 else 'MISSED'}")


def pick(y, classes, per_class, seed):
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.choice(np.flatnonzero(y == name), per_class, replace=False) for name in classes])


def pretrain(X, y, X_test, y_test, path):
    rows, test = pick(y, KNOWN, PER_CLASS_BEFORE, seed=0), pick(y_test, KNOWN, TEST_PER_CLASS, seed=0)
    start = time.process_time()
    model = PretrainedClassifier(**NET | BEFORE, lr_schedule="onecycle", lr=2e-3, random_state=0).fit(X[rows], y[rows])
    seconds = time.process_time() - start
    print(
        f"pretrained on {len(rows)} images: {model.score(X_test[test], y_test[test]):.4f} in {seconds:.0f} CPU-s",
        flush=True,
    )
    torch.save(model.net_.module_.state_dict(), path)
    return path


def compare(X, y, new, X_test, y_test, weights, seed):
    rows = pick(y, new, PER_CLASS_AFTER, seed)
    features = ImageEmbedder("resnet18", weights=weights, image_size=32, n_jobs=1)
    models = {
        "from scratch": PretrainedClassifier(**NET | SCRATCH, random_state=seed),
        "head only": PretrainedClassifier(**NET, weights=weights, max_epochs=20, random_state=seed),
        "fine-tuned": PretrainedClassifier(**NET | AFTER, weights=weights, random_state=seed),
        "logistic regression": make_pipeline(features, StandardScaler(), LogisticRegression(C=0.01)),
        "nearest prototype": make_pipeline(features, StandardScaler(), NearestCentroid()),
    }
    start = time.process_time()
    scores = {name: model.fit(X[rows], y[rows]).score(X_test, y_test) for name, model in models.items()}
    told = ", ".join(f"{name} {score:.3f}" for name, score in scores.items())
    print(f"seed {seed}: {told}  ({time.process_time() - start:.0f} CPU-s)", flush=True)
    return scores


def search(X, y, new, weights):
    """Six learning rates in three folds at 128 x 128 pixels, the features computed for each fit or kept."""
    rows = pick(y, new, 60, seed=0)
    seconds = {}
    for cache in (0, 100):
        model = PretrainedClassifier(**NET | {"image_size": 128}, weights=weights, random_state=0, feature_cache=cache)
        grid = GridSearchCV(model, {"lr": np.geomspace(1e-4, 1e-2, 6)}, cv=3, refit=False)
        start = time.process_time()
        grid.fit(X[rows], y[rows])
        seconds[cache] = time.process_time() - start, grid.best_score_
        PretrainedClassifier.clear_feature_cache()
    (without, score), (kept, same_score) = seconds.values()
    told = f"{without / kept:.1f} x, scores {'equal' if score == same_score else 'DIFFER'}"
    print(f"grid search of 18 fits: {without:.1f} CPU-s, {kept:.1f} with features kept: {told}")


if __name__ == "__main__":
    main()
