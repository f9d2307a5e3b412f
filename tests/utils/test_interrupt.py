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
                arrived.append(bool(watch.arrived))
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
            seen.append((bool(interrupt.arrived), signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=watch)
    thread.start()
    thread.join(30)
    assert seen == [(False, found_handler)]


# ---------------------------------------------------------------- in a batch


def test_a_signal_waits_for_the_end_of_the_batch():
    done = []

    def fit():
        with watch_interrupt() as watch:
            with watch:
                interrupt()
                done.append("the rest of the batch")
            done.append("the next batch")

    with pytest.raises(KeyboardInterrupt):
        fit()
    assert done == ["the rest of the batch"]


def test_a_second_signal_does_not_wait():
    done = []

    def fit():
        with watch_interrupt() as watch, watch:
            for time in ("once", "twice"):
                interrupt()
                done.append(time)

    with pytest.raises(KeyboardInterrupt):
        fit()
    assert done == ["once"]


def test_batches_without_a_signal_leave_nothing_behind():
    with watch_interrupt() as watch:
        for _ in range(3):
            with watch:
                pass
        swallow_interrupt()
        watch.arrived = None


# ------------------------------------------------------------------- SIGTERM


def terminate():
    signal.raise_signal(signal.SIGTERM)


@pytest.fixture(name="ended")
def sigterm_as_outside():
    """SIGTERM is left as it was found."""
    found = signal.getsignal(signal.SIGTERM)
    yield
    assert signal.getsignal(signal.SIGTERM) is found


def exit_code_of(*steps):
    try:
        with watch_interrupt(terminates=True):
            for step in steps:
                step()
    except SystemExit as error:
        return error.code
    return None


def swallow_sigterm():
    with pytest.raises(KeyboardInterrupt):
        terminate()


@pytest.mark.parametrize("steps", [[terminate], [swallow_sigterm, bool]], ids=["raised", "swallowed"])
def test_sigterm_ends_the_process_with_its_exit_code(ended, steps):
    assert exit_code_of(*steps) == 143


def test_sigterm_waits_for_the_end_of_the_batch(ended):
    done = []

    def fit():
        with watch_interrupt(terminates=True) as watch:
            with watch:
                terminate()
                done.append("the rest of the batch")
            done.append("the next batch")

    with pytest.raises(SystemExit):
        fit()
    assert done == ["the rest of the batch"]


def test_sigterm_goes_through_nested_scopes(ended):
    with pytest.raises(SystemExit) as raised, watch_interrupt(terminates=True):
        exit_code_of(swallow_sigterm)
    assert raised.value.code == 143
    assert exit_code_of(lambda: exit_code_of(terminate)) == 143


def test_sigterm_is_not_watched_unless_asked_for(ended):
    found = signal.getsignal(signal.SIGTERM)
    with watch_interrupt():
        assert signal.getsignal(signal.SIGTERM) is found


def test_a_handler_of_the_users_own_for_sigterm_is_called_and_an_ignored_one_stays():
    signals = []
    outside = signal.signal(signal.SIGTERM, lambda signum, frame: signals.append(signum))
    try:
        with watch_interrupt(terminates=True) as watch:
            terminate()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with watch_interrupt(terminates=True):
            terminate()
    finally:
        signal.signal(signal.SIGTERM, outside)
    assert signals == [signal.SIGTERM]
    assert not watch.arrived


def test_ctrl_c_while_sigterm_is_watched_is_a_ctrl_c(ended):
    with pytest.raises(KeyboardInterrupt), watch_interrupt(terminates=True):
        interrupt()
