"""Event logs without names: the same thing always has the same other name, and no text is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from celerytui.history.eventlog.names import Names
from celerytui.history.eventlog.without_names import SETTINGS, anonymous_schedule
from celerytui.model import (
    LABELS,
    MARK_EVENT,
    Alert,
    Batch,
    Entry,
    Event,
    Link,
    QueueDepth,
    Section,
    Survey,
)
from celerytui.store.counts import Counted
from celerytui.store.retelling import RETOLD_EVENT

_IDS = ("uuid", "root_id", "parent_id")
_PLAIN = ("mark_gap", "sweep", "hold_judgement", "dropped", "when_late")
"""Entries of times, numbers and our own words alone."""
_SECTIONS = ("active", "reserved", "scheduled")
_ANONYMOUS = (*_SECTIONS, "stats", "registered", "active_queues", "revoked", "conf")
"""Sections that name nothing once their names are replaced."""
_POOL = ("implementation", "max-concurrency")
_STATS = ("pid", "uptime", "prefetch_count")
_PROGRESS = ("current", "total")
_INFO = ("time_start", "worker_pid", "acknowledged")
_LIMIT = re.compile(
    r" (?:rate_limit|soft_time_limit|time_limit)=(?:None|[\d.]+(?:/[smh])?)(?=[ \]])"
)
"""What a worker says of a task beside its name."""

Maker = Callable[..., "tuple[Any, ...] | None"]
"""Makes the arguments of an entry without names; None for what is left out whole."""


class AnonymousLines:
    """Makes lines in which nothing names anything of the project.

    What is not known to be harmless is left out.
    """

    def __init__(self) -> None:
        self._names = names = Names()
        self._encode = msgspec.json.Encoder(enc_hook=str).encode
        self._fields: dict[str, Callable[[str], str]] = {
            **dict.fromkeys(_IDS, names.id),
            "hostname": names.host,
            "name": names.task,
            "queue": names.queue,
            "exchange": names.exchange,
            "routing_key": names.queue,
            "args": names.args,
            "kwargs": names.kwargs,
            "result": names.result,
            "exception": names.exception,
            "traceback": names.traceback,
        }
        self._makers: dict[str, Maker] = {
            "apply": self._batch,
            "seed": self._survey,
            "take_pings": lambda answered, silent, at: (
                self._hosts(answered),
                self._hosts(silent),
                at,
            ),
            "set_task_events": lambda host, on, by_us: (names.host(host), on, by_us),
            "record_queues": self._depths,
            "expect_queues": lambda queues: ([names.queue(one) for one in queues],),
            "answered": self._answered,
            "not_held": lambda host, ids, at: (names.host(host), self._ids(ids), at),
            "held_back": lambda ids, at: (self._ids(ids), at),
            "resolve": self._outcomes,
            "lost": lambda host, lost: (names.host(host), lost),
            **self._beside(),
            **dict.fromkeys(_PLAIN, lambda *args: args),
        }

    def _beside(self) -> dict[str, Maker]:
        """For what is recorded beside what a store is told, and for answers and counts."""
        names = self._names
        return {
            "link": self._link,
            "blockage": lambda blockage: (
                None if blockage is None else replace(blockage, text="blocked", evidence={}),
            ),
            "alert": self._alert,
            "inspected": self._section,
            "unasked": lambda why: (None if why is None else "workers cannot be asked",),
            "schedule": lambda change: (anonymous_schedule(change, names),),
            "redelivered": lambda found: ({names.id(id): one for id, one in found.items()},),
            "action": self._action,
            "counted": self._counted,
        }

    def line(self, entry: Entry) -> bytes:
        """The line of an entry, with its end; nothing for what is unknown or left out."""
        make = self._makers.get(entry.what)
        made = None if make is None else make(*entry.args)
        return b"" if made is None else self._encode((entry.at, entry.what, made)) + b"\n"

    def _ids(self, ids: Any) -> list[str]:
        return [self._names.id(one) for one in ids]

    def _hosts(self, hosts: Any) -> list[str]:
        return [self._names.host(one) for one in hosts]

    def _batch(self, batch: Batch) -> tuple[Batch]:
        events = [self._event(event) for event in batch.events]
        return (Batch(events, batch.received_at, batch.invalid, batch.lag),)

    def _event(self, event: Event) -> Event:
        changed: dict[str, Any] = {
            field: make(found)
            for field, make in self._fields.items()
            if (found := getattr(event, field)) is not None
        }
        extra = event.extra
        if extra is not None:
            # Anybody may send an event of that type: only what is one of our own words is kept.
            state = extra.get("state") if event.type == RETOLD_EVENT else None
            known = {"state": state} if state in LABELS else {}
            if event.type == MARK_EVENT:
                known = {"text": self._names.name("mark", str(extra.get("text")))}
            numbers = {key: one for key, one in extra.items() if key in _PROGRESS}
            changed["extra"] = known or _harmless(numbers)
            if not event.type.startswith(("task-", "celerytui-", MARK_EVENT)):
                changed["type"] = self._names.name("event", event.type)
        return replace(event, **changed)

    def _survey(self, survey: Survey) -> tuple[dict[str, Any]]:
        names = self._names
        by_host: dict[str, Any] = {
            section: {
                names.host(host): [self._info(one) for one in answer if isinstance(one, dict)]
                for host, answer in getattr(survey, section).items()
                if isinstance(answer, list)
            }
            for section in _SECTIONS
        }
        stats = {
            names.host(host): self._stats(answer)
            for host, answer in survey.stats.items()
            if isinstance(answer, dict)
        }
        queues = {
            names.host(host): [
                {"name": names.queue(str(one.get("name")))}
                for one in answer
                if isinstance(one, dict)
            ]
            for host, answer in survey.active_queues.items()
            if isinstance(answer, list)
        }
        unsent = {names.host(host): found for host, found in survey.unsent.items()}
        missing = self._hosts(survey.missing)
        more = {"stats": stats, "active_queues": queues, "missing": missing, "unsent": unsent}
        return ({"taken_at": survey.taken_at, **by_host, **more},)

    def _info(self, info: Mapping[str, Any]) -> dict[str, Any]:
        """What is known of a task that a worker names."""
        if isinstance(request := info.get("request"), dict):
            return {"eta": info.get("eta"), "request": self._info(request)}
        found: dict[str, Any] = _harmless({key: info.get(key) for key in _INFO})
        found["id"] = self._names.id(str(info.get("id")))
        found["name"] = self._names.task(str(info.get("name") or info.get("type")))
        for key in ("args", "kwargs"):
            if info.get(key) is not None:
                found[key] = self._fields[key](str(info[key]))
        delivery = info.get("delivery_info")
        if isinstance(delivery, dict) and isinstance(
            routing_key := delivery.get("routing_key"), str
        ):
            found["delivery_info"] = {"routing_key": self._names.queue(routing_key)}
        return found

    def _stats(self, stats: Mapping[str, Any]) -> dict[str, Any]:
        found = _harmless({key: stats.get(key) for key in _STATS})
        if isinstance(pool := stats.get("pool"), dict):
            found["pool"] = {key: pool.get(key) for key in _POOL}
        if isinstance(total := stats.get("total"), dict):
            found["total"] = _harmless(
                {self._names.task(str(name)): count for name, count in total.items()}
            )
        return found

    def _section(self, section: Section) -> tuple[Section] | None:
        """What a worker reported: tasks, names, figures and well-known settings, no reports."""
        data, names = section.data, self._names
        if section.name == "stats" and isinstance(data, dict):
            data = self._stats(data)
        elif section.name == "conf" and isinstance(data, dict):
            data = _harmless({key: one for key, one in data.items() if key in SETTINGS})
        elif not isinstance(data, list):
            data = None
        elif section.name in _SECTIONS:
            data = [self._info(one) for one in data if isinstance(one, dict)]
        elif section.name == "registered":
            data = [self._registered(*str(one).partition(" [")[::2]) for one in data]
        elif section.name == "active_queues":
            queues = (str(one.get("name")) for one in data if isinstance(one, dict))
            data = [{"name": names.queue(one)} for one in queues]
        elif section.name == "revoked":
            data = self._ids(map(str, data))
        else:
            data = None
        if data is None and (section.error is None or section.name not in _ANONYMOUS):
            return None
        error = None if section.error is None else "not available"
        return (replace(section, hostname=names.host(section.hostname), data=data, error=error),)

    def _registered(self, name: str, facts: str) -> str:
        limits = " ".join(one.strip() for one in _LIMIT.findall(f" {facts}"))
        return f"{self._names.task(name)} [{limits}]" if limits else self._names.task(name)

    def _counted(self, counted: Counted) -> tuple[Counted]:
        host = self._names.host
        workers = [replace(one, hostname=host(one.hostname)) for one in counted.workers]
        return (replace(counted, workers=workers),)

    def _action(self, line: Mapping[str, Any]) -> tuple[dict[str, Any]] | None:
        """What was done, to how many, and how it went, without what was given and said."""
        if isinstance(found := line.get("finding"), dict):
            kept = {key: found.get(key) for key in ("action", "started_at", "at", "ok")}
            return ({"finding": {**kept, "text": "seen"}},)
        plain = {key: line.get(key) for key in ("time", "action", "count", "seconds", "items")}
        replies = [
            {
                "worker": self._names.host(str(one.get("worker"))),
                "ok": one.get("ok"),
                "text": "said",
            }
            for one in line.get("replies", ())
        ]
        error = {"error": "refused"} if line.get("error") is not None else {}
        whose = {"user": self._names.name("user", str(line.get("user"))), "app": "app"}
        more = {"broker": "", "targets": [], "params": {}, "replies": replies}
        return ({**plain, **whose, **more, **error},)

    def _depths(self, depths: Any, at: float) -> tuple[list[QueueDepth], float]:
        queue = self._names.queue
        error = {True: None, False: "cannot be read"}
        return [
            replace(one, name=queue(one.name), error=error[one.error is None]) for one in depths
        ], at

    def _answered(
        self, host: str, asked: Any, found: Mapping[str, Any], at: float
    ) -> tuple[Any, ...]:
        told = {
            self._names.id(id): (place, self._info(info)) for id, (place, info) in found.items()
        }
        return self._names.host(host), self._ids(asked), told, at

    def _outcomes(self, outcomes: Any) -> tuple[list[Any]]:
        names = self._names
        told: list[Any] = []
        for one in outcomes:
            make = names.result if one.status == "SUCCESS" else names.exception
            result = None if one.result is None else make(one.result)
            traceback = None if one.traceback is None else names.traceback(one.traceback)
            told.append(
                replace(one, task_id=names.id(one.task_id), result=result, traceback=traceback)
            )
        return (told,)

    def _link(self, link: Link) -> tuple[Link]:
        return (replace(link, error=None, lost_for=None, remedy=None, note=None),)

    def _alert(self, raised: bool, alert: Alert) -> tuple[bool, Alert]:
        names, subject = self._names, alert.subject
        kind = alert.id.partition(".")[0]
        if kind == "worker" or "@" in subject:
            subject = names.host(subject)
        elif kind == "queue":
            subject = names.queue(subject)
        else:
            subject = names.name("subject", subject)
        return raised, replace(alert, subject=subject, text=alert.id, evidence={})


def _harmless(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are numbers or truth values."""
    return {key: one for key, one in values.items() if isinstance(one, int | float)}
