"""Message bodies to events: what is good survives its neighbours, what is bad is counted."""

from __future__ import annotations

import json
import pickle
import uuid
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from kombu import serialization
from kombu.utils.json import JSONEncoder

from celerytui.model import Batch
from celerytui.wire.decode import (
    BODY_LIMIT,
    EXTRA_FIELDS,
    EXTRA_LIMIT,
    TEXT_LIMIT,
    EventDecoder,
)

NOW = 1_800_000_000.0


HUGE = "HUGE"  # stands for an integer of 5000 digits, which Python refuses to write


UUID = "0c9f3e4c-1d8b-4a4b-8a9d-3b2c1d0e9f8a"


def make_decoder(serializer: str = "json") -> EventDecoder:
    return EventDecoder(serializer, clock=lambda: NOW)


def decode(body: Any, content_type: str = "application/json", serializer: str = "json") -> Batch:
    decoder = make_decoder(serializer)
    decoder.add(body, content_type, "utf-8")
    return decoder.take() or Batch([], NOW)


def encode(value: Any) -> bytes:
    return json.dumps(value).encode()


def fields_of(batch: Batch) -> list[dict[str, Any]]:
    """What is known of each event, whichever way it was decoded."""
    events = map(msgspec.structs.asdict, batch.events)
    return [{name: value for name, value in event.items() if value is not None} for event in events]


def task(**fields: Any) -> dict[str, Any]:
    return {"type": "task-started", "hostname": "w1@h", "timestamp": NOW, "uuid": UUID} | fields


def test_an_event_of_each_field_comes_through_as_sent() -> None:
    body = task(
        type="task-received",
        clock=7,
        pid=42,
        name="proj.add",
        args="(1, 2)",
        kwargs="{}",
        root_id=UUID,
        parent_id=None,
        retries=1,
        eta="2026-11-23T10:00:00",
        expires=None,
    )

    batch = decode(encode(body))

    assert batch.invalid == 0
    assert batch.received_at == NOW
    assert fields_of(batch) == [
        {
            "type": "task-received",
            "hostname": "w1@h",
            "timestamp": NOW,
            "clock": 7,
            "pid": 42,
            "uuid": UUID,
            "name": "proj.add",
            "args": "(1, 2)",
            "kwargs": "{}",
            "root_id": UUID,
            "retries": 1,
            "eta": "2026-11-23T10:00:00",
        }
    ]


def test_a_list_of_events_keeps_its_order() -> None:
    batch = decode(encode([task(uuid=str(n)) for n in range(24)]))

    assert [event.uuid for event in batch.events] == [str(n) for n in range(24)]


def test_a_heartbeat_keeps_its_figures() -> None:
    body = {"type": "worker-heartbeat", "hostname": "w1@h", "timestamp": NOW, "freq": 2.0}
    body |= {"active": 3, "processed": 90, "loadavg": [0.5, 1, 2.25], "sw_ident": "py-celery"}

    [event] = decode(encode(body)).events

    assert (event.freq, event.active, event.processed) == (2.0, 3, 90)
    assert event.loadavg == (0.5, 1.0, 2.25)
    assert event.sw_ident == "py-celery"


@pytest.mark.parametrize(
    "bad",
    [
        5,
        None,
        "text",
        [],
        {},
        {"hostname": "w1@h"},
        task(type=None),
        task(type=7),
        task(type=""),
        task(type="t" * 256),
        task(uuid=None),
        task(uuid=""),
        task(uuid="u" * 1025),
        task(uuid=["u" * 1025]),
        task(hostname=["w1"]),
        task(hostname="h" * 256),
        task(timestamp="1800000000"),
        task(timestamp=float("nan")),
        task(timestamp=float("inf")),
        task(timestamp=-1.0),
        task(timestamp=1e300),
        task(timestamp=NOW + 400 * 86400),
        task(type="task-progress", uuid=None),
        {"type": "worker-online", "timestamp": NOW},
    ],
    ids=lambda bad: str(bad)[:60],
)
def test_a_malformed_event_is_counted_and_its_neighbours_stay(bad: Any) -> None:
    batch = decode(encode([task(uuid="before"), bad, task(uuid="after")]))

    assert [event.uuid for event in batch.events] == ["before", "after"]
    assert batch.invalid == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("clock", 10**30),
        ("clock", -1),
        ("clock", "7"),
        ("clock", HUGE),
        ("pid", 1.5),
        ("name", {"a": 1}),
        ("name", "n" * 1025),
        ("retries", -1),
        ("runtime", float("nan")),
        ("runtime", float("-inf")),
        ("runtime", "fast"),
        ("terminated", 1),
        ("signum", [9]),
        ("loadavg", [1, "x", 2]),
        ("loadavg", [0.0] * 9),
        ("loadavg", 3),
        ("root_id", "r" * 1025),
        ("traceback", False),
    ],
    ids=lambda value: str(value)[:20],
)
def test_another_wrong_field_is_dropped_and_the_event_stands(field: str, value: Any) -> None:
    body = encode(task(**{field: value})).replace(b'"HUGE"', b"1" * 5000)

    batch = decode(body)

    assert batch.invalid == 0
    [event] = batch.events
    assert getattr(event, field) is None
    assert event.uuid == UUID


@pytest.mark.parametrize("field", ["uuid", "root_id", "parent_id"])
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (uuid.UUID(UUID), f"{UUID} (uuid)"),
        (7, "7 (int)"),
        (1.5, "1.5 (float)"),
        (b"job", "job (bytes)"),
        (b"\xff", "/w== (base64)"),
        (["a", 1], '["a", 1] (json)'),
        ("7", "7"),
        ("7 (int)", "7 (int) (text)"),
        ("u" * 1024, "u" * 1024),
    ],
    ids=lambda value: str(value)[:20],
)
def test_an_id_of_any_type_is_a_text_of_its_own(field: str, value: Any, text: str) -> None:
    body = json.dumps([task(**{field: value}), task(uuid="after")], cls=JSONEncoder).encode()

    batch = decode(body)

    assert batch.invalid == 0
    assert [event.uuid for event in batch.events][1] == "after"
    # A root or a parent is a link only: the text that looks like another's id stays as it is.
    expected = {text, value} if field != "uuid" and isinstance(value, str) else {text}
    assert getattr(batch.events[0], field) in expected


@pytest.mark.parametrize("field", ["args", "kwargs", "result"])
@pytest.mark.parametrize("value", [{"user": "Zoë", "n": [1, None]}, ["a", 1.5], 7, False, {}])
def test_arguments_and_results_that_are_no_text_are_shown_as_their_json(
    field: str, value: Any
) -> None:
    [event] = decode(encode(task(**{field: value}))).events

    assert json.loads(getattr(event, field)) == value
    assert "Zo\\u" not in getattr(event, field)


def test_a_missing_timestamp_is_the_time_of_receipt() -> None:
    event = task()
    del event["timestamp"]

    assert decode(encode(event)).events[0].timestamp == NOW
    assert decode(encode(task(timestamp=None))).events[0].timestamp == NOW


@pytest.mark.parametrize("kind", ["task-started", "task-progress"])
def test_a_stamp_is_what_its_sender_wrote(kind: str) -> None:
    # Workers stamp with time.time(): it is the same everywhere, whatever their utcoffset.
    for offset in (-9, -5.5, 0, 12, None, "2", 1e9):
        for late in (0.0, 2.5, 5.5 * 3600, 9 * 3600, -9 * 3600, 86400.0):
            batch = decode(encode(task(type=kind, utcoffset=offset, timestamp=NOW - late)))
            assert [event.timestamp for event in batch.events] == [NOW - late]
            assert batch.events[0].extra is None


def test_a_custom_event_keeps_its_own_fields() -> None:
    body = task(type="task-progress", pct=40, note="half", deep={"a": [1, None]}, active="many")

    [event] = decode(encode([task(), body])).events[1:]

    assert (event.type, event.uuid) == ("task-progress", UUID)
    assert event.extra == {"pct": 40, "note": "half", "deep": {"a": [1, None]}, "active": "many"}


def test_a_custom_event_needs_no_uuid_and_no_hostname() -> None:
    [event] = decode(encode({"type": "deploy-done", "timestamp": NOW, "version": "1.2"})).events

    assert event.extra == {"version": "1.2"}


def test_a_known_event_keeps_no_strange_fields() -> None:
    [event] = decode(encode(task(extra={"freq": 1}, heartbeats=[1]))).events

    assert event.extra is None


def test_the_fields_of_a_custom_event_are_bounded() -> None:
    body: dict[str, Any] = {"type": "flood", "timestamp": NOW}
    body |= {f"key{n}": "v" * 100_000 for n in range(100)}
    body["k" * 5000] = 1

    [event] = decode(encode(body)).events

    assert event.extra is not None
    assert len(event.extra) == EXTRA_FIELDS
    assert all(len(value) <= EXTRA_LIMIT for value in event.extra.values())
    [other] = decode(encode({"type": "x", "k" * 5000: {"list": list(range(5000))}})).events
    assert other.extra is not None
    [(key, value)] = other.extra.items()
    assert len(key) <= 64
    assert len(value) <= EXTRA_LIMIT


def test_a_long_text_is_cut_in_the_middle() -> None:
    text = "head" + "x" * (3 * TEXT_LIMIT) + "tail"

    [event] = decode(encode(task(type="task-failed", traceback=text))).events

    assert event.traceback is not None
    assert len(event.traceback) <= TEXT_LIMIT
    assert event.traceback.startswith("headx")
    assert event.traceback.endswith("xtail")


def test_a_failure_that_quotes_ten_megabytes_is_one() -> None:
    quoted = "x\n" * (5 * 2**20)
    batch = decode(encode(task(type="task-failed", exception=quoted, traceback=f"T{quoted}")))

    [event] = batch.events
    assert (event.type, batch.invalid) == ("task-failed", 0)
    assert event.traceback is not None
    assert len(event.traceback) <= TEXT_LIMIT


def test_a_body_beyond_the_limit_is_counted() -> None:
    batch = decode(encode(task(args="x" * BODY_LIMIT)))

    assert batch == Batch([], NOW, 1)


def test_what_python_writes_beyond_json_is_read() -> None:
    body = '[{"type":"x","timestamp":1800000000,"bad":NaN,"ok":1},'
    body += '{"type":"task-sent","uuid":"\\ud800u","timestamp":1800000000,"name":"\\udfff"}]'

    batch = decode(body.encode())

    assert batch.invalid == 0
    assert batch.events[0].extra == {"bad": None, "ok": 1}
    assert [batch.events[1].uuid, batch.events[1].name] == ["?u", "?"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b"nonsense", b'{"type":"x"} y', b"[" * 100_000]
)
def test_a_body_that_is_no_json_is_one_invalid_event(body: bytes) -> None:
    assert decode(body) == Batch([], NOW, 1)


def test_bodies_may_be_text_or_any_buffer() -> None:
    body = encode(task())

    assert len(decode(body.decode()).events) == 1
    assert len(decode(memoryview(body)).events) == 1
    assert len(decode(bytearray(body)).events) == 1
    assert decode(memoryview(b"{")).invalid == 1


class Trap:
    """Tells when it is unpickled."""

    sprung = False

    def __reduce__(self) -> tuple[Any, ...]:
        return (setattr, (Trap, "sprung", True))


@pytest.mark.parametrize("serializer", ["json", "pickle", "yaml", "nosuch"])
def test_pickle_is_never_read(serializer: str) -> None:
    body = pickle.dumps([task(), Trap()])

    batch = decode(body, "application/x-python-serialize", serializer)

    assert batch == Batch([], NOW, 1)
    assert not Trap.sprung


def test_an_app_that_asks_for_pickle_is_told() -> None:
    assert "pickle" in (make_decoder("pickle").refuses or "")
    assert make_decoder("json").refuses is None
    assert make_decoder("yaml").refuses is None
    assert len(decode(encode(task()), serializer="pickle").events) == 1


@pytest.fixture
def packed() -> Iterator[str]:
    """A serializer that an app registered, as kombu's msgpack extra does."""
    pack, unpack = msgspec.msgpack.encode, msgspec.msgpack.decode
    registry: Any = serialization.registry
    registry.register("packed", pack, unpack, "application/x-packed", "binary")
    yield "packed"
    registry.unregister("packed")


def test_the_serializer_of_the_app_is_read(packed: str) -> None:
    kind = "application/x-packed"
    body = msgspec.msgpack.encode([task(), 5, task(type="task-progress", pct=1, data=b"1")])

    batch = decode(body, kind, packed)

    assert [event.type for event in batch.events] == ["task-started", "task-progress"]
    assert batch.invalid == 1
    assert decode(body, kind, "json") == Batch([], NOW, 1)
    assert decode(b"\xc1", kind, packed) == Batch([], NOW, 1)
    assert len(decode(encode(task()), serializer=packed).events) == 1


def test_taking_empties_the_decoder() -> None:
    decoder = make_decoder()
    decoder.add(encode([task(), 5]))

    assert decoder.pending == 2
    assert decoder.take() is not None
    assert decoder.pending == 0
    assert decoder.take() is None
