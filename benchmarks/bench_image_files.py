"""Image files read once into the cache, against torchvision's ImageFolder with a DataLoader.

Claims: an epoch that comes from the cache is loaded at least 20 times faster, the first epoch (which decodes the files
and fills the cache) no slower, both at the same batch size and with all images shuffled; a whole fit on the 60,000
files stays below 1.5 GiB of memory. CPU seconds, the DataLoader without worker processes; with two of them its wall
time is printed beside ours.
"""

import glob
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import torch
from _measure import Run, Table, begin

from skimgcls import MLPClassifier
from skimgcls.datasets import clear_image_cache
from skimgcls.training import BatchIterator, read_dataset

BATCH_SIZE = 128
CHILD = "--child"


def main():
    """Unpack the files, measure, print."""
    arguments = begin(__doc__, repeats=3)
    with tempfile.TemporaryDirectory() as folder:
        zipfile.ZipFile(Path(os.environ["SKIMGCLS_DATA"], "cifar10-jpeg.zip")).extractall(folder)
        root = Path(folder, "test") if arguments.quick else Path(folder)
        paths = sorted(glob.glob(f"{root}/**/*.jpg", recursive=True))
        cache = str(Path(folder, "cache"))
        runs = {"torchvision": [], "first": [], "later": []}
        for _ in range(arguments.repeats):
            costs = torchvision_epoch(root), *our_epochs(paths, cache)
            for name, cost in zip(runs, costs, strict=True):
                runs[name].append(Run(cost, float("nan")))
        table = Table("torchvision", "ours")
        table.add("first epoch, decoding", runs, "torchvision", "first", 1)
        table.add("each later epoch", runs, "torchvision", "later", 20)
        print_wall_times(root, paths, cache)
        print(f"peak memory of a fit on {len(paths):,} files: {peak_of_fit(root, cache) / 2**30:.2f} GiB (at most 1.5)")


def torchvision_epoch(root, num_workers=0, clock=time.process_time):
    """Seconds of one pass over all files."""
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import ToTensor

    folder = ImageFolder(root, ToTensor(), allow_empty=True)
    loader = torch.utils.data.DataLoader(folder, BATCH_SIZE, shuffle=True, num_workers=num_workers)
    start = clock()
    for _ in loader:
        pass
    return clock() - start


def our_epochs(paths, cache, clock=time.process_time):
    """Seconds of the first pass, with everything that comes before it, and of the second."""
    clear_image_cache(cache)
    start = clock()
    dataset = read_dataset(paths, MLPClassifier(cache=cache), dtype="float32")
    dataset.moments()  # a fit looks at all images for their scale
    seconds = []
    for _ in range(2):
        for _ in BatchIterator(dataset, BATCH_SIZE, "cpu", shuffle=True):
            pass
        seconds.append(clock() - start)
        start = clock()
    return seconds


def print_wall_times(root, paths, cache):
    """Say what a pass takes by the clock on the wall, also with worker processes."""
    clock = time.perf_counter
    theirs = [torchvision_epoch(root, num_workers, clock) for num_workers in (0, 2)]
    first, later = our_epochs(paths, cache, clock)
    print(f"wall seconds: torchvision {theirs[0]:.1f}, with two workers {theirs[1]:.1f}; ours {first:.1f}, {later:.2f}")


def peak_of_fit(root, cache):
    """Bytes that a fresh process takes for one epoch of an MLP, decoding included."""
    clear_image_cache(cache)
    command = [sys.executable, __file__, CHILD, str(root), cache]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def fit_and_tell(root, cache):
    """Fit on files and print the peak of the resident memory of this process."""
    paths = sorted(glob.glob(f"{root}/**/*.jpg", recursive=True))
    labels = [Path(path).parent.name for path in paths]
    MLPClassifier(max_epochs=1, cache=cache, n_jobs=1, random_state=0).fit(paths, labels)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


if __name__ == "__main__":
    if CHILD in sys.argv:
        fit_and_tell(*sys.argv[-2:])
    else:
        main()
