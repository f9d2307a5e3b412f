"""What all benchmarks measure with: turns in one process, CPU seconds, medians, machine and versions, a table."""

import argparse
import gc
import math
import statistics
import time
from dataclasses import dataclass

import threadpoolctl
import torch

from skimgcls import show_versions

UNITS = {"s": 1, "ms": 1e3, "µs": 1e6, "MiB": 2**-20}


@dataclass(frozen=True)
class Run:
    """One run of one contestant.

    Parameters
    ----------
    cost : float
        Seconds of one call, or the bytes it took.
    accuracy : float
        On the test images; NaN where there is nothing to score.
    """

    cost: float
    accuracy: float


def begin(description, *, repeats=5, selectable=False):
    """Parse the command line, pin every library to one thread, print machine and versions.

    Parameters
    ----------
    description : str
        The docstring of the script, for ``--help``.
    repeats : int, default=5
        Default of ``--repeats``.
    selectable : bool, default=False
        Whether the script takes ``--only`` to choose among the lines of its table.

    Returns
    -------
    argparse.Namespace
        ``repeats``, ``quick`` and perhaps ``only``.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=repeats, help="timed runs of each contestant (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the images, two repeats: does it run?")
    if selectable:
        parser.add_argument("--only", default="", help="only the lines of the table whose label holds this text")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.repeats = 2
    threadpoolctl.threadpool_limits(1)
    torch.set_num_threads(1)
    show_versions()
    print(f"\n{description.strip().splitlines()[0]}\nMedians of {arguments.repeats} repeats in turn, one thread.\n")
    return arguments


def take_turns(contestants, task, *, repeats, warm_up=None, calls=1, clock=time.process_time):
    """Time contestants in turn, in an order that alternates, after one warm-up of each.

    Parameters
    ----------
    contestants : dict of str to callable
        Each takes (task, seed), prepares what is not timed, and returns two callables without arguments: the work
        that is timed, and the accuracy after it.
    task : object
        Handed to the contestants.
    repeats : int
        Timed runs of each.
    warm_up : object, default=None
        Handed over instead of `task` in the warm-up, a smaller one for example. None takes `task`.
    calls : int, default=1
        Calls of the work in a run, for work that is short against the clock.
    clock : callable, default=time.process_time
        Gives seconds.

    Returns
    -------
    dict of str to list of Run
        `repeats` of each contestant; those at the same place belong together.
    """
    for prepare in contestants.values():
        work, score = prepare(task if warm_up is None else warm_up, 0)
        work()
        score()
    runs = {name: [] for name in contestants}
    for seed in range(repeats):
        for name in list(contestants)[:: 1 if seed % 2 == 0 else -1]:
            work, score = contestants[name](task, seed)
            gc.collect()
            start = clock()
            for _ in range(calls):
                work()
            runs[name].append(Run((clock() - start) / calls, score()))
            del work, score
    return runs


def paired_ratios(runs, above, below):
    """Cost of one contestant over that of another, run by run."""
    return [a.cost / b.cost for a, b in zip(runs[above], runs[below], strict=True)]


class Table:
    """Lines of ratios, printed as they come.

    Parameters
    ----------
    above, below : str
        What the ratio divides, for the head of the columns.
    unit : {"s", "ms", "µs", "MiB"}, default="s"
        Of the costs shown.
    at_most : bool, default=False
        Whether a target is reached from below.
    """

    def __init__(self, above, below, *, unit="s", at_most=False):
        self.unit = unit
        self.at_most = at_most
        print(
            f"{'case':<34}{above + ' ' + unit:>16}{below + ' ' + unit:>16}{'ratio':>8}{'min':>7}{'max':>7}"
            f"{'target':>8}{'':>9}{above + ' acc. (sd)':>23}{below + ' acc. (sd)':>23}"
        )

    def add(self, label, runs, above, below, target):
        """Print one line: medians of two contestants, their ratio against its target (or None), their accuracies."""
        ratios = paired_ratios(runs, above, below)
        ratio = statistics.median(ratios)
        costs = [statistics.median(run.cost for run in runs[name]) * UNITS[self.unit] for name in (above, below)]
        print(
            f"{label:<34}{costs[0]:>16.3f}{costs[1]:>16.3f}{ratio:>8.3f}{min(ratios):>7.2f}{max(ratios):>7.2f}"
            f"{'' if target is None else target:>8}{self.verdict(ratio, target):>9}"
            f"{show_accuracy(runs[above]):>23}{show_accuracy(runs[below]):>23}",
            flush=True,
        )

    def verdict(self, ratio, target):
        """Say whether a ratio reaches its target, if there is one."""
        if target is None:
            return ""
        return "reached" if (ratio <= target if self.at_most else ratio >= target) else "MISSED"


def show_accuracy(runs):
    """Mean and standard deviation of the accuracies of some runs, as text; empty where nothing was scored."""
    accuracies = [run.accuracy for run in runs if not math.isnan(run.accuracy)]
    if not accuracies:
        return ""
    if len(accuracies) == 1:
        return f"{accuracies[0]:.4f}"
    return f"{statistics.mean(accuracies):.4f} ({statistics.stdev(accuracies):.4f})"
