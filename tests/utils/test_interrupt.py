import signal
import threading

import pytest

from skimgcls.utils._interrupt import watch_interrupt


@pytest.fixture(autouse=True)
def found_handler():
    """The handler that stands outside; each test must leave it in its place."""
    found = signal.getsignal(signal.SIGINT)
    yield found
    left = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, found)
    assert left is found


def interrupt():
    signal.raise_signal(signal.SIGINT)


def swallow_interrupt():
    """What skorch does with a KeyboardInterrupt."""
    with pytest.raises(KeyboardInterrupt):
        interrupt()


def watched(*steps):
    """Take steps in the scope, and return for each whether a SIGINT had arrived by its end."""
    arrived = []
    try:
        with watch_interrupt() as watch:
            for step in steps:
                step()
                arrived.append(watch.arrived)
    except KeyboardInterrupt:
        return [*arrived, "raised"]
    return arrived


def test_a_swallowed_ctrl_c_is_raised_again_at_the_end():
    assert watched(bool, swallow_interrupt, bool) == [False, True, True, "raised"]


def test_a_ctrl_c_that_nobody_swallowed_goes_through():
    assert watched(interrupt, bool) == ["raised"]


def test_a_callbacks_own_stop_is_no_ctrl_c():
    with watch_interrupt() as watch, pytest.raises(KeyboardInterrupt):
        raise KeyboardInterrupt
    assert not watch.arrived


def test_another_error_is_not_covered_by_the_ctrl_c_before_it():
    with pytest.raises(ZeroDivisionError):
        watched(swallow_interrupt, lambda: 1 // 0)


def test_a_handler_of_the_users_own_that_goes_on_is_called_and_let_go_on():
    signals = []
    outside = signal.signal(signal.SIGINT, lambda signum, frame: signals.append(signum))
    try:
        assert watched(interrupt, bool) == [False, False]
    finally:
        signal.signal(signal.SIGINT, outside)
    assert signals == [signal.SIGINT]


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.SIG_DFL])
def test_where_no_handler_of_pythons_stands_none_is_put(handler):
    outside = signal.signal(signal.SIGINT, handler)
    try:
        with watch_interrupt() as watch:
            assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, outside)
    assert not watch.arrived


def test_scopes_nest_and_each_hears_of_it():
    assert watched(bool, lambda: watched(swallow_interrupt), bool) == [False, True, True, "raised"]


def test_other_threads_watch_nothing_and_change_nothing(found_handler):
    seen = []

    def watch():
        with watch_interrupt() as interrupt:
            seen.append((interrupt.arrived, signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=watch)
    thread.start()
    thread.join(30)
    assert seen == [(False, found_handler)]
