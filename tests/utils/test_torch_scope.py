import threading

import pytest
import torch

from skimgcls.utils._torch_scope import torch_scope


def in_thread(function):
    """Run a function in a thread of its own and return what it returns."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join(30)
    assert results, "the thread did not finish"
    return results[0]


def threads_inside(n_jobs):
    with torch_scope(n_jobs):
        return torch.get_num_threads()


@pytest.fixture(autouse=True)
def restored_threads():
    found = torch.get_num_threads()
    yield
    torch.set_num_threads(found)


@pytest.fixture
def four_cores(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1, 2, 3}, raising=False)


@pytest.mark.parametrize(("n_jobs", "n_threads"), [(1, 1), (2, 2), (3, 3), (-1, 4), (-2, 3), (-4, 1), (-9, 1)])
def test_an_integer_pins_the_threads_and_negative_ones_count_from_all_cores(four_cores, n_jobs, n_threads):
    assert threads_inside(n_jobs) == n_threads


def test_all_cores_are_counted_where_the_system_knows_no_affinity(monkeypatch):
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    assert threads_inside(-1) == 3


def test_none_leaves_torchs_own_setting_in_the_main_thread():
    torch.set_num_threads(2)
    assert threads_inside(None) == 2


def test_none_takes_one_thread_beside_other_threads():
    torch.set_num_threads(2)
    assert in_thread(lambda: threads_inside(None)) == 1
    assert torch.get_num_threads() == 2


def test_an_integer_counts_in_every_thread():
    assert in_thread(lambda: threads_inside(2)) == 2


@pytest.mark.parametrize("n_jobs", [None, 1, 3])
def test_what_was_found_is_put_back_also_after_an_error(n_jobs):
    torch.set_num_threads(2)
    with pytest.raises(ZeroDivisionError), torch_scope(n_jobs):
        raise ZeroDivisionError
    assert torch.get_num_threads() == 2


def test_threads_born_after_overlapping_scopes_find_the_count_of_before():
    torch.set_num_threads(2)
    inside, leave = threading.Event(), threading.Event()

    def stay_inside():
        with torch_scope(3):
            inside.set()
            leave.wait(30)

    thread = threading.Thread(target=stay_inside)
    thread.start()
    assert inside.wait(30)
    with torch_scope(1):
        leave.set()
        thread.join(30)
    assert in_thread(torch.get_num_threads) == 2
    assert torch.get_num_threads() == 2


def test_scopes_nest():
    torch.set_num_threads(2)
    with torch_scope(3):
        with torch_scope(1):
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 3
    assert torch.get_num_threads() == 2
