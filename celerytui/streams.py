"""Standard output for the document alone, and standard error that nobody takes away.

A project that is imported may print, log to stdout, write to descriptor 1 from a thread or at its
exit, or replace `sys.stdout` and `sys.stderr`.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TextIO


class _First:
    """The error stream that the process began with, where the program is the process."""

    stderr: TextIO | None = None


def remember_stderr() -> None:
    """Have `stderr` be the stream of now, whatever becomes of `sys.stderr`."""
    _First.stderr = sys.stderr


def stderr() -> TextIO | None:
    """Where messages for the user go; None where there is no such stream."""
    first = _First.stderr
    return sys.stderr if first is None or first.closed else first


def keep_stdout() -> TextIO | None:
    """What leads to standard output, to which from now on nothing else does: it goes to stderr.

    None where standard output is closed.
    """
    kept = _stdout()
    if kept is None:
        return None
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if kept.fileno() == 1:
            kept.flush()
            kept = os.fdopen(os.dup(1), "w", encoding=kept.encoding, errors=kept.errors)
            os.dup2(2, 1)
    sys.stdout = sys.stderr
    return kept


def _stdout() -> TextIO | None:
    """Standard output, which not all stubs know to be None where it is closed."""
    return sys.stdout
