import threading

import pytest

from skimgcls.utils import _keep_memory
from skimgcls.utils._keep_memory import keep_memory

TRIM, MMAP = -1, -3


class FakeLibc:
    """Notes what it is asked for."""

    def __init__(self):
        self.calls = []

    def mallopt(self, option, value):
        self.calls.append((option, value))

    def malloc_trim(self, pad):
        self.calls.append(("trim", pad))


@pytest.fixture
def libc(monkeypatch):
    fake = FakeLibc()
    monkeypatch.setattr(_keep_memory, "_find_glibc", lambda: fake)
    return fake


def test_inside_nothing_is_given_back_and_afterwards_as_glibc_does_at_most(libc):
    with keep_memory():
        assert libc.calls == [(MMAP, 32 * 2**20), (TRIM, 2**31 - 1)]
        libc.calls.clear()
    assert libc.calls == [(TRIM, 64 * 2**20)]


def test_after_an_exception_too(libc):
    with pytest.raises(ValueError, match="inside"), keep_memory():
        raise ValueError("inside")
    assert libc.calls[-1] == (TRIM, 64 * 2**20)


def test_the_last_of_overlapping_scopes_gives_back(libc):
    inside, leave = threading.Event(), threading.Event()

    def hold():
        with keep_memory():
            inside.set()
            leave.wait(10)

    other = threading.Thread(target=hold)
    other.start()
    inside.wait(10)
    with keep_memory():
        libc.calls.clear()
    assert libc.calls == []
    leave.set()
    other.join(10)
    assert libc.calls == [(TRIM, 64 * 2**20)]


def test_memory_goes_back_to_the_system_after_long_work(libc, monkeypatch):
    monkeypatch.setattr(_keep_memory, "_LONG", -1.0)
    with keep_memory():
        pass
    assert libc.calls[-1] == ("trim", 0)


@pytest.mark.parametrize("name", ["MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES"])
def test_a_users_own_limits_stay(monkeypatch, name):
    monkeypatch.setenv(name, "1")
    assert _keep_memory._find_glibc.__wrapped__() is None


def test_other_systems_are_left_alone(monkeypatch):
    monkeypatch.setattr("sys.platform", "darwin")
    assert _keep_memory._find_glibc.__wrapped__() is None
    monkeypatch.setattr(_keep_memory, "_find_glibc", lambda: None)
    with keep_memory():
        pass
