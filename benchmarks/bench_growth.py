"""Claim: an image costs as much in a fit on 60,000 as in one on 6,000.

One epoch of 60,000 against ten of 6,000: the same number of images and of steps. The CNN is a small one, so that the
handling of the images is not lost beside its convolutions. The ratio is CPU seconds of the former over the latter.

    SKIMGCLS_DATA=... uv run python benchmarks/bench_growth.py [--repeats 5] [--quick]

The last run is in benchmarks/README.md.
"""

import dataclasses
from functools import partial

from _measure import Table, begin, take_turns
from _peers import fashion_task, ours

TARGET = 1.06
SHARE = 10
# model, epochs of the large fit, parameters
CASES = [("MLP", 2, {}), ("CNN", 1, {"conv_channels": (8,), "hidden_units": (32,)})]


def main():
    arguments = begin(__doc__, selectable=True)
    table = Table("60,000", "6,000", at_most=True)
    for model, epochs, params in CASES:
        label = f"{'small ' if params else ''}{model} batch 128"
        if arguments.only not in label:
            continue
        task = fashion_task(model, 128, epochs, quick=arguments.quick)
        contestants = {"60,000": partial(ours, **params), "6,000": partial(ours_on_a_share, **params)}
        runs = take_turns(contestants, task, repeats=arguments.repeats, warm_up=task.shortened(2_000))
        table.add(label, runs, "60,000", "6,000", TARGET)


def ours_on_a_share(task, seed, **params):
    """Our estimator on the first tenth of the images, for ten times the epochs."""
    n_images = len(task.X) // SHARE
    share = dataclasses.replace(task, X=task.X[:n_images], y=task.y[:n_images], epochs=task.epochs * SHARE)
    return ours(share, seed, **params)


if __name__ == "__main__":
    main()
