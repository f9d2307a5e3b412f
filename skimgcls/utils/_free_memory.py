"""How much memory this process may still take."""

import os
import sys
from pathlib import Path

_UNKNOWN = 4 * 2**30  # bytes, where the system says nothing
_NO_LIMIT = 2**60  # version 1 of control groups writes "no limit" as a huge number


def free_memory():
    """Return the bytes that this process may still take without swapping or being stopped.

    The least of what the machine has free (page cache counts as free), what the control groups of a container leave
    and what the limits of the process (``ulimit -d``, ``ulimit -v``) leave.
    """
    left = [_free_on_machine(), *_left_in_control_groups(), *_left_of_limits()]
    return max(0, min(bytes_ for bytes_ in left if bytes_ is not None))


def _free_on_machine():
    facts = _read_facts("/proc/meminfo")
    if "MemAvailable" in facts:
        return facts["MemAvailable"]
    if sys.platform == "win32":
        return _free_on_windows()
    try:  # macOS does not tell what is free
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, OSError, ValueError):
        return _UNKNOWN


def _free_on_windows():
    import ctypes

    class Status(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ulong), ("load", ctypes.c_ulong)] + [
            (name, ctypes.c_ulonglong) for name in ("total", "free", "total_page", "free_page", "all", "own", "more")
        ]

    status = Status(length=ctypes.sizeof(Status))
    known = ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
    return int(status.free) if known else _UNKNOWN


def _left_in_control_groups(root="/sys/fs/cgroup", own="/proc/self/cgroup"):
    """Yield what each group on the way to the root leaves, of version 2 or 1."""
    for line in _read_text(own).splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            folder, limit, used = Path(root), "memory.max", "memory.current"
        elif "memory" in controllers.split(","):
            folder, limit, used = Path(root, "memory"), "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        inner = folder / path.lstrip("/")
        for group in dict.fromkeys((inner, *inner.parents, folder)):
            if group == folder or folder in group.parents:
                yield _left_in(group, limit, used)


def _left_in(group, limit, used):
    limit, used = _read_text(group / limit).strip(), _read_text(group / used).strip()
    if not (limit.isdigit() and used.isdigit()) or int(limit) >= _NO_LIMIT:  # "max" is no limit
        return None
    statistics = dict(line.split() for line in _read_text(group / "memory.stat").splitlines())
    return int(limit) - int(used) + int(statistics.get("inactive_file", 0))  # the kernel gives that up first


def _left_of_limits():
    try:
        import resource
    except ImportError:  # Windows
        return
    used = _read_facts("/proc/self/status")
    for limit, field in ((resource.RLIMIT_DATA, "VmData"), (getattr(resource, "RLIMIT_AS", None), "VmSize")):
        soft = resource.RLIM_INFINITY if limit is None else resource.getrlimit(limit)[0]
        if soft != resource.RLIM_INFINITY and field in used:
            yield soft - used[field]


def _read_facts(path):
    """Read lines such as ``VmData:  12 kB`` as bytes."""
    lines = (line.split() for line in _read_text(path).splitlines())
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in lines if words[2:] == ["kB"]}


def _read_text(path):
    try:
        return Path(path).read_text()
    except OSError:
        return ""
