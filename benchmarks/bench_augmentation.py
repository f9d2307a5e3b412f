"""Claim: flip, crop and cutout cost a CNN less than a tenth of its images per second.

The ratio is the CPU seconds of a fit without augmentation over those of one with it, for the same images and epochs.

    SKIMGCLS_DATA=... uv run python benchmarks/bench_augmentation.py [--repeats 5] [--quick]

The last run is in benchmarks/README.md.
"""

from functools import partial

from _measure import Table, begin, take_turns
from _peers import fashion_task, ours

from skimgcls.preprocessing import Compose, Cutout, RandomCrop, RandomFlip

TARGET = 0.9


def main():
    arguments = begin(__doc__, selectable=True)
    table = Table("without", "with")
    for precision in ("auto", "bf16"):
        label = f"CNN batch 128 {precision}"
        if arguments.only not in label:
            continue
        task = fashion_task("CNN", 128, 1, 6_000, 2_000, quick=arguments.quick)
        augment = Compose([RandomFlip(), RandomCrop(), Cutout()])
        contestants = {
            "with": partial(ours, precision=precision, augment=augment),
            "without": partial(ours, precision=precision),
        }
        runs = take_turns(contestants, task, repeats=arguments.repeats, warm_up=task.shortened(1_000))
        table.add(label, runs, "without", "with", TARGET)


if __name__ == "__main__":
    main()
