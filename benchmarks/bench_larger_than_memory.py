"""Image files that take more memory than the process may have, trained on to the end.

Claim: photographs that take 6 GB once decoded train under a limit of 3 GB on the memory of the process (RLIMIT_DATA),
from the cache and without one. Memory is the process's own: pages of the cache file that the kernel keeps are not,
and it gives them up when they are needed.
"""

import argparse
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHILD = "--child"
SIDE = 224
DISTINCT = 200  # files with pixels of their own; the others are further names of them, decoded like any file


def main():
    """Make the files, train on them in fresh processes, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decoded-gb", type=float, default=6.0, help="of all images (%(default)s)")
    parser.add_argument("--limit-gb", type=float, default=3.0, help="of memory (%(default)s)")
    parser.add_argument("--only", choices=["cache", "none"], help="only with the cache, or only without")
    arguments = parser.parse_args()
    n_files = int(arguments.decoded_gb * 1e9 / (SIDE * SIDE * 3))
    with tempfile.TemporaryDirectory() as folder:
        make_files(Path(folder), n_files)
        print(f"{n_files:,} files of {SIDE} x {SIDE} x 3 bytes: {n_files * SIDE * SIDE * 3 / 1e9:.2f} GB decoded")
        for way in ["cache", "none"] if arguments.only is None else [arguments.only]:
            command = [sys.executable, __file__, CHILD, folder, str(n_files), str(arguments.limit_gb), way]
            print(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip(), flush=True)


def make_files(folder, n_files):
    """Write smooth colour images of two classes."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    for number in range(min(DISTINCT, n_files)):
        coarse = rng.integers(0, 160, (8, 8, 3)) + 90 * (number % 2)
        Image.fromarray(coarse.astype(np.uint8)).resize((SIDE, SIDE)).save(folder / f"{number}.0.jpg")
    for number in range(DISTINCT, n_files):
        name = folder / f"{number % DISTINCT}.{number // DISTINCT}.jpg"
        name.hardlink_to(folder / f"{number % DISTINCT}.0.jpg")


def fit_and_tell(folder, n_files, limit_gb, way):
    """Train one epoch under a limit and print what it took."""
    from skimgcls import MLPClassifier

    paths = [f"{folder}/{number % DISTINCT}.{number // DISTINCT}.jpg" for number in range(int(n_files))]
    labels = [number % DISTINCT % 2 for number in range(int(n_files))]
    limit = int(float(limit_gb) * 1e9)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    cache = f"{folder}/cache" if way == "cache" else None
    clf = MLPClassifier((16,), max_epochs=2, n_jobs=1, cache=cache, random_state=0)
    start = time.perf_counter()
    clf.fit(paths, labels)
    seconds, epochs = time.perf_counter() - start, clf.history_["seconds"]
    accuracy = clf.score(paths[:2000], labels[:2000])
    print(
        f"cache={way:<6} fit {seconds:.0f} s (epochs {', '.join(f'{each:.0f}' for each in epochs)} s), accuracy "
        f"{accuracy:.3f}, own memory at the end {own_memory() / 1e9:.2f} GB of {limit / 1e9:.2f}"
    )


def own_memory():
    """Bytes that the limit counts."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmData:\s+(\d+) kB", status).group(1)) * 1024


if __name__ == "__main__":
    if CHILD in sys.argv:
        fit_and_tell(*sys.argv[-4:])
    else:
        main()
