import importlib.metadata
import subprocess
import sys
from types import SimpleNamespace

import skimgcls
from skimgcls.utils import _show_versions
from skimgcls.utils._show_versions import get_versions, show_versions


def test_the_versions_of_the_package_and_of_what_it_stands_on_are_reported():
    packages = get_versions()["packages"]
    assert packages["skimgcls"] == skimgcls.__version__
    for name in ("torch", "torchvision", "skorch", "scikit-learn", "numpy", "scipy", "pandas", "matplotlib", "pillow"):
        assert packages[name] == importlib.metadata.version(name)


def test_every_plain_dependency_is_reported():
    requirements = importlib.metadata.requires("skimgcls")
    names = {line.split(">=")[0] for line in requirements if "extra ==" not in line}
    assert names
    assert names <= set(get_versions()["packages"])


def test_a_missing_package_is_named_as_missing(monkeypatch):
    monkeypatch.setattr(_show_versions, "PACKAGES", ("no-such-library",))
    assert get_versions()["packages"] == {"no-such-library": "not installed"}


def test_the_system_section_names_python_and_the_cores():
    system = get_versions()["system"]
    assert system["python"].startswith(".".join(map(str, sys.version_info[:3])))
    assert "usable of" in system["cores"]


def test_the_torch_section_names_build_threads_and_devices():
    facts = get_versions()["torch"]
    assert {"cuda build", "driver", "threads"} <= set(facts)
    assert facts["threads"].startswith("1 ")
    assert facts["torchvision wants"].startswith("torch")
    assert any(name.startswith("cuda") and name != "cuda build" for name in facts)


def test_a_broken_torch_is_reported_and_does_not_raise(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert get_versions()["torch"]["import"].startswith("fails with ModuleNotFoundError")


def test_a_fact_that_cannot_be_read_is_called_unknown_in_one_line(monkeypatch):
    def fail():
        raise OSError("two\nlines")

    monkeypatch.setattr(_show_versions, "_processor", fail)
    assert get_versions()["system"]["processor"] == "unknown (OSError: two lines)"


def test_a_failing_driver_query_is_reported_and_does_not_raise(monkeypatch):
    def fail(*args, **kwargs):
        raise subprocess.CalledProcessError(9, "nvidia-smi")

    monkeypatch.setattr(_show_versions.shutil, "which", lambda name: name)
    monkeypatch.setattr(_show_versions.subprocess, "run", fail)
    assert get_versions()["torch"]["driver"].startswith("unknown (CalledProcessError")


def test_each_cuda_device_is_named_with_its_memory(monkeypatch):
    import torch

    properties = SimpleNamespace(name="NVIDIA H200", total_memory=140 * 2**30, major=9, minor=0)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: properties)
    facts = get_versions()["torch"]
    assert facts["cuda:0"] == facts["cuda:1"] == "NVIDIA H200, 140.0 GiB, compute capability 9.0"
    assert "cuda devices" not in facts


def test_a_driver_that_breaks_torch_is_reported_and_does_not_raise(monkeypatch):
    import torch

    def fail():
        raise RuntimeError("CUDA initialization failed")

    monkeypatch.setattr(torch.cuda, "is_available", fail)
    assert get_versions()["torch"]["cuda devices"] == "unknown (RuntimeError: CUDA initialization failed)"


def test_show_versions_prints_every_fact_and_returns_nothing(capsys):
    assert show_versions() is None
    printed = capsys.readouterr().out
    for section, facts in get_versions().items():
        assert section.capitalize() in printed
        for key, value in facts.items():
            assert any(line.startswith(key) and line.endswith(value) for line in printed.splitlines())


def test_reading_the_versions_imports_no_heavy_library_but_torch():
    code = "import sys; from skimgcls.utils._show_versions import get_versions as g; g(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert "torch" in imported
    assert imported.isdisjoint({"torchvision", "matplotlib", "pandas", "optuna", "skorch"})
