"""What the readers make of a broker's stream of bytes, in whatever pieces it comes."""

from __future__ import annotations

import base64
import json
import struct
from itertools import pairwise
from typing import Any

import pytest
from celery import Celery
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.wire.amqp.events import AmqpEventReader, Deliveries
from celerytui.wire.connections import read_connection
from celerytui.wire.decode import EventDecoder
from celerytui.wire.redis.events import RedisEventReader, Replies
from celerytui.wire.registry import broker_of

NOW = 1_800_000_000.0


def decoder() -> EventDecoder:
    return EventDecoder(clock=lambda: NOW)


def event(uuid: str, size: int = 0) -> bytes:
    fields = {"type": "task-sent", "uuid": uuid, "timestamp": NOW, "args": "x" * size}
    return json.dumps(fields).encode()


def uuids(found: EventDecoder) -> list[str | None]:
    batch = found.take()
    return [] if batch is None else [event.uuid for event in batch.events]


def pieces(stream: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(stream) + 1) for cut in cuts} | {0, len(stream)})
    return [stream[first:last] for first, last in pairwise(places)]


def frame(kind: int, payload: bytes, channel: int = 1) -> bytes:
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + b"\xce"


def short(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()


def delivery(
    body: bytes, content_type: str | None = "application/json", frame_size: int = 100
) -> bytes:
    """A message as RabbitMQ sends it: its method, its header and its body in frames."""
    method = (
        b"\x00\x3c\x00\x3c" + short("None1") + bytes(9) + short("celeryev") + short("task.sent")
    )
    flags, properties = 0, b""
    if content_type is not None:
        flags, properties = 0xC000, short(content_type) + short("utf-8")
    # A header with the table of the message's headers, and the delivery mode.
    flags |= 0x3000
    properties += struct.pack(">I", 0) + b"\x01"
    header = struct.pack(">HHQH", 60, 0, len(body), flags) + properties
    parts = [body[start : start + frame_size] for start in range(0, len(body), frame_size)]
    return frame(1, method) + frame(2, header) + b"".join(frame(3, part) for part in parts)


HEARTBEAT = frame(8, b"", channel=0)
CANCEL = frame(1, b"\x00\x3c\x00\x1e" + short("None1") + b"\x01")


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=6),
    st.lists(st.integers(0, 100_000), max_size=12),
    st.integers(20, 500),
)
def test_deliveries_are_found_in_any_pieces(
    sizes: list[int], cuts: list[int], frame_size: int
) -> None:
    found, others = decoder(), []
    deliveries = Deliveries(found, lambda *other: others.append(other))
    stream = HEARTBEAT
    for number, size in enumerate(sizes):
        stream += delivery(event(str(number), size), frame_size=frame_size) + HEARTBEAT
    stream += CANCEL
    for piece in pieces(stream, cuts):
        deliveries.feed(piece)

    assert uuids(found) == [str(number) for number in range(len(sizes))]
    assert [kind for kind, _, _ in others] == [8] * (len(sizes) + 1) + [1]
    assert others[-1] == (1, 1, CANCEL[7:-1])
    assert not deliveries.rest


def test_what_is_not_complete_can_be_given_back() -> None:
    found = decoder()
    deliveries = Deliveries(found, lambda *_: None)
    last = delivery(event("b"))
    deliveries.feed(delivery(event("a")) + last[:-1])

    assert uuids(found) == ["a"]
    assert deliveries.rest == last[:-1]


@pytest.mark.parametrize("content_type", [None, "application/x-python-serialize", "é" * 20])
def test_a_delivery_that_is_not_json_is_counted(content_type: str | None) -> None:
    found = decoder()
    stream = delivery(b"\x80\x04N.", content_type) + delivery(b"") + delivery(event("a"))
    if content_type == "é" * 20:
        stream = stream.replace(bytes([20]) + "é".encode(), bytes([40]) + "é".encode(), 1)
    Deliveries(found, lambda *_: None).feed(stream)

    batch = found.take()
    assert batch is not None
    assert (len(batch.events), batch.invalid) == (1, 2)


@pytest.mark.parametrize(
    "stream",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        delivery(event("a")).replace(b"\xce", b"\x00"),
        delivery(event("a"))[:40] + HEARTBEAT * 8,
        frame(1, b"\x00\x3c\x00\x3c" + bytes(12)) + HEARTBEAT * 8,
    ],
    ids=["no AMQP", "no ends", "cut short", "no header"],
)
def test_what_is_no_stream_of_frames_ends_the_connection(stream: bytes) -> None:
    with pytest.raises(ConnectionError):
        Deliveries(decoder(), lambda *_: None).feed(stream)


def bulk(data: bytes) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(data), data)


def published(body: bytes, **changed: Any) -> bytes:
    """A message as kombu publishes it and Redis hands it on."""
    envelope = {
        "body": base64.b64encode(body).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"hostname": "w@h"},
        "properties": {"body_encoding": "base64", "delivery_tag": "t"},
    } | changed
    return pushed(json.dumps(envelope).encode())


def pushed(data: bytes) -> bytes:
    topic = bulk(b"/0.celeryev/*") + bulk(b"/0.celeryev/task.sent")
    return b"*4\r\n" + bulk(b"pmessage") + topic + bulk(data)


CONFIRMED = b"*3\r\n" + bulk(b"psubscribe") + bulk(b"/0.celeryev/*") + b":1\r\n"
PONG = b"*2\r\n" + bulk(b"pong") + bulk(b"")


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=6),
    st.lists(st.integers(0, 100_000), max_size=12),
)
def test_published_messages_are_found_in_any_pieces(sizes: list[int], cuts: list[int]) -> None:
    found = decoder()
    replies = Replies(found)
    stream = CONFIRMED
    for number, size in enumerate(sizes):
        stream += published(event(str(number), size)) + PONG
    for piece in pieces(stream + b"+PONG\r\n", cuts):
        replies.feed(piece)

    assert uuids(found) == [str(number) for number in range(len(sizes))]
    assert replies.begun


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense",
        b"5",
        b"{}",
        b'{"body": 5, "properties": {}, "content-type": "application/json"}',
        b'{"body": "!", "properties": {"body_encoding": "base64"}}',
        b'{"body": "e30=", "properties": 7, "content-type": "application/json"}',
        b'{"body": "{", "properties": null, "content-type": "application/json"}',
        b'{"body": "e30=", "properties": {"body_encoding": "base64"}}',
        b'{"body": "AAAA", "properties": {"body_encoding": "base64"}, "content-type": 5}',
        b"[" * 100_000,
        b"\xff",
    ],
    ids=lambda data: str(data[:60]),
)
def test_a_malformed_envelope_is_counted_and_the_next_is_read(data: bytes) -> None:
    found = decoder()
    Replies(found).feed(pushed(data) + published(event("a")))

    batch = found.take()
    assert batch is not None
    assert [event.uuid for event in batch.events] == ["a"]
    assert batch.invalid == 1


@pytest.mark.parametrize("properties", [{"body_encoding": None}, {}, None])
def test_a_body_need_not_be_base64(properties: Any) -> None:
    found = decoder()
    envelope = {
        "body": event("a").decode(),
        "content-type": "application/json",
        "properties": properties,
    }
    Replies(found).feed(pushed(json.dumps(envelope).encode()))

    assert uuids(found) == ["a"]


def test_a_refusal_of_redis_ends_the_connection() -> None:
    with pytest.raises(ConnectionError, match="NOPERM"):
        Replies(decoder()).feed(b"-NOPERM no access to the channel\r\n")


@pytest.mark.parametrize(
    ("url", "conf", "reader"),
    [
        ("redis://h/0", {}, RedisEventReader),
        ("rediss://h/0?ssl_cert_reqs=required", {}, RedisEventReader),
        ("sentinel://h", {}, RedisEventReader),
        ("redis+socket:///x", {}, RedisEventReader),
        ("redis://h/0", {"event_serializer": "msgpack"}, None),
        ("sentinel://h", {"broker_transport_options": {"sentinel_fanout_compat": True}}, None),
        ("amqp://h", {}, AmqpEventReader),
        ("pyamqp://h", {"event_serializer": "msgpack"}, AmqpEventReader),
        ("memory://", {}, None),
        ("filesystem://", {}, None),
    ],
)
def test_a_broker_offers_its_fast_reader_where_that_can_do_it(
    url: str, conf: dict[str, Any], reader: type | None
) -> None:
    app = Celery("t", broker=url, set_as_current=False)
    app.conf.update(conf)
    found = EventDecoder(app.conf.event_serializer)
    if conf.get("event_serializer"):
        # As where kombu's msgpack is installed.
        found._own_type = "application/x-msgpack"

    connection = read_connection(app)
    open_fast = broker_of(connection).fast_events
    fast = open_fast and open_fast(app, connection, found, lambda: NOW)
    assert fast is None if reader is None else type(fast) is reader
