"""The signals while the monitor runs, and the time by which the process is gone."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from celerytui.errors import ExitCode

STATUSES: Final = {
    signal.SIGTERM: ExitCode.OK,
    signal.SIGHUP: ExitCode.HANGUP,
    signal.SIGINT: ExitCode.INTERRUPTED,
}
"""The signals that end the monitor, and the exit status of each."""

_WITHOUT_ASKING: Final = frozenset(signal.valid_signals()) - {
    *STATUSES,
    signal.SIGALRM,
    # No handler can be installed.
    *(signal.SIGKILL, signal.SIGSTOP),
    # They stop or continue, or do nothing by default.
    *(signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGCONT),
    *(signal.SIGCHLD, signal.SIGURG, signal.SIGWINCH),
    # After a handler of Python's the instruction that failed would run again, for ever.
    *(signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL),
}
"""All other signals: by default nearly each ends a process, SIGQUIT, SIGABRT and SIGUSR1 too."""

LEAVE_SECONDS: Final = 1.75
"""From being asked to leave until the process is ended by force."""

_SHARED_SIGNALS: Final = (
    *STATUSES,
    signal.SIGALRM,
    signal.SIGTSTP,
    signal.SIGCONT,
    signal.SIGTTOU,
    signal.SIGTTIN,
    signal.SIGWINCH,
)


class Departure:
    """The process's signals while the monitor runs, and the time by which it is gone.

    `asked(status)` is called inside a signal handler when a signal asks to leave; `abandon()` when
    time is up, and on a signal that ends a process without asking: it gives the terminal back
    without waiting for the loop, and after it the process ends.
    At the end the handlers that the user's project installed are put back, but for those that end
    a process: a terminal that goes away sends SIGHUP twice, from the kernel and from the shell, and
    the second must not cut short what is cleaned up after the first.
    """

    def __init__(self, asked: Callable[[int], None], abandon: Callable[[], None]) -> None:
        self._asked = asked
        self._abandon = abandon
        self._before: dict[int, Any] = {}
        self.status: int | None = None
        self.until = 0.0

    def __enter__(self) -> Departure:
        for number in _SHARED_SIGNALS:
            self._before[number] = signal.getsignal(number)
        for number in STATUSES:
            signal.signal(number, self._signalled)
        signal.signal(signal.SIGALRM, self._overdue)
        for number in _WITHOUT_ASKING:
            # Python ignores some, and a project may have taken others.
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, self._killed)
                self._before[number] = signal.SIG_DFL
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        if self.status is None:
            self.status = ExitCode.OK
        for number, handler in self._before.items():
            # None: not installed from Python, cannot be put back.
            if handler is not None and number not in STATUSES:
                signal.signal(number, handler)

    def begin(self, status: int) -> None:
        """Start the clock; the first status wins."""
        if self.status is None:
            self.until = time.monotonic() + LEAVE_SECONDS
            signal.setitimer(signal.ITIMER_REAL, LEAVE_SECONDS)
            self.status = status

    def guard_exit(self, status: int) -> None:
        """Bound the interpreter's own end too.

        Threads of the user's project that are no daemons, and exit hooks of the brokers' libraries,
        wait for brokers that do not answer.
        """

        def arm() -> None:
            self.status = status
            signal.signal(signal.SIGALRM, self._overdue)
            signal.setitimer(signal.ITIMER_REAL, max(0.2, self.until - time.monotonic()))
            _flush()
            atexit.register(end)

        def end() -> None:
            # The last to be registered is the first to run. After the hooks the interpreter would
            # take down a store of 100,000 tasks, with SIGALRM at its default, which kills.
            atexit.unregister(end)
            try:
                atexit._run_exitfuncs()
            finally:
                _flush()
                os._exit(status)

        # Hooks of `atexit` run only after such threads have ended.
        getattr(threading, "_register_atexit", atexit.register)(arm)

    def _signalled(self, number: int, _frame: object) -> None:
        if self.status is None:
            status = STATUSES[signal.Signals(number)]
            self.begin(status)
            self._asked(status)

    def _killed(self, number: int, _frame: object) -> None:
        """End as the signal ends any process, with the terminal given back."""
        try:
            self._abandon()
        finally:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    def _overdue(self, *_: object) -> None:
        try:
            self._abandon()
        finally:
            os._exit(ExitCode.FAILURE if self.status is None else self.status)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
