import subprocess
import sys
from pathlib import Path

import pytest

from skimgcls.utils import _free_memory as module
from skimgcls.utils._free_memory import free_memory

MIB = 2**20


def test_it_is_part_of_the_memory_of_the_machine():
    free = free_memory()
    assert free > 0
    if Path("/proc/meminfo").exists():
        total = int(Path("/proc/meminfo").read_text().split()[1]) * 1024
        assert free < total


@pytest.mark.skipif(sys.platform != "linux", reason="limits are read from /proc")
def test_a_limit_of_the_process_counts():
    code = (
        "import resource; from skimgcls.utils._free_memory import free_memory; used = free_memory()\n"
        f"resource.setrlimit(resource.RLIMIT_DATA, ({300 * MIB}, -1)); print(free_memory())"
    )
    free = int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)
    assert 0 < free < 300 * MIB


def group(folder, limit, used, cached=0, names=("memory.max", "memory.current")):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in zip((*names, "memory.stat"), (limit, used, f"anon 5\ninactive_file {cached}"), strict=True):
        (folder / name).write_text(f"{text}\n")


def left(root, own, text):
    own.write_text(text)
    return [each for each in module._left_in_control_groups(root, own) if each is not None]


def test_groups_of_version_2_count_on_every_level(tmp_path):
    root, own = tmp_path / "cgroup", tmp_path / "own"
    group(root / "a" / "b", 500 * MIB, 100 * MIB, cached=10 * MIB)
    group(root / "a", 800 * MIB, 700 * MIB)
    group(root, "max", 0)
    assert left(root, own, "0::/a/b\n") == [410 * MIB, 100 * MIB]


def test_groups_of_version_1_count_and_no_limit_is_none(tmp_path):
    root, own = tmp_path / "cgroup", tmp_path / "own"
    names = "memory.limit_in_bytes", "memory.usage_in_bytes"
    group(root / "memory", 600 * MIB, 200 * MIB, names=names)  # what a container sees of its own group
    group(root / "memory" / "x", 2**63 - 4096, 0, names=names)
    assert left(root, own, "3:cpu:/\n4:cpuset,memory:/x\n") == [400 * MIB]


def test_a_group_that_cannot_be_seen_is_left_out(tmp_path):
    assert left(tmp_path / "none", tmp_path / "own", "0::/somewhere\n") == []


def test_a_system_that_tells_nothing_has_half_of_its_memory_or_a_guess(monkeypatch):
    monkeypatch.setattr(module, "_read_facts", lambda path: {})
    monkeypatch.setattr(module.os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 1000}.__getitem__, raising=False)
    assert module._free_on_machine() == 4096 * 500
    monkeypatch.delattr(module.os, "sysconf")
    assert module._free_on_machine() == module._UNKNOWN
