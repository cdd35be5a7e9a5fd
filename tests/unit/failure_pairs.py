"""Pairs of failures that are one group, or two."""

from __future__ import annotations

from typing import NamedTuple

from tests.unit.failure_texts import (
    CAUSED,
    CELERY,
    CHARGE,
    DURING,
    RAISE,
    VENV,
    Frame,
    block,
    frame,
)


class Failed(NamedTuple):
    """A failure as an event tells it."""

    exception: str | None = "Declined('insufficient_funds')"
    traceback: str | None = block(CHARGE, RAISE)
    task: str = "shop.charge"


def moved(one: Frame, *, path: str | None = None, by: int = 0, code: str | None = None) -> Frame:
    return path or one[0], one[1] + by, one[2], code or one[3]


def raising(error: str, repr_: str, *frames: Frame) -> Failed:
    return Failed(repr_, block(*(frames or (CHARGE, RAISE)), error=error))


def limit(*frames: Frame) -> Failed:
    return raising("billiard.exceptions.SoftTimeLimitExceeded: SoftTimeLimitExceeded()",
                   "SoftTimeLimitExceeded()", *frames)  # fmt: skip


def worker_lost(signal: str, job: int) -> Failed:
    text = f"Worker exited prematurely: {signal} Job: {job}."
    lost = (f"{VENV}/billiard/pool.py", 1265, "mark_as_worker_lost", "raise WorkerLostError(")
    error = f"billiard.exceptions.WorkerLostError: {text}"
    return Failed(f"WorkerLostError('{text}')", block(celery=[lost], error=error))


def chained(cause: str, words: str = CAUSED) -> Failed:
    first = block(CHARGE, RAISE, error=f"{cause}: no answer", celery=())
    return Failed(traceback=first + words + block(CHARGE))


def recursion(depth: int, repeated: bool = False) -> Failed:
    walk = frame("/srv/shop/shop/tree.py", 5, "walk", "return walk(node.parent)")
    text = block(*([walk] * (3 if repeated else depth)), error="RecursionError: too deep")
    if repeated:
        note = f"  [Previous line repeated {depth} more times]\nRecursionError"
        text = text.replace("RecursionError", note)
    return Failed("RecursionError('too deep')", text)


def library(version_line: int, function: str = "send") -> Failed:
    below = (f"{VENV}/requests/sessions.py", version_line, function, "raise ConnectionError(e)")
    error = "requests.exceptions.ConnectionError: refused"
    return Failed("ConnectionError('refused')", block(CHARGE, below, error=error))


def elsewhere(root: str, python: str) -> Failed:
    venv = f"{root}/{python}/site-packages"
    celery = [moved(one, path=one[0].replace(VENV, venv)) for one in CELERY]
    own = [moved(one, path=one[0].replace("/srv/shop", root, 1)) for one in (CHARGE, RAISE)]
    return Failed(traceback=block(*own, celery=celery))


def in_lambda(line: int) -> Failed:
    return Failed(traceback=block(frame("/srv/shop/shop/rules.py", line, "<lambda>", "1 / x")))


def chord(member: str, raised: str) -> Failed:
    text = f"Dependency {member} raised {raised}"
    return Failed(f'ChordError("{text}")', None)


def grouped(first: str, *others: str, line: int = 4) -> Failed:
    lines = [
        "  + Exception Group Traceback (most recent call last):",
        f'  |   File "{CHARGE[0]}", line {line}, in charge',
        "  |     raise ExceptionGroup('both', errors)",
        f"  | ExceptionGroup: both ({1 + len(others)} sub-exceptions)",
        "  +-+---------------- 1 ----------------",
        "    | Traceback (most recent call last):",
        f'    |   File "{RAISE[0]}", line {line + 3}, in _raise_for',
        "    |     raise Declined(code)",
        f"    | {first}",
    ]
    for number, one in enumerate(others, 2):
        lines += [f"    +---------------- {number} ----------------", f"    | {one}"]
    return Failed("ExceptionGroup('both', [...])", "\n".join([*lines, "    +------------------\n"]))


RETRYING = (f"{VENV}/celery/app/task.py", 963, "retry", "raise ret")
ASKING = moved(CHARGE, by=4, code="raise self.retry(exc=exc)")
RETRY = "celery.exceptions.Retry: Retry in 3s: Declined('insufficient_funds')"


def retried(*causes: str) -> Failed:
    """What task-retried carries: Celery's Retry, raised while the exception was handled."""
    return Failed(traceback="".join(causes) + block(CHARGE, RAISE, celery=()) + DURING
                  + block(ASKING, RETRYING, error=RETRY))  # fmt: skip


def given_up(*causes: str) -> Failed:
    """What the last try fails with: the same exception, raised again by `retry`."""
    again = (f"{VENV}/celery/app/task.py", 942, "retry", "raise_with_context(exc)")
    return Failed(traceback="".join(causes) + block(ASKING, again, CHARGE, RAISE))


CAUSE = block(RAISE, error="KeyError: 'code'", celery=()) + CAUSED
A, B = "5f0c8d1a-33a5-4b7e-9d2c-0a1b2c3d4e5f", "0a1b2c3d-4e5f-4b7e-9d2c-5f0c8d1a33a5"
PLAIN = Failed()
STDLIB = frame("/usr/lib/python3.12/socket.py", 720, "readinto", "return self._sock.recv_into(b)")
RECEIVE = frame("/srv/shop/shop/billing/gateway.py", 30, "receive", "return sock.read()")

# name: (one, other, are they one group)
MEASURED: dict[str, tuple[Failed, Failed, bool]] = {
    "other ids in the message": (
        raising(f"KeyError: 'order {A}'", f"KeyError('order {A}')"),
        raising(f"KeyError: 'order {B}'", f"KeyError('order {B}')"),
        True,
    ),
    "lines moved by a deploy": (
        PLAIN,
        Failed(traceback=block(moved(CHARGE, by=12), moved(RAISE, by=-3))),
        True,
    ),
    "other virtualenv and release directory": (
        elsewhere("/srv/releases/20261120", "lib/python3.11"),
        elsewhere("/home/app/v2", "env/lib/python3.13"),
        True,
    ),
    "the raising line edited": (
        PLAIN,
        Failed(traceback=block(CHARGE, moved(RAISE, code="raise Declined(code, order)"))),
        True,
    ),
    "recursion of other depth": (recursion(40), recursion(900), True),
    "library upgraded below our frame": (library(589), library(703, "send_all"), True),
    "lambda": (in_lambda(3), in_lambda(9), True),
    "other task": (PLAIN, Failed(task="shop.refund"), False),
    "same class name of another module": (
        PLAIN,
        raising("shop.fraud.Declined: insufficient_funds", "Declined('insufficient_funds')"),
        False,
    ),
    "other call path": (
        PLAIN,
        Failed(traceback=block(frame(CHARGE[0], 120, "invoice"), RAISE)),
        False,
    ),
    "other class": (
        PLAIN,
        raising("shop.errors.Expired: insufficient_funds", "Expired('insufficient_funds')"),
        False,
    ),
    "worker lost with another signal": (
        worker_lost("signal 9 (SIGKILL)", 4211),
        worker_lost("signal 15 (SIGTERM)", 4211),
        False,
    ),
    "worker lost with another job number": (
        worker_lost("signal 9 (SIGKILL)", 4211),
        worker_lost("signal 9 (SIGKILL)", 7),
        True,
    ),
    "other cause of a chained exception": (
        chained("requests.exceptions.Timeout"),
        chained("KeyError"),
        False,
    ),
    "soft time limit in the standard library": (limit(CHARGE), limit(CHARGE, STDLIB), True),
    "soft time limit at another of our lines": (limit(CHARGE), limit(CHARGE, RECEIVE), True),
}
MERGED = (
    raising("ValueError: no such order", "ValueError('no such order')"),
    raising("ValueError: order is closed", "ValueError('order is closed')"),
)

OTHERS: dict[str, tuple[Failed, Failed, bool]] = {
    "carets below the lines of 3.11": (
        PLAIN,
        Failed(traceback=block(CHARGE, RAISE, carets=True)),
        True,
    ),
    "Windows paths": (
        PLAIN,
        Failed(
            traceback=block(
                moved(CHARGE, path=r"C:\app\shop\billing\tasks.py"),
                moved(RAISE, path=r"C:\app\shop\billing\gateway.py"),
            )
        ),
        True,
    ),
    "a file in the directory of a release": (
        Failed(traceback=block(moved(CHARGE, path="/srv/releases/20261120101500/tasks.py"))),
        Failed(traceback=block(moved(CHARGE, path="/srv/releases/20261121093000/tasks.py"))),
        True,
    ),
    "a file in the directory of a commit": (
        Failed(traceback=block(moved(CHARGE, path="/srv/8f3a91c/tasks.py"))),
        Failed(traceback=block(moved(CHARGE, path="/srv/b07d2e4/tasks.py"))),
        True,
    ),
    "the same file name in another package": (
        PLAIN,
        Failed(traceback=block(CHARGE, moved(RAISE, path="/srv/shop/shop/refunds/gateway.py"))),
        False,
    ),
    "another function of the same file": (
        PLAIN,
        Failed(traceback=block(CHARGE, frame(RAISE[0], 67, "_check"))),
        False,
    ),
    "a message in two lines": (
        raising("shop.errors.Declined: a\nb", "Declined('a\\nb')"),
        raising("shop.errors.Declined: c", "Declined('c')"),
        True,
    ),
    "no message at all": (raising("shop.errors.Declined", "Declined()"), PLAIN, True),
    "the repr of another kind": (
        PLAIN,
        Failed("<Declined code=7>", block(CHARGE, RAISE)),
        True,
    ),
    "the repr cut short": (PLAIN, Failed("Declined('insuff"), True),
    "during handling, not direct cause": (
        chained("KeyError"),
        chained("KeyError", DURING),
        True,
    ),
    "one more cause": (chained("KeyError"), PLAIN, False),
    "recursion that Python counts": (recursion(970, True), recursion(12, True), True),
    "recursion that Python counts or writes": (recursion(970, True), recursion(30), True),
    "all in a library": (
        Failed(traceback=block((f"{VENV}/requests/api.py", 5, "get", "x"))),
        Failed(traceback=block((f"{VENV}/requests/api.py", 9, "get", "y"))),
        True,
    ),
    "all in two libraries": (
        Failed(traceback=block((f"{VENV}/requests/api.py", 5, "get", "x"))),
        Failed(traceback=block((f"{VENV}/httpx/api.py", 5, "get", "x"))),
        False,
    ),
    "all in a library, wrapped": (
        Failed(traceback=block((f"{VENV}/requests/api.py", 5, "get", "x"))),
        Failed(
            traceback=block(
                (f"{VENV}/sentry_sdk/integrations/celery.py", 2, "_inner", "x"),
                (f"{VENV}/requests/api.py", 5, "get", "x"),
            )
        ),
        True,
    ),
    "wrapped by a tracer": (
        PLAIN,
        Failed(traceback=block((f"{VENV}/ddtrace/celery.py", 2, "_run", "x"), CHARGE, RAISE)),
        True,
    ),
    "only Celery's frames": (
        Failed("TypeError('takes 1')", block(error="TypeError: takes 1")),
        Failed("TypeError('takes 1')", block(celery=CELERY[1:], error="TypeError: takes 1")),
        True,
    ),
    "generated code": (
        Failed(traceback=block(CHARGE, ("<string>", 1, "f", "x"))),
        Failed(traceback=block(CHARGE, ("<string>", 3, "g", "x"))),
        True,
    ),
    "frozen importlib": (
        PLAIN,
        Failed(traceback=block(CHARGE, RAISE, ("<frozen importlib._bootstrap>", 9, "_f", "x"))),
        True,
    ),
    "no traceback, other number": (
        Failed("Declined('order 17')", None),
        Failed("Declined('order 99')", ""),
        True,
    ),
    "no traceback, other text": (
        Failed("Declined('order 17')", None),
        Failed("Declined('closed')", None),
        False,
    ),
    "hard time limit, told by its name alone": (
        Failed("TimeLimitExceeded(30,)", None),
        Failed("TimeLimitExceeded(1800,)", block(error="TimeLimitExceeded(1800,)")),
        True,
    ),
    "soft and hard time limit": (limit(CHARGE), Failed("TimeLimitExceeded(30,)", None), False),
    "retries used up, other arguments": (
        Failed(
            f"MaxRetriesExceededError(\"Can't retry shop.charge[{A}] args:(1, 'a') kwargs:{{}}\")"
        ),
        Failed(
            f"MaxRetriesExceededError(\"Can't retry shop.charge[{B}] args:() kwargs:{{'u': 7}}\")"
        ),
        True,
    ),
    "chord of another member": (chord(A, "ValueError('x')"), chord(B, "ValueError('y')"), True),
    "chord with another exception": (
        chord(A, "ValueError('x')"),
        chord(A, "KeyError('x')"),
        False,
    ),
    "a stand-in for what cannot be pickled": (
        PLAIN,
        Failed(
            "UnpickleableExceptionWrapper('shop.errors', 'Declined', ('x',), \"Declined('x')\")"
        ),
        True,
    ),
    "two stand-ins": (
        Failed("UnpickleableExceptionWrapper('shop.errors', 'Declined', (1,), 'a')", None),
        Failed("UnpickleableExceptionWrapper('shop.errors', 'Expired', (1,), 'a')", None),
        False,
    ),
    "group with more parts": (
        grouped("shop.errors.Declined: a"),
        grouped("shop.errors.Declined: b", "TypeError: c", line=40),
        True,
    ),
    "group with another first part": (
        grouped("shop.errors.Declined: a"),
        grouped("shop.errors.Expired: a"),
        False,
    ),
    "group, or alone": (
        grouped("shop.errors.Declined: a"),
        Failed(traceback=block(RAISE, error="shop.errors.Declined: a")),
        False,
    ),
    "a class inside a function": (
        raising("shop.f.<locals>.Oops: a 1", "Oops('a 1')"),
        raising("shop.f.<locals>.Oops: b", "Oops('b')"),
        True,
    ),
    "retried, and given up": (retried(), given_up(), True),
    "retried, and failed at once": (retried(), PLAIN, True),
    "retried and given up, with a cause": (retried(CAUSE), given_up(CAUSE), True),
    "retried with a cause and without": (retried(CAUSE), retried(), False),
    "retried for what was never raised": (
        Failed("Later('x')", block(ASKING, RETRYING, error="celery.exceptions.Retry: in 3s")),
        Failed("Later('x')", block(ASKING, RETRYING, error="Later: x")),
        True,
    ),
    "a note added to the exception": (
        PLAIN,
        raising("shop.errors.Declined: insufficient_funds\nwhile order 7", "Declined('x')"),
        True,
    ),
}
