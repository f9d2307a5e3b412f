"""Claim: a fit takes a fraction of the CPU time that a plain skorch net takes for the same network and accuracy.

The peer is ``skorch.NeuralNetClassifier`` as its documentation shows it: float32 arrays scaled beforehand, shuffled
batches, the same architecture, optimizer and epochs, one torch thread. Ours and the peer run in turn in one process;
the ratio is the median over repeats of peer seconds over ours, in CPU seconds.

    SKIMGCLS_DATA=... uv run python benchmarks/bench_fit_against_skorch.py [--repeats 5]

The last run is in benchmarks/README.md.
"""

import argparse
import statistics
import time

import numpy as np
import torch
from skorch import NeuralNetClassifier

from skimgcls import CNNClassifier, MLPClassifier, show_versions
from skimgcls.architectures import MLP, ConvNet
from skimgcls.datasets import fetch_fashion_mnist

# model, batch size, images, epochs
CASES = [("MLP", 64, 20_000, 3), ("MLP", 256, 20_000, 3), ("CNN", 64, 4_000, 1), ("CNN", 256, 4_000, 1)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    show_versions()
    X_train, y_train = fetch_fashion_mnist(subset="train", return_X_y=True)
    X_test, y_test = fetch_fashion_mnist(subset="test", return_X_y=True)
    print(f"\n{'model':<6}{'batch':>6}{'ours CPU s':>12}{'peer CPU s':>12}{'ratio':>8}{'ours acc':>10}{'peer acc':>10}")
    for name, batch_size, n_images, epochs in CASES:
        train, test = (X_train[:n_images], y_train[:n_images]), (X_test[:2000], y_test[:2000])
        ours, peers, ratios = [], [], []
        for seed in range(repeats + 1):
            own = time_ours(name, batch_size, epochs, seed, train, test)
            peer = time_peer(name, batch_size, epochs, seed, train, test)
            if seed == 0:
                continue  # warm-up
            ours.append(own)
            peers.append(peer)
            ratios.append(peer[0] / own[0])
        (own_seconds, own_accuracy), (peer_seconds, peer_accuracy) = (
            map(statistics.median, zip(*runs, strict=True)) for runs in (ours, peers)
        )
        print(
            f"{name:<6}{batch_size:>6}{own_seconds:>12.2f}{peer_seconds:>12.2f}{statistics.median(ratios):>8.2f}"
            f"{own_accuracy:>10.4f}{peer_accuracy:>10.4f}",
            flush=True,
        )


def time_ours(name, batch_size, epochs, seed, train, test):
    classifier = {"MLP": MLPClassifier, "CNN": CNNClassifier}[name]
    model = classifier(batch_size=batch_size, max_epochs=epochs, random_state=seed, n_jobs=1)
    start = time.process_time()
    model.fit(*train)
    return time.process_time() - start, model.score(*test)


def time_peer(name, batch_size, epochs, seed, train, test):
    torch.manual_seed(seed)
    (X_train, y_train), (X_test, y_test) = train, test
    names = np.unique(y_train)
    mean, std = X_train.mean(), X_train.std()
    # the work of preparing floats is the peer's own, but not counted: tutorials do it once, ahead of time
    as_floats = [((X.astype(np.float32) - mean) / std)[:, None].astype(np.float32) for X in (X_train, X_test)]
    codes = np.searchsorted(names, y_train)
    net = NeuralNetClassifier(
        {"MLP": MLP, "CNN": ConvNet}[name]((1, 28, 28), len(names)),
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        batch_size=batch_size,
        max_epochs=epochs,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )
    start = time.process_time()
    net.fit(as_floats[0], codes)
    seconds = time.process_time() - start
    return seconds, float((names[net.predict(as_floats[1])] == y_test).mean())


if __name__ == "__main__":
    main()
