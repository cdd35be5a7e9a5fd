"""Signal handling while the monitor runs, and the deadline for its exit."""

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
"""The signals that end the monitor in order, and their exit statuses."""

_WITHOUT_ASKING: Final = frozenset(signal.valid_signals()) - {
    *STATUSES,
    signal.SIGALRM,
    # They take no handler.
    *(signal.SIGKILL, signal.SIGSTOP),
    # They stop or continue, or do nothing by default.
    *(signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGCONT),
    *(signal.SIGCHLD, signal.SIGURG, signal.SIGWINCH),
    # On BSD and macOS these do nothing by default either.
    *(() if sys.platform == "linux" else (getattr(signal, "SIGINFO", 0), signal.SIGIO)),
    # After a Python handler the failed instruction would run again, for ever.
    *(signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL),
}
"""All other signals: most end a process by default, such as SIGQUIT, SIGABRT and SIGUSR1."""

LEAVE_SECONDS: Final = 1.75
"""Seconds from the request to exit until the process is ended by force."""

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
    """The process's signals while the monitor runs, and the deadline for its exit.

    `asked(status)` is called in the handler of a signal of `STATUSES`; `abandon()` when time is up,
    and in the handlers of all other signals that end a process: it restores the terminal without
    waiting for the loop, and the process ends after it.
    At the end the handlers that the user's project installed are restored, except for signals of
    `STATUSES`: a terminal that closes sends SIGHUP twice, from the kernel and from the shell, and
    the second must not interrupt the cleanup after the first.
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
            # Python ignores some, and a project may handle others.
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
        """Bound the shutdown of the interpreter too.

        Non-daemon threads of the user's project, and exit hooks of the brokers' libraries, wait for
        brokers that do not reply.
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
        """Restore the terminal, then end by the signal's default action."""
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
