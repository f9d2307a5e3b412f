import os
import sys
import threading

import pytest
import torch

from skimgcls.utils._sleep_while_waiting import count_cores, sleep_while_waiting

# elsewhere nothing is parked, which test_elsewhere_nothing_is_parked checks on every system
only_linux = pytest.mark.skipif(sys.platform != "linux", reason="threads are parked for GNU OpenMP on Linux only")
pytestmark = pytest.mark.usefixtures("restored_threads")


def in_thread(function):
    """Run a function in a thread of its own and return what it returns."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join(30)
    assert results, "the thread did not finish"
    return results[0]


@only_linux
def test_a_team_is_parked_as_long_as_the_scope_lasts(n_parked):
    with sleep_while_waiting():
        assert n_parked() == 1
    assert n_parked() == 0


@only_linux
def test_nothing_stays_parked_after_an_error(n_parked):
    with pytest.raises(ZeroDivisionError), sleep_while_waiting():
        raise ZeroDivisionError
    assert n_parked() == 0


@only_linux
def test_the_team_has_as_many_threads_as_there_are_cores(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(5)))
    before = set(os.listdir("/proc/self/task"))  # those of an earlier team may still be on their way out
    with sleep_while_waiting():
        assert len(set(os.listdir("/proc/self/task")) - before) == 5


@only_linux
def test_nested_scopes_share_one_team(n_parked):
    with sleep_while_waiting():
        with sleep_while_waiting():
            assert n_parked() == 1
        assert n_parked() == 1
    assert n_parked() == 0


@only_linux
def test_overlapping_scopes_share_one_team_until_the_last_has_left(n_parked):
    inside, leave = threading.Event(), threading.Event()

    def enter_first():
        with sleep_while_waiting():
            inside.set()
            leave.wait(30)

    first = threading.Thread(target=enter_first)
    first.start()
    assert inside.wait(30)
    with sleep_while_waiting():
        assert n_parked() == 2  # the team and the thread of this test
        leave.set()
        first.join(30)
        assert n_parked() == 1
    assert n_parked() == 0


@pytest.mark.parametrize("own", [1, 2, 3])
def test_the_callers_count_and_that_of_later_threads_stay(own):
    torch.set_num_threads(own)
    later = in_thread(torch.get_num_threads)
    with sleep_while_waiting():
        assert torch.get_num_threads() == own
        assert in_thread(torch.get_num_threads) == later
    assert torch.get_num_threads() == own
    assert in_thread(torch.get_num_threads) == later


@pytest.mark.parametrize("n_threads", [1, 2])
def test_results_are_the_same_to_the_bit(n_threads, rng):
    torch.set_num_threads(n_threads)
    images = torch.from_numpy(rng.normal(size=(64, 8, 16, 16))).float()
    kernels = torch.from_numpy(rng.normal(size=(8, 8, 3, 3))).float()

    def compute():
        return torch.nn.functional.conv2d(images, kernels).relu().sum((0, 2, 3))

    expected = compute()
    with sleep_while_waiting():
        assert torch.equal(compute(), expected)


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_elsewhere_nothing_is_parked(platform, n_parked, monkeypatch):
    monkeypatch.setattr("sys.platform", platform)
    with sleep_while_waiting():
        assert n_parked() == 0


def test_cores_are_those_that_the_process_may_use(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {1, 3, 7}, raising=False)
    assert count_cores() == 3


def test_where_the_system_knows_no_affinity_all_cores_count(monkeypatch):
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 6)
    assert count_cores() == 6
