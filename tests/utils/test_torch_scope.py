import sys
import threading

import pytest
import torch

from skimgcls.utils._torch_scope import torch_scope

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


def threads_inside(n_jobs):
    with torch_scope(n_jobs):
        return torch.get_num_threads()


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


# ------------------------------------------------- how several threads wait


@only_linux
@pytest.mark.parametrize(
    ("n_jobs", "brief", "expected"), [(2, False, 1), (3, False, 1), (2, True, 0), (1, False, 0), (1, True, 0)]
)
def test_a_team_is_parked_for_several_threads_unless_the_work_is_brief(n_jobs, brief, expected, n_parked):
    with torch_scope(n_jobs, brief=brief):
        assert torch.get_num_threads() == n_jobs
        assert n_parked() == expected
    assert n_parked() == 0
    assert torch.get_num_threads() == 1


@only_linux
@pytest.mark.parametrize(("own", "expected"), [(2, 1), (1, 0)])
def test_torchs_own_setting_decides_where_nothing_is_asked_for(own, expected, n_parked):
    torch.set_num_threads(own)
    with torch_scope():
        assert n_parked() == expected
        assert torch.get_num_threads() == own
    assert n_parked() == 0


def test_beside_other_threads_nothing_is_parked(n_parked):
    torch.set_num_threads(2)

    def parked_inside():
        with torch_scope():
            return n_parked()

    assert in_thread(parked_inside) == 1  # the thread itself


@only_linux
def test_overlapping_scopes_share_one_team(n_parked):
    inside, leave = threading.Event(), threading.Event()

    def stay_inside():
        with torch_scope(2):
            inside.set()
            leave.wait(30)

    thread = threading.Thread(target=stay_inside)
    thread.start()
    assert inside.wait(30)
    with torch_scope(3):
        assert n_parked() == 2  # the team and the thread of this test
        leave.set()
        thread.join(30)
        assert n_parked() == 1
    assert n_parked() == 0
    assert in_thread(torch.get_num_threads) == 1


@pytest.mark.parametrize("brief", [False, True])
@pytest.mark.parametrize("n_jobs", [None, 1, 2, 3])
def test_counts_are_put_back_for_this_thread_and_for_later_ones(n_jobs, brief, n_parked):
    torch.set_num_threads(2)
    with pytest.raises(ZeroDivisionError), torch_scope(n_jobs, brief=brief):
        raise ZeroDivisionError
    assert torch.get_num_threads() == 2
    assert in_thread(torch.get_num_threads) == 2
    assert n_parked() == 0


@pytest.mark.parametrize("brief", [False, True])
def test_results_do_not_depend_on_how_threads_wait(brief, rng):
    values = torch.from_numpy(rng.normal(size=(512, 2048)))
    torch.set_num_threads(2)
    expected = values.sin().sum(1)
    torch.set_num_threads(1)
    with torch_scope(2, brief=brief):
        assert torch.equal(values.sin().sum(1), expected)
