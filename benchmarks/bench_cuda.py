"""Claim: on a GPU too, fit and predict are near the best loop by hand, ahead of skorch, and leave no memory behind.

The contestants are those of the benchmarks on the CPU; here wall seconds count, up to the moment when the GPU is done.
The last lines are the bytes that torch holds on the GPU after each of five fits in a row.

    SKIMGCLS_DATA=... uv run python benchmarks/bench_cuda.py [--repeats 5] [--quick]

The last run is in benchmarks/README.md.
"""

import gc
import subprocess
import sys
import time
from functools import partial

import torch
from _measure import Table, begin, take_turns
from _peers import fashion_task, hand_loop, ours, skorch_net
from bench_predict_against_skorch import make_contestants

# model, batch size, precision of ours and of the loop, epochs, target against the loop, against skorch
CASES = [
    ("MLP", 64, "float32", 2, 0.96, 2.0),
    ("MLP", 256, "float32", 4, 0.96, 2.3),
    ("CNN", 64, "float32", 2, 0.96, 1.3),
    ("CNN", 256, "float32", 4, 0.96, 1.3),
    ("CNN", 64, "bf16", 2, 0.96, 2.7),
    ("CNN", 256, "bf16", 4, 0.96, 2.7),
]


def main():
    if not torch.cuda.is_available():
        sys.exit("This benchmark needs a CUDA device, and torch finds none here.")
    arguments = begin(__doc__)
    query = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    print(subprocess.run(query, capture_output=True, text=True, check=True).stdout.strip())
    print(f"torch {torch.__version__} for CUDA {torch.version.cuda}, {torch.cuda.get_device_name()}\n")
    compare_fits(arguments)
    compare_predictions(arguments)
    watch_memory(arguments)


def compare_fits(arguments):
    """Ours against the loop by hand and against skorch."""
    table = Table("peer", "ours")
    for model, batch_size, precision, epochs, loop_target, skorch_target in CASES:
        task = fashion_task(model, batch_size, epochs, quick=arguments.quick, device="cuda")
        contestants = {
            "ours": partial(ours, precision=precision),
            "hand loop": partial(hand_loop, precision=precision),
            "skorch": skorch_net,
        }
        runs = take_turns(
            contestants, task, repeats=arguments.repeats, warm_up=task.shortened(2_000), clock=synchronized_clock
        )
        for peer, target in (("hand loop", loop_target), ("skorch", skorch_target)):
            table.add(f"{peer}: {model} {batch_size} {precision}", runs, peer, "ours", target)


def compare_predictions(arguments):
    """Probabilities of the test images, ours (in bf16 on CUDA) against skorch's, with the same weights."""
    print()
    table = Table("skorch", "ours", unit="ms")
    for model, target in (("MLP", 3.5), ("CNN", 1.7)):
        task = fashion_task(model, 128, 1, quick=arguments.quick, device="cuda")
        runs = take_turns(
            make_contestants(task, atol=0.05), task, repeats=arguments.repeats, calls=5, clock=synchronized_clock
        )
        table.add(f"{model} {len(task.X_test):,} images", runs, "skorch", "ours", target)


def watch_memory(arguments):
    """Bytes on the GPU after each of five fits, each of which is forgotten."""
    held = []
    for seed in range(5):
        work, _ = ours(fashion_task("CNN", 128, 1, 6_000, quick=arguments.quick, device="cuda"), seed)
        work()
        del work, _
        gc.collect()
        held.append(torch.cuda.memory_allocated())
    grown = held[-1] > held[1]  # what torch's libraries keep for themselves is there after the first
    print(f"\nbytes held after each of five fits: {held} -> {'GROWN' if grown else 'no growth'}")


def synchronized_clock():
    """Wall seconds, once the GPU is done."""
    torch.cuda.synchronize()
    return time.perf_counter()


if __name__ == "__main__":
    main()
