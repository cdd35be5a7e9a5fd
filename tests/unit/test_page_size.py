"""How many results are read at a time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from celerytui.results.page_size import BYTES, FIRST, GROWTH, PageSize, length_of, parts

LENGTHS = st.integers(0, 4 * BYTES)


@given(st.integers(1, 5_000), st.lists(st.lists(LENGTHS, max_size=60), max_size=6))
def test_pages_grow_step_by_step_and_shrink_at_once(most: int, pages: list[list[int]]) -> None:
    size = PageSize(most)
    assert size.rows == min(FIRST, most)
    for lengths in pages:
        before = size.rows
        size.take(lengths)
        assert 1 <= size.rows <= min(most, GROWTH * before)
        if lengths and size.rows > 1:
            assert size.rows * sum(lengths) <= len(lengths) * BYTES


def test_short_results_soon_come_as_many_at_a_time_as_are_wanted() -> None:
    size, seen = PageSize(2_000), list[int]()
    for _ in range(5):
        seen.append(size.rows)
        size.take([500] * size.rows)
    assert seen == [50, 200, 800, 2_000, 2_000]
    size.take([2 * BYTES] * 10)
    assert size.rows == 1


@given(st.lists(st.tuples(st.text(max_size=3), LENGTHS), max_size=60), st.integers(1, 20))
def test_what_has_a_length_is_in_parts_that_memory_holds(
    files: list[tuple[str, int]], most: int
) -> None:
    found, length_at = list(parts(files, most)), iter(files)
    assert [name for part in found for name in part] == [name for name, _ in files]
    for part in found:
        held = sum(next(length_at)[1] for _ in part)
        assert 1 <= len(part) <= most
        assert len(part) == 1 or held <= BYTES


def test_a_row_is_as_long_as_its_texts() -> None:
    row = {"a": "xy", "b": b"123", "c": None, "d": 7, "e": memoryview(b"1")}
    assert length_of(row) == 6
