"""Tracebacks as workers send them, put together from frames."""

from __future__ import annotations

from collections.abc import Sequence

VENV = "/srv/shop/.venv/lib/python3.12/site-packages"
HEAD = "Traceback (most recent call last):\n"
CELERY = (
    (f"{VENV}/celery/app/trace.py", 453, "trace_task", "R = retval = fun(*args, **kwargs)"),
    (f"{VENV}/celery/app/trace.py", 736, "__protected_call__", "return self.run(*args, **kwargs)"),
)
CAUSED = "\nThe above exception was the direct cause of the following exception:\n\n"
DURING = "\nDuring handling of the above exception, another exception occurred:\n\n"

Frame = tuple[str, int, str, str]


def frame(path: str, line: int = 10, function: str = "charge", code: str = "pay()") -> Frame:
    """One frame of the user's own code."""
    return path, line, function, code


CHARGE = frame("/srv/shop/shop/billing/tasks.py", 88, "charge", "receipt = client.charge(order)")
RAISE = frame("/srv/shop/shop/billing/gateway.py", 67, "_raise_for", "raise Declined(code)")


def block(
    *frames: Frame,
    error: str = "shop.errors.Declined: insufficient_funds",
    celery: Sequence[Frame] = CELERY,
    carets: bool = False,
) -> str:
    """One traceback: Celery's frames, the user's own, and the exception."""
    lines = [HEAD]
    for path, line, function, code in (*celery, *frames):
        lines.append(f'  File "{path}", line {line}, in {function}\n    {code}\n')
        if carets:
            lines.append("    " + "~" * 3 + "^" * (len(code) - 3) + "\n")
    return "".join([*lines, error, "\n"])
