"""What was closed is let go of: widgets, and the lines that they drew."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Iterator

import pytest
from rich.cells import cached_cell_len
from textual.strip import Strip
from textual.widget import Widget

from celerytui.interpreter import collect_new
from celerytui.ui import app
from celerytui.ui.terminal.caches import MOST, caches
from tests.ui.pilot import Driver, driven
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

TIMES = 50
AGAIN = 10
"""An even number: what a key turned on it has turned off again."""
HANDFUL = 5
LINES_OF_A_SCREEN = 120
FORGOTTEN_LATER = ("TimerHandle", "Context", "hamt", "hamt_bitmap_node", "hamt_array_node")


@pytest.fixture(autouse=True)
def collector_off() -> Iterator[None]:
    """Only what the tests call takes garbage; what there was before does not count."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def alive(kind: type) -> Counter[str]:
    """How many there are of each class that is of a kind."""
    return Counter(type(one).__name__ for one in gc.get_objects() if isinstance(one, kind))


async def open_and_close(at: Driver, *keys: str) -> None:
    for _ in range(TIMES):
        await at.press(*keys)


@pytest.mark.parametrize("key", ["question_mark", "s", "colon"])
async def test_closed_dialogs_are_let_go_with_their_lines(key: str) -> None:
    async with driven() as at:
        await at.press("2", key, "escape", key, "escape")
        collect_new()
        widgets, lines = alive(Widget), alive(Strip).total()
        await open_and_close(at, key, "escape")
        collect_new()
        assert max((alive(Widget) - widgets).values(), default=0) <= HANDFUL
        assert alive(Strip).total() - lines <= HANDFUL * LINES_OF_A_SCREEN


async def test_a_change_of_view_leaves_nothing_to_the_collector() -> None:
    async with driven() as at:
        await at.press("4", "2", "4", "2")
        before = alive(Strip).total()
        await open_and_close(at, "4", "2")
        assert alive(Strip).total() - before <= HANDFUL * LINES_OF_A_SCREEN


def everything() -> Counter[str]:
    """How many there are of each class, once all garbage and all caches are emptied."""
    for cache in caches():
        cache.cache_clear()
    gc.unfreeze()  # what the view has set aside
    gc.collect()
    kinds = (type(one) for one in gc.get_objects())
    # The timers of the keys were cancelled; the loop drops them when there are a hundred.
    return Counter(kind.__name__ for kind in kinds if kind.__name__ not in FORGOTTEN_LATER)


@pytest.mark.parametrize(
    "keys",
    [
        "1 2 3 4 9",
        "2 g j enter j escape",
        "3 g j enter tab escape",
        "2 / a escape",
        "2 g space j space u",
        "1 tab z z shift+tab",
        "2 colon h e escape",
        "4 g j s j escape",
        "3 g question_mark j escape",
        "2 p p",
        "2 g j a escape",
        "2 g j R escape",
        "4 g j X escape",
    ],
)
async def test_what_is_done_again_and_again_leaves_nothing(keys: str) -> None:
    async with driven() as at:
        counts = []
        for _ in range(3):
            for _ in range(AGAIN):
                await at.press(*keys.split())
            counts.append(everything())
        # What fills up once, as a widget's own small caches do, grows one time and not the next.
        grown = (counts[1] - counts[0]) & (counts[2] - counts[1])
        assert {name: count for name, count in grown.items() if count >= AGAIN} == {}


async def test_what_was_drawn_once_is_forgotten_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app, "TRIM_SECONDS", 0.01)
    async with driven():
        for number in range(MOST + 1):
            cached_cell_len(f"text {number}")
        kept = cached_cell_len.cache_info
        await asyncio.to_thread(
            wait_until, lambda: kept().currsize <= MOST, 5, "a cache to be emptied"
        )
