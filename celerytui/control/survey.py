"""Asking the workers what they do, and checking the shape of what they answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from celerytui.control.lookback import pool_size
from celerytui.control.pidbox import Pidbox
from celerytui.control.questions import Silences, put, unsent
from celerytui.errors import BrokerUnavailable
from celerytui.model import Section, Survey, id_text

BROKER_FACTS = ("transport", "hostname", "port", "virtual_host", "userid")
"""What is kept of `stats.broker`: Celery masks no password in the rest of it."""

LATEST = 1e11
"""Unix seconds, some three thousand years ahead; NaN is not below it either."""


class _Request(Struct):
    """The fields of a task that are read; the rest of the answer passes as it is."""

    id: Any
    name: str | None = None
    type: str | None = None
    hostname: str | None = None
    time_start: float | None = None
    acknowledged: bool | None = None
    worker_pid: int | None = None
    delivery_info: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if id_text(self.id) is None:
            raise ValueError("no id")
        if self.time_start is not None and not 0 <= self.time_start < LATEST:
            raise ValueError("no time at which a task can have started")


class _Scheduled(Struct):
    request: _Request
    eta: str | None = None
    priority: int | None = None


class _Stats(Struct):
    pid: int
    uptime: float | None = None
    prefetch_count: int | None = None
    pool: dict[str, Any] | None = None
    total: dict[str, int] | None = None
    broker: dict[str, Any] | None = None
    rusage: dict[str, Any] | str | None = None


class _Queue(Struct):
    name: str
    routing_key: str | None = None
    exchange: dict[str, Any] | None = None


def take_survey(
    pidbox: Pidbox,
    workers: Sequence[str],
    expected: Sequence[str],
    sections: Sequence[str],
    taken_at: float,
    silences: Silences,
) -> Survey:
    """Ask `workers`, or all there are, for `sections`: few waits, however many are silent.

    `expected` names those that a broadcast should reach; whoever of them and of `workers`
    answers nothing is `missing`. Beat answers a ping only, so it is never taken for a worker.
    """
    answers = put(pidbox, list(workers) or None, sections, silences)
    heard = {host for answer in answers.values() for host in answer}
    if pidbox.refused and not heard:
        raise BrokerUnavailable(f"no worker can be asked: {pidbox.silence}")
    return replace(
        _survey(answers, missing={*workers, *expected} - heard, taken_at=taken_at),
        unsent=unsent(answers, silences),
    )


def survey_of(sections: Mapping[str, Mapping[str, Section]], taken_at: float) -> Survey:
    """What the store can take of sections that were asked for otherwise: hostname -> name -> it."""
    answers: dict[str, dict[str, Any]] = {}
    for host, named in sections.items():
        for name, section in named.items():
            if name in CHECKS and section.error is None:
                answers.setdefault(name, {})[host] = section.data
    heard = {host for answer in answers.values() for host in answer}
    return _survey(answers, missing=sections.keys() - heard, taken_at=taken_at)


def _survey(
    answers: Mapping[str, Mapping[str, Any]], *, missing: Iterable[str], taken_at: float
) -> Survey:
    found = {name: checked(answers.get(name, {}), check) for name, check in CHECKS.items()}
    return Survey(
        taken_at=taken_at,
        active=found["active"],
        reserved=found["reserved"],
        scheduled=found["scheduled"],
        stats={host: _with_size(stats) for host, stats in found["stats"].items()},
        active_queues=found["active_queues"],
        missing=tuple(sorted(missing)),
    )


def checked(answers: Mapping[str, Any], check: Callable[[Any], Any]) -> dict[str, Any]:
    """Hostname -> answer, of the answers that have the right shape."""
    sound = {host: check(answer) for host, answer in answers.items()}
    return {host: answer for host, answer in sound.items() if answer is not None}


def _is(item: Any, shape: type[Any]) -> bool:
    try:
        msgspec.convert(item, shape)
    except msgspec.ValidationError:
        return False
    return True


def _list_of(shape: type[Any]) -> Callable[[Any], list[dict[str, Any]] | None]:
    def check(answer: Any) -> list[dict[str, Any]] | None:
        if not isinstance(answer, list):
            return None
        return [item for item in answer if _is(item, shape)]

    return check


def _stats(answer: Any) -> dict[str, Any] | None:
    if not _is(answer, _Stats):
        return None
    stats = dict(answer)
    if stats.get("broker") is not None:
        stats["broker"] = {
            key: value for key, value in stats["broker"].items() if key in BROKER_FACTS
        }
    return stats


def _with_size(stats: dict[str, Any]) -> dict[str, Any]:
    """The same with the size that the pool has now where it tells the one that it began with."""
    pool = stats.get("pool")
    size = pool_size(pool)
    if not isinstance(pool, dict) or size is None:
        return stats
    return stats | {"pool": pool | {"max-concurrency": size}}


CHECKS: dict[str, Callable[[Any], Any]] = {
    "stats": _stats,
    "active": _list_of(_Request),
    "reserved": _list_of(_Request),
    "scheduled": _list_of(_Scheduled),
    "active_queues": _list_of(_Queue),
}

SURVEY_SECTIONS = tuple(CHECKS)
"""The inspect commands of a whole survey."""
TASK_SECTIONS = ("active", "reserved", "scheduled")
"""Those that list a worker's tasks."""
