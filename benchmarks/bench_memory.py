"""Claim: a fit adds at its peak at most half the memory that a plain skorch net adds, the images themselves included.

Each fit runs in a process of its own, which has imported everything and has done a tiny fit before. What it adds is the
highest resident memory during the fit (as Linux keeps it) less the memory before its images were there: 60,000 as bytes
for ours, as standardized float32 for skorch. The CNN is stopped after some seconds: its memory has peaked by then.

    SKIMGCLS_DATA=... uv run python benchmarks/bench_memory.py [--repeats 3] [--quick]

The last run is in benchmarks/README.md.
"""

import contextlib
import gc
import pathlib
import re
import signal
import subprocess
import sys

from _measure import Run, Table, begin
from _peers import Task, fashion_mnist, fashion_task, ours, skorch_net

TARGET = 0.5
SECONDS_OF_CNN = 10
CHILD = "--child"


def main():
    arguments = begin(__doc__, repeats=3, selectable=True)
    table = Table("ours", "skorch", unit="MiB", at_most=True)
    for model in ("MLP", "CNN"):
        label = f"{model} batch 128"
        if arguments.only not in label:
            continue
        runs = {"ours": [], "skorch": []}
        for repeat in range(arguments.repeats):
            for name in list(runs)[:: 1 if repeat % 2 == 0 else -1]:
                runs[name].append(Run(added_bytes(name, model, arguments.quick), float("nan")))
        table.add(label, runs, "ours", "skorch", TARGET)


def added_bytes(name, model, quick):
    """Let a fresh process fit and tell what that took."""
    command = [sys.executable, __file__, CHILD, name, model, str(int(quick))]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def fit_and_tell(name, model, quick):
    """Print the bytes that one fit adds to this process."""
    contestant = {"ours": ours, "skorch": skorch_net}[name]
    tiny = fashion_task(model, 128, 1, 1_000, 500).shortened(500)
    contestant(tiny, 0)[0]()
    del tiny
    fashion_mnist.cache_clear()
    before = resident("VmRSS")
    X, y = fashion_mnist("train")
    X, y = (X[:6_000], y[:6_000]) if quick else (X, y)
    task = Task(model, 128, 1, X, y, X[:1], y[:1])
    fashion_mnist.cache_clear()
    work, _ = contestant(task, 0)
    if name == "skorch":
        task.X = X = X[:0]  # it has its floats
    gc.collect()
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from what is resident now
    with stopped_after(SECONDS_OF_CNN if model == "CNN" else 0):
        work()
    print(resident("VmHWM") - before)


def resident(field):
    """Resident bytes of this process: now ("VmRSS") or at the peak ("VmHWM")."""
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+) kB", status).group(1)) * 1024


@contextlib.contextmanager
def stopped_after(seconds):
    """Stop a fit as skorch's callbacks do, after some seconds; never for 0."""

    def stop(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    with contextlib.suppress(KeyboardInterrupt):
        yield
    signal.alarm(0)


if __name__ == "__main__":
    if CHILD in sys.argv:
        name, model, quick = sys.argv[-3:]
        fit_and_tell(name, model, quick == "1")
    else:
        main()
