"""``python -m skimgcls``."""

import subprocess
import sys

from skimgcls import __version__


def test_the_module_runs_as_the_command():
    run = subprocess.run([sys.executable, "-m", "skimgcls", "--version"], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == f"skimgcls {__version__}"
