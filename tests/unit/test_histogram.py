"""The picture of a histogram: exact in size, with every mark at its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celerytui.ui.draw.glyphs import ASCII, UNICODE, Glyphs
from celerytui.ui.draw.histogram import histogram
from celerytui.ui.draw.spans import span_width

durations = st.floats(0, 1e9)
some_buckets = st.lists(st.tuples(durations, st.integers(1, 10**9)), min_size=1, max_size=50)


def texts(
    buckets: list[tuple[float, int]],
    marks: list[tuple[str, float]],
    width: int = 60,
    height: int = 6,
    glyphs: Glyphs = UNICODE,
) -> list[str]:
    rows = histogram(buckets, marks, width, height, glyphs=glyphs, role="started")
    return ["".join(text for text, _ in row) for row in rows]


@given(
    some_buckets.map(sorted),
    st.lists(st.tuples(st.sampled_from(["p50", "p95", "max"]), durations), max_size=4),
    st.integers(8, 200),
    st.integers(3, 20),
    st.sampled_from([UNICODE, ASCII]),
)
def test_it_fills_its_room_exactly(
    buckets: list[tuple[float, int]],
    marks: list[tuple[str, float]],
    width: int,
    height: int,
    glyphs: Glyphs,
) -> None:
    rows = histogram(buckets, marks, width, height, glyphs=glyphs, role="started")
    assert len(rows) == height
    assert {span_width(row) for row in rows} == {width}


def test_the_most_frequent_duration_is_the_highest_column() -> None:
    rows = texts([(0.1, 1), (1.0, 100), (10.0, 10)], [])
    highest = rows[1].index("█")
    assert 25 <= highest <= 35


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_every_mark_has_its_line_and_its_name(glyphs: Glyphs) -> None:
    rows = texts([(0.1, 50), (0.2, 9), (30.0, 1)], [("p50", 0.1), ("p95", 3.0)], glyphs=glyphs)
    names, first = rows[0], rows[1]
    assert glyphs.gap in first
    at = first.index(glyphs.gap)
    assert abs(names.index("p95") + 1 - at) <= 1


def test_there_is_nothing_to_draw_of_nothing() -> None:
    assert texts([], [("p50", 1.0)]) == []
    assert texts([(1.0, 1)], [], width=7) == []
