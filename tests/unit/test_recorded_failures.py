"""Recorded tasks are counted once each, in little memory however many there are."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celerytui.store.failures import recorded
from celerytui.store.failures.recorded import Recorded


@given(st.lists(st.integers(0, 300).map(str)))
def test_each_is_taken_once(ids: list[str]) -> None:
    seen = Recorded()
    assert [seen.take(one) for one in ids] == [
        one not in ids[:place] for place, one in enumerate(ids)
    ]


def test_beyond_its_bound_none_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded, "MOST", 3)
    seen = Recorded()
    assert [seen.take(one) for one in "abacd"] == [True, True, False, True, False]
    assert seen.full


def test_many_take_some_ten_bytes_each() -> None:
    seen = Recorded()
    count = 50_000
    assert all(seen.take(f"task-{number}") for number in range(count))
    assert sum(map(sys.getsizeof, seen._parts)) < 12 * count
