"""What was told to a store as lines of JSON, `[time, what, [arguments]]`, and back."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from inspect import signature
from typing import Any, get_type_hints

import msgspec
from msgspec import Struct

from celerytui.history.redaction import Redaction
from celerytui.masking import masked
from celerytui.model import (
    Alert,
    Batch,
    Blockage,
    Entry,
    Event,
    Link,
    Redelivery,
    ScheduleChange,
    ScheduleEntry,
    Section,
)
from celerytui.store import Store, tellers

BESIDE: dict[str, tuple[Any, ...]] = {
    "link": (Link,),
    "blockage": (Blockage | None,),
    "alert": (bool, Alert),
    "dropped": (int,),
    "unasked": (str | None,),
    "when_late": (str,),
    "resolved": (dict[str, float],),
    "schedule": (ScheduleChange,),
    "redelivered": (dict[str, Redelivery | None],),
    "action": (dict[str, Any],),
}
"""What is recorded beside what the store is told, and of what types it is."""

_TEXTS = ("args", "kwargs", "result", "exception", "traceback")
REQUESTS = ("active", "reserved", "scheduled")
"""The sections of workers that hold tasks."""
_MASKED = ("seed", "answered", "resolve", "link", "blockage", "alert", "lost", "inspected",
           "unasked", "schedule", "action")  # fmt: skip
"""What may hold texts of the project's in any shape."""


class LineWriter:
    """Makes lines, without passwords and what is not to be kept."""

    def __init__(self, redaction: Redaction) -> None:
        self._redaction = redaction
        self._encode = msgspec.json.Encoder(enc_hook=str).encode

    def line(self, entry: Entry) -> bytes:
        """The line of an entry, with its end."""
        args: Any = entry.args
        if entry.what == "apply":
            args = (self._batch(args[0]),)
        elif entry.what in _MASKED:
            if entry.what == "inspected":
                args = (self._section(args[0]),)
            elif entry.what == "schedule":
                args = (self._schedule(args[0]),)
            elif entry.what == "action":
                args = (self._redaction.entry(args[0]),)
            args = masked(msgspec.to_builtins(args, enc_hook=str, str_keys=True))
        return self._encode((entry.at, entry.what, args)) + b"\n"

    def _batch(self, batch: Batch) -> Batch:
        events = [self._event(event) for event in batch.events]
        return Batch(events, batch.received_at, batch.invalid, batch.lag)

    def _section(self, section: Section) -> Section:
        """A section with the arguments of its tasks as they may be kept."""
        if section.name not in REQUESTS or not isinstance(section.data, list):
            return section
        return msgspec.structs.replace(section, data=[self._request(one) for one in section.data])

    def _request(self, info: Any) -> Any:
        if not isinstance(info, Mapping):
            return info
        if isinstance(inner := info.get("request"), Mapping):
            return {**info, "request": self._request(inner)}
        changed = {}
        for name in ("args", "kwargs"):
            if (value := info.get(name)) is not None:
                text = value if isinstance(value, str) else repr(value)
                if (safe := self._redaction.of(name, text)) != text:
                    changed[name] = safe
        return {**info, **changed}

    def _schedule(self, change: ScheduleChange) -> ScheduleChange:
        entries = tuple((place, self._planned(entry)) for place, entry in change.entries)
        return msgspec.structs.replace(change, entries=entries)

    def _planned(self, entry: ScheduleEntry) -> ScheduleEntry:
        """An entry whose arguments are in its texts alone, as they may be kept."""
        args, kwargs = (
            None if text is None else self._redaction.of(name, text)
            for name, text in (("args", entry.args), ("kwargs", entry.kwargs))
        )
        named = dict.fromkeys(entry.plan.kwargs)
        plan = msgspec.structs.replace(entry.plan, args=(), kwargs=named)
        recent = tuple(
            run
            if run.exception is None
            else msgspec.structs.replace(
                run, exception=self._redaction.of("exception", run.exception)
            )
            for run in entry.recent
        )
        return msgspec.structs.replace(entry, plan=plan, args=args, kwargs=kwargs, recent=recent)

    def _event(self, event: Event) -> Event:
        changed: dict[str, Any] = {}
        for name in _TEXTS:
            text = getattr(event, name)
            if text is not None and (safe := self._redaction.of(name, text)) != text:
                changed[name] = safe
        if event.extra is not None:
            changed["extra"] = masked(event.extra)
        return msgspec.structs.replace(event, **changed) if changed else event


class _Line(Struct, array_like=True):
    at: float
    what: str
    args: msgspec.Raw


class LineReader:
    """Makes entries of lines; `flawed` counts those that no entry could be made of."""

    def __init__(self) -> None:
        self.flawed = 0
        self._line = msgspec.json.Decoder(_Line).decode
        kinds = {name: _types(method) for name, method in tellers(Store(max_tasks=1)).items()}
        self._args: dict[str, Callable[[Any], Any]] = {
            name: msgspec.json.Decoder(tuple[types]).decode  # type: ignore[valid-type]  # made here
            for name, types in {**kinds, **BESIDE}.items()
        }

    def entries(self, lines: list[bytes]) -> Iterator[Entry]:
        """The entries of lines, without what is flawed or of a newer version."""
        for text in lines:
            try:
                line = self._line(text)
                decode = self._args.get(line.what)
                if decode is None or not math.isfinite(line.at):
                    continue
                yield Entry(line.at, line.what, decode(line.args))
            except (msgspec.DecodeError, ValueError, RecursionError):
                self.flawed += 1


def _types(method: Callable[..., object]) -> tuple[Any, ...]:
    hints = get_type_hints(method)
    return tuple(hints[name] for name in signature(method).parameters)


def is_failure(event: Event) -> bool:
    """Whether it is one of those that a failure is found by."""
    return event.type == "task-failed"
