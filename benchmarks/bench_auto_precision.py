"""Claim: ``precision="auto"`` changes no accuracy beyond the noise between runs.

Fashion-MNIST with MLPClassifier, five seeds of each setting. The same seed gives the same first weights and batches, so
accuracies are compared seed by seed. "plain" is float32 with torch's default library of matrix products, without ours
that is as exact; the noise is its standard deviation over seeds.

    SKIMGCLS_DATA=... uv run python benchmarks/bench_auto_precision.py [--repeats 5] [--quick]

The last run is in benchmarks/README.md.
"""

import contextlib
import statistics
from functools import partial
from unittest import mock

from _measure import begin, show_accuracy, take_turns
from _peers import fashion_task, ours

from skimgcls.training import _fast_matmul

PRECISIONS = ("plain", "float32", "auto", "bf16")


def main():
    arguments = begin(__doc__)
    task = fashion_task("MLP", 128, 5, quick=arguments.quick)
    contestants = {precision: partial(ours, precision=precision) for precision in PRECISIONS[1:]}
    contestants["plain"] = plainly
    runs = take_turns(contestants, task, repeats=arguments.repeats, warm_up=task.shortened(1_000))
    exact = [run.accuracy for run in runs["plain"]]
    noise = statistics.stdev(exact)
    print(f"{'precision':<12}{'accuracy (sd)':>18}{'less plain':>15}{'noise':>10}{'CPU s':>9}  verdict")
    for precision in PRECISIONS:
        differences = [run.accuracy - reference for run, reference in zip(runs[precision], exact, strict=True)]
        difference = statistics.mean(differences)
        verdict = "within noise" if abs(difference) <= noise else "CHANGED"
        seconds = statistics.median(run.cost for run in runs[precision])
        print(
            f"{precision:<12}{show_accuracy(runs[precision]):>18}{difference:>+15.4f}{noise:>10.4f}{seconds:>9.2f}  "
            f"{verdict}; seed by seed {', '.join(f'{value:+.4f}' for value in differences)}"
        )


def plainly(task, seed):
    """Our estimator in float32, its matrix products left to torch's default library."""
    work, score = ours(task, seed, precision="float32")

    def without_onednn():
        with mock.patch.object(_fast_matmul, "onednn_matmul", contextlib.nullcontext):
            work()

    return without_onednn, score


if __name__ == "__main__":
    main()
