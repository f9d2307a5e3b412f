"""Claim: a fit takes hardly more CPU time than the best plain PyTorch loop that we can write by hand.

The loop (`_peers.hand_loop`) trains the same network in the same precision and keeps the same records. The ratio is its
CPU seconds over ours: 1 is the ceiling.

    SKIMGCLS_DATA=... uv run python benchmarks/bench_fit_against_hand_loop.py [--repeats 5] [--quick]

The last run is in benchmarks/README.md.
"""

from functools import partial

from _measure import Table, begin, take_turns
from _peers import fashion_task, hand_loop, ours

TARGET = 0.96
# model, batch size, precision of ours and of the loop, images, epochs
CASES = [
    ("MLP", 64, "auto", 60_000, 2),
    ("MLP", 256, "auto", 60_000, 3),
    ("CNN", 64, "auto", 6_000, 1),
    ("CNN", 256, "auto", 6_000, 1),
    ("CNN", 64, "bf16", 6_000, 1),
    ("CNN", 256, "bf16", 6_000, 1),
]


def main():
    arguments = begin(__doc__, selectable=True)
    table = Table("hand loop", "ours")
    for model, batch_size, precision, n_images, epochs in CASES:
        label = f"{model} batch {batch_size} {precision}"
        if arguments.only not in label:
            continue
        task = fashion_task(model, batch_size, epochs, n_images, 2_000, quick=arguments.quick)
        contestants = {
            "ours": partial(ours, precision=precision),
            "hand loop": partial(hand_loop, precision="bf16" if precision == "bf16" else "float32"),
        }
        runs = take_turns(contestants, task, repeats=arguments.repeats, warm_up=task.shortened(1_000))
        table.add(label, runs, "hand loop", "ours", TARGET)


if __name__ == "__main__":
    main()
