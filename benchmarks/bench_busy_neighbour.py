"""Claim: a fit on several threads beside a busy neighbour is not slowed down by threads that spin while they wait.

One other process keeps a core busy. The fit runs on all cores, with torch's threads asleep while they wait, as ours do,
and spinning, as GNU OpenMP lets them by default. The ratio is of wall time.

    SKIMGCLS_DATA=... uv run python benchmarks/bench_busy_neighbour.py [--repeats 5] [--quick]

The last run is in benchmarks/README.md.
"""

import contextlib
import subprocess
import sys
import time
from functools import partial
from unittest import mock

import torch
from _measure import Table, begin, take_turns
from _peers import ESTIMATORS, fashion_task

from skimgcls.utils import _torch_scope

TARGET = 1.0


def main():
    arguments = begin(__doc__, selectable=True)
    table = Table("spinning", "asleep")
    contestants = {"asleep": partial(fit, spinning=False), "spinning": partial(fit, spinning=True)}
    neighbour = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        for model, n_images in (("MLP", 10_000), ("CNN", 1_500)):
            if arguments.only not in model:
                continue
            task = fashion_task(model, 64, 1, n_images, 1_000, quick=arguments.quick)
            clock = {"clock": time.perf_counter}
            runs = take_turns(contestants, task, repeats=arguments.repeats, warm_up=task.shortened(200), **clock)
            table.add(f"{model} on all cores", runs, "spinning", "asleep", TARGET)
    finally:
        neighbour.kill()


def fit(task, seed, *, spinning):
    """Our estimator on all cores, with threads that sleep or spin while they wait."""
    model = ESTIMATORS[task.model](batch_size=task.batch_size, max_epochs=1, n_jobs=-1, random_state=seed)
    how = mock.patch.object(_torch_scope, "sleep_while_waiting", contextlib.nullcontext)

    def work():
        with how if spinning else contextlib.nullcontext():
            model.fit(task.X, task.y)
        torch.set_num_threads(1)

    return work, lambda: model.score(task.X_test, task.y_test)


if __name__ == "__main__":
    main()
