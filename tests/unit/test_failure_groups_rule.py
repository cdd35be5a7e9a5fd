"""Pairs of failures that are one group, or two."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.store.failures import identity
from celerytui.store.failures.identity import Identity, identify
from celerytui.store.failures.template import template
from tests.unit.failure_texts import (
    CAUSED,
    CELERY,
    CHARGE,
    DURING,
    HEAD,
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


def known(failed: Failed) -> Identity:
    found = identify(failed.task, failed.exception, failed.traceback)
    assert found is not None
    return found


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


@pytest.mark.parametrize("name", [*MEASURED, *OTHERS])
def test_pairs(name: str) -> None:
    one, other, same = (MEASURED | OTHERS)[name]
    assert (known(one).key == known(other).key) is same, (known(one), known(other))


def test_there_are_enough_pairs() -> None:
    assert len(MEASURED) + 1 == 17
    assert len(OTHERS) >= 30


def test_two_messages_from_one_place_are_variants_of_one_group() -> None:
    one, other = map(known, MERGED)
    assert one.key == other.key
    assert (one.template, other.template) == ("no such order", "order is closed")


def test_what_is_known_of_a_failure() -> None:
    found = known(chained("KeyError"))
    assert found.exception == "shop.errors.Declined"
    assert found.message == "insufficient_funds"
    assert found.causes == ("KeyError",)
    assert found.frames == (("billing/tasks", "charge"),)
    assert found.place == "tasks.py:88"


def test_the_member_that_failed_is_told_of_a_chord() -> None:
    assert known(chord(A, "ValueError('x')")).member == A


def test_a_retry_is_no_failure() -> None:
    assert identify("shop.charge", "Retry('Retry in 3s')", None) is None
    assert identify("shop.charge", None, block(error="celery.exceptions.Retry: in 3s")) is None


@pytest.mark.parametrize("text", [None, "", "<odd>", "()", "\x00", "a b: c"])
def test_what_has_no_class_is_still_a_failure(text: str | None) -> None:
    assert known(Failed(text, None)).exception == "unknown exception"


def test_what_is_known_again_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "CACHED", 10)
    monkeypatch.setattr(identity, "_cache", identity.Cache())
    for number in range(95):
        message = f"order {chr(97 + number % 26)}{number}"
        stack = block(moved(CHARGE, by=number), RAISE, error=f"shop.errors.Declined: {message}")
        assert known(Failed(f"Declined({message!r})", stack)).key == known(PLAIN).key
        assert len(identity._cache.stacks) <= 10
        assert len(identity._cache.templates) <= 10


TEMPLATES = {
    f"no order {A}": "no order <id>",
    "order 17 of 99": "order <n> of <n>",
    "order -1.5": "order <n>",
    "mail to ana.b+c@shop.example failed": "mail to <email> failed",
    "GET https://api.example/x?y=1 gave 503": "GET <url> gave <n>",
    "10.0.0.7:6379 refused": "<ip> refused",
    "at 2026-11-23T10:04:12.031Z": "at <time>",
    "at 2026-11-23": "at <time>",
    "due datetime.datetime(2026, 11, 23, 10, 4)": "due <time>",
    "at 0x7f3a91c0": "at <n>",
    "commit 8f3a91c0aa": "commit <n>",
    "no /srv/data/7/a.csv here": "no <path> here",
    "bad 'sku' and \"qty\"": "bad <str> and <str>",
    "can't open the user's file": "can't open the user's file",
    "tok_4242 utf8": "tok_<n> utf<n>",
    "deadbeef": "deadbeef",
    "two\n  lines": "two lines",
    "x" * 900: "x" * 200,
}


@pytest.mark.parametrize("message", TEMPLATES)
def test_templates(message: str) -> None:
    assert template(message) == TEMPLATES[message]


uuids = st.uuids().map(str)
numbers = st.integers(0, 10**9)
folders = st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), max_size=4).map("/".join)


@settings(max_examples=200, deadline=None)
@given(uuids, numbers, folders, st.lists(st.integers(1, 9999), min_size=2, max_size=2))
def test_ids_numbers_paths_and_lines_do_not_split(
    id: str, number: int, root: str, lines: list[int]
) -> None:
    def failed(id: str, number: int, root: str, lines: list[int]) -> Failed:
        message = f"order {id} of user {number} in /data/{root}/{number}.csv"
        frames = [
            frame(f"/{root}/shop/billing/{name}.py", line, function)
            for name, line, function in zip("ab", lines, ("charge", "pay"), strict=True)
        ]
        return raising(f"shop.errors.Declined: {message}", f"Declined({message!r})", *frames)

    one, other = known(failed(id, number, root, lines)), known(failed(A, 7, "srv", [1, 2]))
    assert (one.key, one.template) == (other.key, other.template)
    bare = [known(two._replace(traceback=None)) for two in (failed(id, number, root, lines),
            failed(A, 7, "srv", [1, 2]))]  # fmt: skip
    assert bare[0].key == bare[1].key


@settings(max_examples=300, deadline=None)
@given(st.text().filter(lambda text: "Retry" not in text), st.one_of(st.none(), st.text()))
def test_any_text_has_a_group(exception: str, traceback: str | None) -> None:
    found = known(Failed(exception, traceback))
    assert len(found.template) <= 200
    again = known(Failed(exception, traceback))
    assert found == again


FLOODS = ["a" * 40_000, "1" * 40_000, "'" * 40_000, "/a" * 20_000, "a@" * 20_000, ". " * 20_000,
          "\n" * 40_000, "a." * 20_000, "0x" * 20_000, "(" * 40_000, "| " * 20_000, "+-+-" * 9_000,
          HEAD * 900, '  File "' * 5_000, "a-" * 20_000, " \n" * 20_000]  # fmt: skip


@pytest.mark.parametrize("flood", FLOODS, ids=lambda flood: repr(flood[:4]))
def test_any_length_of_text_has_a_group(flood: str) -> None:
    # With a pattern that backtracks this would not end.
    for text in (flood, HEAD + flood, block(CHARGE, error=f"ValueError: {flood}"),
                 block(CHARGE) + CAUSED + flood):  # fmt: skip
        assert len(known(Failed(flood, text)).template) <= 200
        assert len(known(Failed(f"ValueError('{flood}')", text)).template) <= 200
