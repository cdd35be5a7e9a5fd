"""Message bodies to events: everything on the wire is foreign and each event is judged alone.

An event is invalid, and counted, when it is not a mapping, when its type is not a string of 1 to
255 characters, when a `task-` event has no uuid, a worker's own event no hostname, or when its
hostname, uuid or timestamp is of another type or outside the bounds in `model.Event`. A timestamp
is what its sender wrote: `time.time()` is the same in every zone, so the `utcoffset` beside it says
nothing of it. A missing one is the time of receipt. An id of any type becomes the text that stands
for it (`model.ids`), arguments and results that are no text their JSON. Any other field that is of
another type or outside its bounds is dropped (of a custom event: kept in `extra`) and the event
stands: its life-cycle is worth more than one field. Long texts are cut in the middle.

Bodies are decoded straight into structs; only a body in which anything is amiss, or which holds a
custom event or an id that is no text, is taken apart field by field.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Literal, get_args, get_type_hints

import msgspec
from kombu.serialization import loads, registry

from celerytui.model import Batch, Event, id_text
from celerytui.wire import pickles

BODY_LIMIT = 64 * 2**20
"""A failure that quotes 10 MB says it in its exception and again in its traceback."""
TEXT_LIMIT = 64 * 2**10
EXTRA_FIELDS = 32
EXTRA_LIMIT = 2048
# A clock that is wrong by months is shown as skew; one further ahead would sort before all others.
FURTHEST_AHEAD = 366 * 86400.0

JSON = "application/json"

TEXTS = ("args", "kwargs", "result", "exception", "traceback")
VALUES = ("args", "kwargs", "result")
IDENTITY = frozenset(("type", "hostname", "uuid", "timestamp"))
IDS = ("uuid", "root_id", "parent_id")
FIELDS = {
    field.name: field.type for field in msgspec.structs.fields(Event) if field.name != "extra"
}
UNUSED = frozenset(("utcoffset",))
"""What Celery puts into every event and nothing is made of."""


class KnownEvent(Event, gc=False):
    """An event of a kind that Celery sends itself; decoded, its kind is one object for all."""

    type: Literal[
        "task-sent",
        "task-received",
        "task-started",
        "task-succeeded",
        "task-failed",
        "task-retried",
        "task-rejected",
        "task-revoked",
        "task-cancelled",
        "worker-online",
        "worker-heartbeat",
        "worker-offline",
    ]


KNOWN_TYPES = frozenset(get_args(get_type_hints(KnownEvent)["type"]))
TASK_TYPES = frozenset(kind for kind in KNOWN_TYPES if kind.startswith("task-"))

_decode: Callable[[Any], Any] = msgspec.json.Decoder(KnownEvent | list[KnownEvent]).decode
_loads: Callable[..., Any] = loads
_decode_any: Callable[[Any], Any] = msgspec.json.Decoder().decode


class EventDecoder:
    """Collects the events of one message body after another, for one reader.

    `serializer` is the app's `event_serializer`; besides JSON nothing else is accepted, and pickle
    not even when the app asks for it, unless the user allows it: `refuses` then says so.
    """

    def __init__(self, serializer: str = "json", clock: Callable[[], float] = time.time) -> None:
        own = registry.name_to_type.get(serializer)
        self.refuses: str | None = None
        if pickles.is_refused(own):
            own = None
            self.refuses = f"an event is {pickles.REFUSED}: events in pickle are dropped"
        self._own_type: str | None = None if own == JSON else own
        self._clock = clock
        self._events: list[Event] = []
        self._invalid = 0
        self._now = clock()

    @property
    def only_json(self) -> bool:
        """Whether nothing but JSON is accepted."""
        return self._own_type is None

    @property
    def pending(self) -> int:
        """How many events, good or not, wait to be taken."""
        return len(self._events) + self._invalid

    def add_invalid(self) -> None:
        """Counts a message that could not even be opened."""
        self._invalid += 1

    def take(self) -> Batch | None:
        """The events since the last call, in their order; None where there were none."""
        batch = None
        if self.pending:
            batch = Batch(self._events, self._clock(), self._invalid)
            self._events = []
            self._invalid = 0
        self._now = self._clock()
        return batch

    def add(self, body: Any, content_type: Any = JSON, content_encoding: Any = None) -> None:
        """Adds what one message holds: an event or a list of them. Never raises.

        `body` is bytes, text or a buffer as it came off the wire.
        """
        if content_type == JSON:
            self.add_json(body)
        elif content_type is not None and content_type == self._own_type:
            self._add_foreign(body, content_type, content_encoding)
        else:
            self._invalid += 1

    def add_json(self, body: Any) -> None:
        """Like `add` for a body that is known to be JSON."""
        try:
            decoded: Any = _decode(body)
        except (ValueError, TypeError, RecursionError):
            self._add_raw_json(body)
            return
        events = [decoded] if type(decoded) is KnownEvent else decoded
        size = len(body)
        if size > TEXT_LIMIT:
            if size > BODY_LIMIT:
                self._invalid += len(events)
                return
            for event in events:
                _cut_texts(event)
        self._add_checked(events, body)

    def _add_checked(self, events: list[Event], body: Any) -> None:
        # A loop over every event there is: one that needs nothing is asked for it and no more.
        horizon = self._now + FURTHEST_AHEAD
        for event in events:
            if (
                not 0.0 < event.timestamp <= horizon
                or not (uuid := event.uuid)
                or uuid[-1] == ")"
                or not event.hostname
                or event.extra is not None
            ) and not self._settle(event, horizon):
                self._add_raw_json(body)
                return
        self._events += events

    def _settle(self, event: Event, horizon: float) -> bool:
        """Whether all is well with an event once it has a time."""
        if event.extra is not None or event.timestamp > horizon:
            return False
        if event.uuid is not None and event.uuid[-1:] == ")":  # it may look like one with a type
            return False
        event.timestamp = event.timestamp or self._now
        return bool(event.uuid if event.type in TASK_TYPES else event.hostname)

    def _add_raw_json(self, body: Any) -> None:
        if len(body) > BODY_LIMIT:
            self._invalid += 1
            return
        try:
            raw = _decode_any(body)
        except (ValueError, TypeError, RecursionError):
            # Python's own parser takes NaN and lone surrogates, which kombu's encoder lets through.
            try:
                text = body if isinstance(body, str) else bytes(body).decode()
                raw = json.loads(text, parse_int=_parse_int)
            except (ValueError, TypeError, RecursionError):
                self._invalid += 1
                return
        self._add_raw(raw)

    def _add_foreign(self, body: Any, content_type: str, content_encoding: Any) -> None:
        try:
            if len(body) > BODY_LIMIT:
                raise ValueError("too big")
            with pickles.foreign():
                raw = _loads(body, content_type, content_encoding, accept={content_type})
        except Exception:  # a serializer of the app may raise anything on foreign bytes
            self._invalid += 1
            return
        self._add_raw(raw)

    def _add_raw(self, raw: Any) -> None:
        for item in raw if isinstance(raw, list) else (raw,):
            event = read_event(item)
            if event is None or event.timestamp - self._now > FURTHEST_AHEAD:
                self._invalid += 1
            else:
                event.timestamp = event.timestamp or self._now
                self._events.append(event)


def read_event(raw: Any) -> Event | None:
    """One decoded event, checked field by field; None where it is invalid."""
    if not isinstance(raw, dict):
        return None
    raw = _in_text(raw)
    try:
        known = {name: _sound(raw[name]) for name in raw.keys() & FIELDS.keys()}
        event = msgspec.convert(known, Event)
        strange = {name: raw[name] for name in raw if name not in FIELDS and name not in UNUSED}
    except (ValueError, TypeError, OverflowError):
        values, strange = _sort_out(raw)
        if values is None or "type" not in values:
            return None
        event = Event(**values)
    kind = event.type
    if kind not in KNOWN_TYPES:
        if kind.startswith("task-") and not event.uuid:
            return None
        event.extra = _bounded(strange)
    elif not (event.uuid if kind in TASK_TYPES else event.hostname):
        return None
    _cut_texts(event)
    return event


def _sort_out(raw: dict[Any, Any]) -> tuple[dict[str, Any] | None, dict[Any, Any]]:
    """The fields that fit and those that do not; None where one of the latter is vital."""
    values: dict[str, Any] = {}
    strange: dict[str, Any] = {}
    for name, value in raw.items():
        if value is None or not isinstance(name, str) or name in UNUSED:
            continue
        if name not in FIELDS:
            strange[name] = value
            continue
        try:
            values[name] = msgspec.convert(_sound(value), FIELDS[name])
        except (ValueError, TypeError, OverflowError):
            if name in IDENTITY:
                return None, strange
            strange[name] = value
    return values, strange


def _in_text(raw: dict[Any, Any]) -> dict[Any, Any]:
    """The same event with its ids, arguments and results as texts, whatever they were."""
    texts: dict[str, str | None] = {}
    for name in IDS:
        value = raw.get(name)
        if value is not None and not (isinstance(value, str) and value[-1:] != ")"):
            texts[name] = id_text(value)
    for name in VALUES:
        value = raw.get(name)
        if value is not None and not isinstance(value, str):
            texts[name] = json_text(value)
    return {**raw, **texts} if texts else raw


def json_text(value: Any) -> str | None:
    """The value as JSON, None where that cannot be written."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, TypeError, RecursionError):
        return None


def _parse_int(digits: str) -> float:
    # int() refuses more than 4300 digits and would take the whole body along.
    return int(digits) if len(digits) < 400 else float(digits)


def _sound(value: Any) -> Any:
    """The value, a text without the lone surrogates that cannot be written anywhere."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "replace").decode()
    return value


def cut_middle(text: str, limit: int) -> str:
    """The text with its middle left out where it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    half = (limit - 1) // 2
    return f"{text[:half]}…{text[-half:]}"


def _cut_texts(event: Event) -> None:
    for name in TEXTS:
        text = getattr(event, name)
        if text is not None and len(text) > TEXT_LIMIT:
            setattr(event, name, cut_middle(text, TEXT_LIMIT))


def _bounded(fields: dict[Any, Any]) -> dict[str, Any] | None:
    """At most 32 fields of a custom event: plain JSON values of at most 2048 characters each."""
    kept: dict[str, Any] = {}
    for name, value in fields.items():
        if len(kept) == EXTRA_FIELDS:
            break
        if not isinstance(name, str):
            continue
        key = cut_middle(_sound(name), 64)
        if isinstance(value, str):
            kept[key] = cut_middle(_sound(value), EXTRA_LIMIT)
            continue
        try:
            encoded = msgspec.json.encode(value)
            if len(encoded) > EXTRA_LIMIT:
                kept[key] = cut_middle(encoded.decode(), EXTRA_LIMIT)
            else:
                kept[key] = msgspec.json.decode(encoded)
        except (ValueError, TypeError, OverflowError, RecursionError):
            continue
    return kept or None
