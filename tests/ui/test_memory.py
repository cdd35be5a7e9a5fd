"""What was closed is let go of: widgets, and the lines that they drew."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator

import pytest
from textual.strip import Strip
from textual.widget import Widget

from celerytui.interpreter import collect_new
from tests.ui.pilot import Driver, driven

pytestmark = pytest.mark.slow

TIMES = 50
HANDFUL = 5
LINES_OF_A_SCREEN = 120


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
