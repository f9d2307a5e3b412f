"""Execute copies of the notebooks; fail on an error, a warning, or an output that names a path of the machine.

``python docs/notebooks/run_copies.py FOLDER`` takes 600 images: do the cells run? With ``--full`` it takes as many as
the notebooks say, about half an hour on one core; those copies are what is committed. Names of notebooks may follow.
Without Fashion-MNIST in SKIMGCLS_DATA nothing is run, which SKIMGCLS_REQUIRE_DATA=1 makes a failure.
"""

import argparse
import os
import re
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

HERE = Path(__file__).parent
FEW_IMAGES = "600"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
PICTURE = re.compile(r"data:image/png;base64,[\w+/=\s]+")  # its letters may look like anything
PATH = re.compile(r"(?<![\w.:/<&])(?:/(?:home|root|tmp|usr|var|opt|mnt|work|private|Users)/|[A-Z]:\\)[^\s<>\"']*")


def main():
    """Execute the notebooks that the command line names, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the executed copies go")
    parser.add_argument("names", nargs="*", default=sorted(path.stem for path in HERE.glob("*.ipynb")))
    parser.add_argument("--full", action="store_true", help="with as many images as the notebooks say, one by one")
    args = parser.parse_args()
    if not has_data():
        return
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ.pop("MPLBACKEND", None)  # the notebook's own
    if not args.full:
        os.environ["SKIMGCLS_NOTEBOOK_IMAGES"] = FEW_IMAGES
    args.folder.mkdir(parents=True, exist_ok=True)
    complaints = []
    with ProcessPoolExecutor(max_workers=1 if args.full else 2) as pool:
        for found in pool.map(partial(run_copy, folder=args.folder), args.names):
            complaints += found
    if complaints:
        sys.exit("\n".join(complaints))


def has_data():
    """Return whether the images are there; exit where they were promised."""
    folder = os.environ.get("SKIMGCLS_DATA")
    if folder and (Path(folder) / "FashionMNIST" / "raw").is_dir():
        return True
    if os.environ.get("SKIMGCLS_REQUIRE_DATA") == "1":
        sys.exit(f"SKIMGCLS_REQUIRE_DATA=1, but SKIMGCLS_DATA={folder!r} holds no FashionMNIST/raw.")
    print("Skipped the notebooks: SKIMGCLS_DATA names no folder with FashionMNIST/raw.")
    return False


def run_copy(name, folder):
    """Execute a copy in a folder, write it there without a trace of the machine, and return what is wrong with it."""
    import nbclient
    import nbformat

    start = time.perf_counter()
    notebook = nbformat.read(HERE / f"{name}.ipynb", as_version=4)
    quiet = ["--log-level=ERROR"]
    client = nbclient.NotebookClient(
        notebook, timeout=None, kernel_name="python3", record_timing=False, extra_arguments=quiet
    )
    client.execute(cwd=str(folder))
    notebook.metadata = METADATA
    nbformat.write(notebook, folder / f"{name}.ipynb")
    print(f"{name}.ipynb: {time.perf_counter() - start:.0f} s", flush=True)
    return [f"{name}.ipynb, {text}" for cell in notebook.cells for text in complaints_about(cell)]


def complaints_about(cell):
    """Say what the outputs of a cell should not show: warnings, errors, and paths of a machine."""
    complaints = []
    for output in cell.get("outputs", ()):
        texts = [output.get("text", ""), *(v for k, v in output.get("data", {}).items() if k.startswith("text/"))]
        texts = [text if isinstance(text, str) else "".join(text) for text in texts]
        if output.get("name") == "stderr":
            complaints.append(f"stderr: {texts[0]}")
        if output["output_type"] == "error":
            complaints.append(f"{output['ename']}: {output['evalue']}")
        complaints += [f"path: {path}" for text in texts for path in PATH.findall(PICTURE.sub("", text))]
    return complaints


if __name__ == "__main__":
    main()
