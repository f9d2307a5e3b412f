"""Claim: a fit takes a fraction of the CPU time that a plain skorch net takes for the same network and accuracy.

The peer is ``skorch.NeuralNetClassifier`` as its documentation shows it: float32 arrays standardized beforehand (not
counted), shuffled batches, the same architecture, optimizer and epochs, no validation split. The ratio is its CPU
seconds over ours. The last lines are what a fit costs besides training: 64 images of 8 x 8, one epoch.

    SKIMGCLS_DATA=... uv run python benchmarks/bench_fit_against_skorch.py [--repeats 5] [--quick]

The last run is in benchmarks/README.md.
"""

from functools import partial

import numpy as np
from _measure import Table, begin, take_turns
from _peers import Task, fashion_task, ours, skorch_net
from sklearn.datasets import load_digits

# model, batch size, images, epochs, target of each precision of ours; skorch runs in its one, float32
CASES = [
    ("MLP", 64, 60_000, 3, {"auto": 2.0}),
    ("MLP", 256, 60_000, 3, {"auto": 2.3}),
    ("CNN", 64, 6_000, 2, {"auto": 1.3, "bf16": 2.7}),
    ("CNN", 128, 6_000, 2, {"auto": 1.3, "bf16": 2.7}),
    ("CNN", 256, 6_000, 2, {"auto": 1.3, "bf16": 2.7}),
]


def main():
    arguments = begin(__doc__, selectable=True)
    table = Table("skorch", "ours")
    for model, batch_size, n_images, epochs, targets in CASES:
        label = f"{model} batch {batch_size}"
        if arguments.only not in label:
            continue
        task = fashion_task(model, batch_size, epochs, n_images, 2_000, quick=arguments.quick)
        contestants = {precision: partial(ours, precision=precision) for precision in targets}
        runs = take_turns(
            contestants | {"skorch": skorch_net}, task, repeats=arguments.repeats, warm_up=task.shortened(1_000)
        )
        for precision, target in targets.items():
            table.add(f"{label} {precision}", runs, "skorch", precision, target)
    print()
    table = Table("skorch", "ours", unit="ms")
    for model in ("MLP", "CNN"):
        label = f"{model} tiny fit"
        if arguments.only in label:
            runs = take_turns(
                {"ours": ours, "skorch": skorch_net}, tiny_task(model), repeats=arguments.repeats, calls=20
            )
            table.add(label, runs, "skorch", "ours", 1.0)


def tiny_task(model):
    """64 digit scans of 8 x 8 pixels in one batch, for one epoch."""
    images, codes = load_digits(return_X_y=True)
    X, y = images[:64].reshape(-1, 8, 8).astype(np.uint8), codes[:64].astype(np.int64)
    return Task(model, 64, 1, X, y, X, y)


if __name__ == "__main__":
    main()
