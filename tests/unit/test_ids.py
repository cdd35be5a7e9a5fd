"""Ids of any type are told apart as texts, and come back in their own type."""

from __future__ import annotations

import json
import math
import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kombu.utils import json as kombu_json

from celerytui.model import id_text, id_value
from celerytui.model.ids import ID_LIMIT, MARKED
from tests.unit.test_decode import decode, encode, task

plain = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
texts = plain | st.sampled_from(["7", "7 (int)", "a (bytes)", "7 (int) (text)", "(int)", "x (y)"])
hashable = (
    texts
    | st.integers()
    | st.booleans()
    | st.floats(allow_nan=False)
    | st.binary(max_size=20)
    | st.uuids()
    | st.decimals(allow_nan=False)
    | st.datetimes()
    | st.dates()
    | st.times()
)
any_json = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False) | plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(plain, inner, max_size=3),
    max_leaves=6,
)
marked = st.builds(
    lambda kind, value: {"__type__": kind, "__value__": value},
    st.sampled_from([*MARKED, "strange"]) | any_json,
    any_json | st.builds(lambda one: {"hex": one.hex}, st.uuids()),
)


def same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


@settings(max_examples=300, deadline=None)
@given(hashable)
def test_an_id_comes_back_in_its_own_type(value: Any) -> None:
    text = id_text(value)

    assert text
    assert same(id_value(text), value)


@settings(max_examples=300, deadline=None)
@given(hashable, hashable)
def test_two_ids_are_two_texts(one: Any, other: Any) -> None:
    assert (id_text(one) == id_text(other)) is same(one, other)


@settings(max_examples=200, deadline=None)
@given(st.uuids() | st.binary(max_size=20) | st.decimals(allow_nan=False) | st.datetimes())
def test_as_json_has_it_and_as_kombu_reads_it_it_is_one_id(value: Any) -> None:
    dumps: Any = kombu_json.dumps

    assert id_text(json.loads(dumps(value))) == id_text(value)


@settings(max_examples=300, deadline=None)
@given(st.lists(any_json | marked, min_size=1, max_size=4))
def test_an_event_of_any_json_id_is_decoded(values: list[Any]) -> None:
    batch = decode(encode([task(uuid=value) for value in values]))

    assert batch.invalid == sum(id_text(value) is None for value in values)
    ids = [event.uuid for event in batch.events]
    assert ids == [text for value in values if (text := id_text(value)) is not None]


def test_the_older_mark_of_a_uuid_is_read_too() -> None:
    one = uuid.uuid4()

    assert id_text({"__type__": "uuid", "__value__": str(one)}) == f"{one} (uuid)"


@pytest.mark.parametrize(
    "value", [None, "", "x" * (ID_LIMIT + 1), 10**ID_LIMIT, [["x" * ID_LIMIT]]]
)
def test_what_is_empty_or_too_long_is_no_id(value: Any) -> None:
    assert id_text(value) is None


def test_a_number_that_is_none_is_an_id_like_any() -> None:
    assert id_text(math.nan) == "nan (float)"
