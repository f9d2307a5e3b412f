"""Signals that end a fit: a batch is finished first, and a user's Ctrl-C told from a callback's own stop."""

import contextlib
import signal
import sys
import threading


class Interrupt:
    """What signals came to a fit. As a context it holds them back until its body, a batch, is over.

    A second signal does not wait for the batch. In threads other than the main one no signal ever comes.

    Attributes
    ----------
    arrived : int or None
        Number of the signal that was answered by KeyboardInterrupt.
    """

    def __init__(self):
        self.arrived = None
        self._answers, self._found = {}, {}
        self._is_busy = False
        self._waiting = None

    def __enter__(self):
        self._is_busy = True
        return self

    def __exit__(self, *exception):
        self._is_busy = False
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            self._answer(*waiting)

    def watch(self, signum, answer):
        """Take a signal over; ``answer`` is what it calls in the end."""
        self._answers[signum] = answer
        self._found[signum] = signal.signal(signum, self._note)

    def release(self):
        """Put back the handlers that were found."""
        for signum, handler in self._found.items():
            signal.signal(signum, handler)

    def _note(self, signum, frame):
        if self._is_busy and self._waiting is None:
            self._waiting = signum, frame
        else:
            self._answer(signum, frame)

    def _answer(self, signum, frame):
        try:
            self._answers[signum](signum, frame)
        except KeyboardInterrupt:  # a handler of the user's own may do something else
            self.arrived = signum
            raise


@contextlib.contextmanager
def watch_interrupt(*, terminates=False):
    """Watch the SIGINT of the main thread while the body runs, and raise it again afterwards if it was swallowed.

    skorch uses KeyboardInterrupt for a user's Ctrl-C and for a callback's own stop, and swallows both.

    Parameters
    ----------
    terminates : bool, default=False
        Whether SIGTERM is to end the body as Ctrl-C does, and then the process, with exit code 143.

    Yields
    ------
    Interrupt
        Its flag ``arrived`` is set when a signal was answered by KeyboardInterrupt; handlers found are called.

    Raises
    ------
    KeyboardInterrupt
        After a SIGINT.
    SystemExit
        After a SIGTERM that was watched.
    """
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    found = {signal.SIGINT: signal.getsignal(signal.SIGINT)}
    if terminates:
        handler = signal.getsignal(signal.SIGTERM)
        found[signal.SIGTERM] = signal.default_int_handler if handler is signal.SIG_DFL else handler
    for signum, answer in found.items():
        if callable(answer):  # else it is ignored, or not Python's
            interrupt.watch(signum, answer)
    try:
        yield interrupt
    except KeyboardInterrupt:
        if interrupt.arrived != signal.SIGTERM:
            raise
    finally:
        interrupt.release()
    if interrupt.arrived == signal.SIGTERM:
        sys.exit(128 + signal.SIGTERM)
    if interrupt.arrived:
        raise KeyboardInterrupt
