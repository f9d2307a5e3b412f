import threading

import pytest

from skimgcls.utils._shared_scope import SharedScope


@pytest.fixture
def calls():
    return []


@pytest.fixture
def scope(calls):
    return SharedScope(lambda: calls.append("enter") or "found", lambda found: calls.append(f"leave {found}"))


def test_what_was_found_is_given_back_at_the_end_also_after_an_error(scope, calls):
    with scope():
        assert calls == ["enter"]
    with pytest.raises(ZeroDivisionError), scope():
        raise ZeroDivisionError
    assert calls == ["enter", "leave found"] * 2


def test_only_the_first_enters_and_only_the_last_leaves(scope, calls):
    inside, leave = threading.Event(), threading.Event()

    def stay_inside():
        with scope():
            inside.set()
            leave.wait(30)

    thread = threading.Thread(target=stay_inside)
    thread.start()
    assert inside.wait(30)
    with scope(), scope():
        leave.set()
        thread.join(30)
        assert calls == ["enter"]
    assert calls == ["enter", "leave found"]


def test_a_scope_that_cannot_be_entered_is_not_open(calls):
    fails = [True, False]

    def enter():
        if fails.pop(0):
            raise OSError("not now")

    scope = SharedScope(enter, lambda found: calls.append("leave"))
    with pytest.raises(OSError, match="not now"), scope():
        raise AssertionError("entered")
    with scope():
        assert calls == []
    assert calls == ["leave"]
