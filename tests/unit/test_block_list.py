"""The blocks of an order, what was published of them, and how they are taken apart."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.query.block_list import BlockList, Ranking
from celerytui.query.chunks import Waste
from tests.unit.view_stream import make_blocks_small


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    make_blocks_small(monkeypatch)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=120),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 99)), max_size=60),
)
def test_an_order_keeps_what_it_published(
    changes: list[tuple[int, bool]], first: list[tuple[int, int]]
) -> None:
    entries = [(key, seq, f"{seq}") for seq, (key, _) in enumerate(first)]
    kept, model = BlockList(), list(entries)
    kept.fill(entries)
    pages = []
    for seq, (key, adding) in enumerate(changes, start=len(entries)):
        if adding or not model:
            kept.add((key, seq, f"{seq}"))
            model.append((key, seq, f"{seq}"))
        else:
            gone = model.pop(key % len(model))
            assert gone in kept
            assert kept.remove(gone)
            assert not kept.remove(gone)
            assert gone not in kept
        if seq % 7 == 0:
            pages.append((kept.publish(), sorted(model)))
    pages.append((kept.publish(), sorted(model)))
    assert len(kept) == len(model)
    for page, expected in pages:
        assert page.slice(0, page.size) == [entry[2] for entry in expected]
        assert [page.position(entry) for entry in expected] == list(range(len(expected)))


def test_waste_is_taken_apart_where_that_was_interrupted() -> None:
    waste, pauses = Waste(), 0
    things, ranking = list(range(100)), Ranking()
    ranking.fill([(key, key, str(key)) for key in range(100)])
    waste.add(things, ranking)

    def impatient() -> None:
        nonlocal pauses
        pauses += 1
        if pauses % 3 == 0:
            raise InterruptedError

    left = []
    for _ in range(100):
        left.append(len(things) + len(ranking))
        with suppress(InterruptedError):
            waste.clear(impatient)
            break
    assert left == sorted(left, reverse=True)
    assert not things
    assert not len(ranking)
