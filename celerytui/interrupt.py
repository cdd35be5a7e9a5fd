"""What ctrl+c does until somebody waits for it."""

from __future__ import annotations

import signal


def end_by_interrupt() -> None:
    """Let SIGINT end the process at once, as it ends a program in C: no traceback of an import.

    Nothing where it is ignored, as in a shell's background, or where somebody else has taken it.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
