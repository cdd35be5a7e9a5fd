"""What a task raised, where the event's own field does not say it."""

from __future__ import annotations

import re

# What Celery sends for every task whose process was ended from outside (billiard wraps it), and
# for a retry that names no exception.
_NAMELESS = frozenset(("ExceptionWithTraceback()", "None"))
_TAIL = 32_768
_NAMED = re.compile(r"(?:[A-Za-z_][\w]*\.)*([A-Za-z_]\w*)(?:: (.*))?", re.DOTALL)


def raised(exception: str | None, traceback: str | None) -> str | None:
    """The exception of an event, by the last line of its traceback where it has no name itself.

    "TimeLimitExceeded(1,)", "WorkerLostError: Worker exited prematurely: signal 9 (SIGKILL)".
    """
    if exception not in _NAMELESS:
        return exception
    lines = (traceback or "")[-_TAIL:].rstrip().rsplit("\n", 1)
    named = _NAMED.fullmatch(lines[-1])
    if named is None:
        return None if exception == "None" else exception
    name, message = named[1], named[2]
    if not message:
        return name
    return message if message.startswith(name) else f"{name}: {message}"
