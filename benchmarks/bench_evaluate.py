"""Claim: evaluate takes less than three times one predict_proba plus 3 s, and no more memory than a batch of images.

10,000 test images of Fashion-MNIST, everything that evaluate measures, 1,000 samples for its intervals; a page of it by
itself. Seconds are CPU seconds. The memory is what a call adds at its peak (as Linux keeps it), of predict_proba
first and then of evaluate: what that needs beyond it. The images are there before.

    SKIMGCLS_DATA=... uv run python benchmarks/bench_evaluate.py [--repeats 5] [--quick]

The last run is in benchmarks/README.md.
"""

import gc
import pathlib
import statistics
import time

from _measure import begin
from _peers import ESTIMATORS, fashion_task
from bench_memory import resident

from skimgcls import evaluate

TIMES, PLUS = 3, 3.0  # calls of predict_proba, and seconds
MIB = 2**-20


def main():
    arguments = begin(__doc__, selectable=True)
    print(
        f"{'case':<14}{'predict_proba s':>17}{'evaluate s':>12}{'at most':>9}{'':>9}{'page s':>9}"
        f"{'predict_proba MiB':>19}{'evaluate MiB':>14}"
    )
    for model, estimator in ESTIMATORS.items():
        if arguments.only not in model:
            continue
        task = fashion_task(model, 128, 1, 6_000, quick=arguments.quick)
        clf = estimator(max_epochs=task.epochs, random_state=0, n_jobs=1).fit(task.X, task.y)
        calls = {
            "predict": lambda clf=clf, task=task: clf.predict_proba(task.X_test),
            "evaluate": lambda clf=clf, task=task: evaluate(clf, task.X_test, task.y_test),
            "page": lambda clf=clf, task=task: evaluate(clf, task.X_test[:100], task.y_test[:100]).to_html(),
        }
        runs = {name: [] for name in calls}
        calls["page"]()  # imports
        for _ in range(arguments.repeats + 1):
            for name, call in calls.items():
                runs[name].append(measure(call))
        seconds = {name: statistics.median(each[0] for each in runs[name][1:]) for name in runs}
        added = {name: runs[name][0][1] * MIB for name in runs}  # later calls use what the first one has freed
        most = TIMES * seconds["predict"] + PLUS
        verdict = "reached" if seconds["evaluate"] < most else "MISSED"
        print(
            f"{model:<14}{seconds['predict']:>17.2f}{seconds['evaluate']:>12.2f}{most:>9.2f}{verdict:>9}"
            f"{seconds['page']:>9.2f}{added['predict']:>19.0f}{added['evaluate']:>14.0f}",
            flush=True,
        )


def measure(call):
    """CPU seconds of a call, and the bytes that it adds at its peak."""
    gc.collect()
    before = resident("VmRSS")
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from what is resident now
    start = time.process_time()
    call()
    return time.process_time() - start, resident("VmHWM") - before


if __name__ == "__main__":
    main()
