"""What can be wrong with a task."""

from __future__ import annotations

LONG = 2.0
"""As many times as 95 of 100 of its kind take a task may run before that is reported."""


def runs_long(times_usual: float) -> bool:
    """Whether a task that has run that many times its kind's p95 is worth a look."""
    return times_usual >= LONG
