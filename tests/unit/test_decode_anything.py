"""No bytes and no JSON make the decoder raise, and every event counts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.model import Event
from tests.unit.test_decode import NOW, UUID, decode, encode, fields_of, task

pytestmark = pytest.mark.slow

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


field_names = st.sampled_from(list(Event.__struct_fields__)) | st.text(max_size=8)


likely_values = json_values | st.sampled_from(["task-sent", "worker-online", "x-y", UUID, NOW])


mappings = st.dictionaries(field_names, likely_values, max_size=8)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200))
def test_no_bytes_make_it_raise(body: bytes | str) -> None:
    decode(body)


@settings(max_examples=200, deadline=None)
@given(st.lists(mappings | json_values, max_size=6))
def test_no_json_makes_it_raise_and_every_event_counts(items: list[Any]) -> None:
    batch = decode(encode(items))

    assert len(batch.events) + batch.invalid == len(items)
    for event in batch.events:
        assert 0 <= event.timestamp < NOW + 400 * 86400
        assert event.uuid or not event.type.startswith("task-")
        repr(event).encode()


@settings(max_examples=120, deadline=None)
@given(st.lists(mappings | json_values, max_size=6), st.data())
def test_good_events_survive_any_neighbours(items: list[Any], data: st.DataObject) -> None:
    good = [f"good{number}" for number in range(3)]
    for uuid in good:
        place = data.draw(st.integers(0, len(items)))
        items.insert(place, task(uuid=uuid, exception="as it was"))

    events = decode(encode(items)).events

    found = [event for event in events if event.exception == "as it was"]
    assert sorted(event.uuid or "" for event in found) == good


@settings(max_examples=200, deadline=None)
@given(mappings)
def test_the_fast_way_and_the_careful_way_agree(fields: dict[str, Any]) -> None:
    alone = decode(encode(task() | fields))
    beside_a_custom_one = decode(encode([task() | fields, {"type": "custom"}]))

    assert fields_of(alone) == fields_of(beside_a_custom_one)[: len(alone.events)]
    assert alone.invalid == beside_a_custom_one.invalid
