"""What comes off the wire is bounded, and what stands at a bound comes through whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from kombu.serialization import registry

from celerytui.model import Batch, Event
from celerytui.wire import decode
from celerytui.wire.decode import (
    EXTRA_FIELDS,
    EXTRA_LIMIT,
    FURTHEST_AHEAD,
    TEXT_LIMIT,
    EventDecoder,
    cut_middle,
)

NOW = 1_700_000_000.0


def decoded(*events: dict[str, Any], **options: Any) -> Batch:
    decoder = EventDecoder(clock=lambda: NOW)
    decoder.add(json.dumps(list(events), **options).encode())
    batch = decoder.take()
    assert batch is not None
    return batch


def event(**fields: Any) -> dict[str, Any]:
    return {"type": "task-failed", "hostname": "w@h", "uuid": "a", "timestamp": NOW, **fields}


def custom(**fields: Any) -> Event:
    [made] = decoded(event(type="deploy-done", **fields)).events
    return made


@pytest.mark.parametrize("name", ["args", "kwargs", "result", "exception", "traceback"])
@pytest.mark.parametrize("strange", [{}, {"retries": "x"}])
def test_a_text_of_the_limit_is_whole_and_one_beyond_is_cut(
    name: str, strange: dict[str, Any]
) -> None:
    whole, longer = "x" * TEXT_LIMIT, "x" * (TEXT_LIMIT + 1)
    [one, other] = decoded(event(**{name: whole}), event(**{name: longer}, **strange)).events
    assert getattr(one, name) == whole
    assert getattr(other, name) == cut_middle(longer, TEXT_LIMIT)


@pytest.mark.parametrize("limit", [10, 11, 64])
def test_the_middle_is_what_goes(limit: int) -> None:
    text = "".join(chr(0x100 + n) for n in range(limit + 1))
    assert cut_middle(text[:-1], limit) == text[:-1]
    cut = cut_middle(text, limit)
    head, tail = cut.split("…")
    assert limit - 1 <= len(cut) <= limit
    assert text.startswith(head)
    assert text.endswith(tail)
    assert len(head) == len(tail)


def test_a_custom_event_keeps_so_many_fields() -> None:
    fields = {f"f{number}": number for number in range(EXTRA_FIELDS)}
    assert custom(**fields).extra == fields
    assert custom(**fields, last=1).extra == fields


@pytest.mark.parametrize("as_list", [False, True])
def test_the_fields_of_a_custom_event_are_so_long(as_list: bool) -> None:
    for more in (0, 1):
        text = "x" * (EXTRA_LIMIT - (4 if as_list else 0) + more)
        value: Any = [text] if as_list else text
        extra = custom(value=value, **{"k" * (64 + more): 1}).extra
        assert extra is not None
        written = json.dumps(value) if as_list else text
        assert extra["value"] == (cut_middle(written, EXTRA_LIMIT) if more else value)
        assert cut_middle("k" * (64 + more), 64) in extra


@pytest.mark.parametrize("strange", [{}, {"retries": "x"}])
def test_a_clock_may_be_ahead_by_so_much(strange: dict[str, Any]) -> None:
    at = event(timestamp=NOW + FURTHEST_AHEAD, **strange)
    beyond = event(timestamp=NOW + FURTHEST_AHEAD + 1, **strange)
    batch = decoded(at, beyond)
    assert [one.timestamp for one in batch.events] == [NOW + FURTHEST_AHEAD]
    assert batch.invalid == 1


@pytest.mark.parametrize("nan", [False, True])
def test_a_body_may_have_so_many_bytes(monkeypatch: pytest.MonkeyPatch, nan: bool) -> None:
    monkeypatch.setattr(decode, "TEXT_LIMIT", 100)
    pad = float("nan") if nan else 1.5
    body = json.dumps([event(runtime=pad, traceback="x" * 300), event()]).encode()
    for limit, good in ((len(body), True), (len(body) - 1, False)):
        monkeypatch.setattr(decode, "BODY_LIMIT", limit)
        decoder = EventDecoder(clock=lambda: NOW)
        decoder.add(body)
        batch = decoder.take()
        assert batch is not None
        assert len(batch.events) == (2 if good else 0)
        assert batch.invalid == (0 if good else 1 if nan else 2)


def test_so_is_one_of_another_serializer(monkeypatch: pytest.MonkeyPatch) -> None:
    serializers: Any = registry
    serializers.register("plain", json.dumps, json.loads, "application/x-plain", "utf-8")
    try:
        body = json.dumps(event())
        for limit, good in ((len(body), True), (len(body) - 1, False)):
            monkeypatch.setattr(decode, "BODY_LIMIT", limit)
            decoder = EventDecoder("plain", clock=lambda: NOW)
            decoder.add(body, "application/x-plain", "utf-8")
            batch = decoder.take()
            assert batch is not None
            assert (len(batch.events), batch.invalid) == ((1, 0) if good else (0, 1))
    finally:
        serializers.unregister("plain")


def test_what_waits_is_counted_good_or_not() -> None:
    decoder = EventDecoder(clock=lambda: NOW)
    assert decoder.take() is None
    decoder.add(json.dumps([event(), event(uuid=None)]).encode())
    decoder.add_invalid()
    assert decoder.pending == 3
    batch = decoder.take()
    assert batch is not None
    assert (len(batch.events), batch.invalid, batch.received_at) == (1, 2, NOW)
    assert (decoder.pending, decoder.take()) == (0, None)


@pytest.mark.parametrize("digits", [399, 400, 5000])
def test_a_number_without_end_costs_its_field_and_not_its_body(digits: int) -> None:
    body = json.dumps([event(), event(uuid="b")]).replace('"b"', '"b", "clock": ' + "9" * digits)
    decoder = EventDecoder(clock=lambda: NOW)
    decoder.add(body.replace("1700000000.0", "NaN", 1).encode())
    batch = decoder.take()
    assert batch is not None
    assert [(one.uuid, one.clock) for one in batch.events][-1] == ("b", None)
