"""What a bug report needs to know about the machine and the libraries."""

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

# In the order in which they matter to a bug report; read from the metadata, so nothing is imported.
PACKAGES = (
    "skimgcls",
    "scikit-learn",
    "skorch",
    "torch",
    "torchvision",
    "numpy",
    "scipy",
    "pandas",
    "matplotlib",
    "pillow",
    "joblib",
    "threadpoolctl",
    "optuna",
    "optuna-integration",
    "safetensors",
    "filelock",
    "rich",
    "tqdm",
    "captum",
    "scikit-image",
    "timm",
    "ipywidgets",
    "onnx",
    "onnxruntime",
    "onnxscript",
    "dask",
)


def show_versions():
    """Print the system, the packages and the devices, to be pasted into a bug report.

    Nothing that is missing makes it fail: it says so on the line in question. No names of users or folders
    are printed beside the path of the Python interpreter.

    See Also
    --------
    get_versions : The same as a dictionary.

    Examples
    --------
    >>> show_versions()
    System
    ------
    python       : 3...
    """
    versions = get_versions()
    width = max(len(key) for section in versions.values() for key in section)
    blocks = []
    for title, section in versions.items():
        lines = [f"{key:<{width}} : {value}" for key, value in section.items()]
        blocks.append("\n".join([title.capitalize(), "-" * len(title), *lines]))
    print("\n\n".join(blocks))


def get_versions():
    """Collect the system, the packages and the devices.

    Returns
    -------
    versions : dict of str to dict of str to str
        ``"system"``: Python, operating system, processor, cores, memory (GiB). ``"packages"``: the version of each
        library, or ``"not installed"``. ``"torch"``: its builds, driver, devices and threads, or why it
        cannot be imported.

    Examples
    --------
    >>> sorted(get_versions())
    ['packages', 'system', 'torch']
    """
    return {
        "system": _system(),
        "packages": {name: _package_version(name) for name in PACKAGES},
        "torch": _torch(),
    }


def _system():
    return {
        "python": sys.version.replace("\n", " "),
        "executable": sys.executable,
        "os": platform.platform(),
        "processor": _attempt(_processor),
        "cores": _attempt(_cores),
        "memory": _attempt(_memory),
    }


def _attempt(read):
    """Call `read`, or say in one line why it failed: a bug report is written on broken installations."""
    try:
        return str(read())
    except Exception as error:
        return f"unknown ({type(error).__name__}: {error})".replace("\n", " ")


def _processor():
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    if sys.platform == "darwin":
        return _first_line("sysctl", "-n", "machdep.cpu.brand_string")
    return platform.processor() or platform.machine()


def _first_line(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    return done.stdout.splitlines()[0].strip()


def _cores():
    from joblib import cpu_count  # knows the limits of a container

    return f"{cpu_count()} usable of {os.cpu_count()}, {cpu_count(only_physical_cores=True)} of them physical"


def _memory():
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB"


def _package_version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _torch():
    try:
        import torch
    except Exception as error:  # a broken installation raises OSError, RuntimeError, ...
        return {"import": f"fails with {type(error).__name__}: {error}".replace("\n", " ")}
    facts = {
        "cuda build": str(torch.version.cuda or torch.version.hip or "none"),
        "torchvision wants": _attempt(_torchvision_pair),
        "cudnn": _attempt(lambda: torch.backends.cudnn.version() or "none"),
        "driver": _attempt(_driver),
        "mps": _attempt(lambda: "available" if torch.backends.mps.is_available() else "not available"),
        "threads": _attempt(lambda: f"{torch.get_num_threads()} (interop {torch.get_num_interop_threads()})"),
        "cpu features": _attempt(torch.backends.cpu.get_cpu_capability),
    }
    n_devices = _attempt(lambda: torch.cuda.device_count() if torch.cuda.is_available() else 0)
    if not n_devices.isdigit():
        return facts | {"cuda devices": n_devices}
    devices = {f"cuda:{i}": _attempt(lambda i=i: _cuda_device(torch, i)) for i in range(int(n_devices))}
    return facts | (devices or {"cuda devices": "none"})


def _torchvision_pair():
    """The torch that torchvision was built for: with another one it fails at import, and neither says why."""
    requirements = importlib.metadata.requires("torchvision") or []
    wanted = [line for line in requirements if re.match(r"torch\s*[(<>=~!]", line)]
    return wanted[0] if wanted else "any torch"


def _driver():
    if shutil.which("nvidia-smi") is None:
        return "none found"
    return _first_line("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")


def _cuda_device(torch, index):
    facts = torch.cuda.get_device_properties(index)
    return f"{facts.name}, {facts.total_memory / 2**30:.1f} GiB, compute capability {facts.major}.{facts.minor}"
