"""Workers' answers to control commands, turned into replies that say what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from celerytui.model import Reply

KNOWN: tuple[tuple[str, str], ...] = (
    (
        "does not implement kill_job",
        "this worker's pool cannot terminate a running task; prefork, gevent and eventlet can",
    ),
    ("terminate: tasks unknown", "this worker does not have it"),
    ("event dispatcher unavailable", "this worker runs without events"),
    (
        "task events already disabled",
        "a worker started with -E says this and goes on sending them",
    ),
    (
        "Pool restarts not enabled",
        "the worker's app needs worker_pool_restarts = True; otherwise restart the worker",
    ),
    ("Autoscale not enabled", "start the worker with --autoscale, or grow and shrink its pool"),
    ("not supported with autoscale", "change its minimum and maximum with Autoscale"),
    (
        "object has no attribute 'grow'",
        "this worker's pool has a fixed size; prefork, gevent and eventlet grow",
    ),
    (
        "object has no attribute 'shrink'",
        "this worker's pool has a fixed size; prefork, gevent and eventlet shrink",
    ),
    (
        "Can't shrink pool. All processes busy",
        "try again when some have nothing to do",
    ),
    (
        "time limits set successfully",
        "a worker goes by them once its pool is restarted or it connects again",
    ),
    ("unknown task", "this worker has no task of that name"),
    ("no such queue", "the worker does not take from it"),
    ("Requires the objgraph library", "pip install objgraph where the worker runs"),
    ("psutil", "pip install psutil where the worker runs"),
)
"""Part of an answer in Celery's words, and what it means in plain ones."""


def reply(worker: str, answer: Any) -> Reply:
    """One worker's `{'ok': ...}` or `{'error': ...}` as a Reply; anything else counts as ok."""
    ok, text = True, answer
    if isinstance(answer, Mapping):
        if "error" in answer:
            ok, text = False, answer["error"]
        elif "ok" in answer:
            text = answer["ok"]
    return Reply(worker, ok, explained(text if isinstance(text, str) else repr(text)))


def explained(text: str) -> str:
    """An answer in Celery's words, with what it means where that is known."""
    for part, meaning in KNOWN:
        if part in text:
            return f"{text} ({meaning})"
    return text


def no_answer(worker: str, timeout: float) -> Reply:
    """The Reply of a worker that said nothing for `timeout` seconds."""
    return Reply(worker, None, f"no answer within {timeout:g}s")


def replies(
    answers: Mapping[str, Any], expected: Iterable[str], timeout: float
) -> tuple[Reply, ...]:
    """A Reply for each answer and for each expected worker without one, by hostname."""
    silent = set(expected).difference(answers)
    found = [reply(worker, answer) for worker, answer in answers.items()]
    found += [no_answer(worker, timeout) for worker in silent]
    return tuple(sorted(found, key=lambda one: one.worker))
