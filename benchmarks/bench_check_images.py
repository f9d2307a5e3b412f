"""Claim: check_images looks through 60,000 small files in less than 30 seconds of processor time and 1 GiB of memory.

The files of cifar10-jpeg.zip, unpacked into a temporary folder, the 10,000 test images as `X_test`: each is decoded,
and all are compared with all for exact and near duplicates. Processor time is that of all threads, memory the peak of
the process. Beside it stand the groups of duplicates, and how many of them have images of more than one class: these
are mistakes, or images that are hard to label.

    SKIMGCLS_DATA=<folder with cifar10-jpeg.zip> uv run python benchmarks/bench_check_images.py [--quick]
"""

import argparse
import os
import resource
import tempfile
import time
import zipfile
from pathlib import Path

from skimgcls import show_versions
from skimgcls.datasets import check_images, load_image_folder

SECONDS, MEBIBYTES = 30, 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="6,000 files: does it run?")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(Path(os.environ["SKIMGCLS_DATA"], "cifar10-jpeg.zip")) as archive:
            archive.extractall(folder)
        train, test = (load_image_folder(Path(folder, part)) for part in ("train", "test"))
        step = 10 if arguments.quick else 1
        start, cpu_start = time.perf_counter(), time.process_time()
        report = check_images(train.data[::step], train.target[::step], X_test=test.data[::step])
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    is_reached = cpu_seconds < SECONDS and memory < MEBIBYTES
    print(f"\n{__doc__.splitlines()[0]}\n{report.title}\n{count_groups(report.frame)}")
    print(f"{cpu_seconds:.1f} s of processor time, {seconds:.1f} s in all, {memory:.0f} MiB at most", end=" ")
    print("-> reached\n" if is_reached else "-> MISSED\n")
    show_versions()  # after the measurement: it loads torch


def count_groups(frame):
    """Groups of duplicates, and how many have several classes, by the folders of their files."""
    classes = frame["name"].map(lambda name: Path(name).parent.name).groupby(frame["group"]).nunique()
    return f"{len(classes)} groups of duplicates, {int((classes > 1).sum())} of them with more than one class"


if __name__ == "__main__":
    main()
