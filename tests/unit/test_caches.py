"""What Textual and Rich keep of what was drawn is emptied where it has become much."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from rich.cells import cached_cell_len
from rich.segment import Segment
from textual.color import Color
from textual.geometry import Region

from celerytui.ui.terminal.caches import MOST, caches, trim_caches


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    for cache in caches():
        cache.cache_clear()
    yield
    for cache in caches():
        cache.cache_clear()


@pytest.mark.parametrize(
    ("name", "ask"),
    [
        ("cached_cell_len", lambda number: cached_cell_len(f"text {number}")),
        ("Segment._split_cells", lambda number: Segment._split_cells(Segment(f"{number:4}"), 2)),
        ("Color.rich_color", lambda number: Color(1, 2, 3, number / 1000).rich_color),
        ("Region.translate", lambda number: Region(number, 2, 3, 4).translate((1, 1))),
    ],
)
def test_only_caches_that_have_much_are_emptied(name: str, ask: Callable[[int], object]) -> None:
    [cache] = [one for one in caches() if one.__qualname__ == name]
    for number in range(MOST):
        ask(number)
    trim_caches()
    assert cache.cache_info().currsize == MOST
    ask(MOST)
    trim_caches()
    assert cache.cache_info().currsize == 0
