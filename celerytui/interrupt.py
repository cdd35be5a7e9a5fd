"""What ctrl+c does until a handler is installed."""

from __future__ import annotations

import signal


def end_by_interrupt() -> None:
    """Let SIGINT end the process at once, by its default: no traceback of an import.

    Does nothing if it is ignored, as in a shell's background, or has another handler.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
