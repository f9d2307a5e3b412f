"""Telling a user's Ctrl-C from a callback's own stop: skorch uses KeyboardInterrupt for both."""

import contextlib
import signal
import threading


class Interrupt:
    """Whether SIGINT arrived."""

    def __init__(self):
        self.arrived = False


@contextlib.contextmanager
def watch_interrupt():
    """Note every SIGINT of the main thread while the body runs, and raise it again afterwards if it was swallowed.

    Yields
    ------
    Interrupt
        Its flag ``arrived`` is set when a SIGINT was answered by KeyboardInterrupt; the handler found is called.
    """
    interrupt = Interrupt()
    found = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(found):
        yield interrupt
        return

    def note(signum, frame):
        try:
            found(signum, frame)
        except KeyboardInterrupt:  # a handler of the user's own may do something else
            interrupt.arrived = True
            raise

    signal.signal(signal.SIGINT, note)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, found)
    if interrupt.arrived:
        raise KeyboardInterrupt
