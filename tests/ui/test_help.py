"""The help explains the signs and the columns that are on the screen, from their registries."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import fields

from celerytui.columns import ALERT_COLUMNS, QUEUE_COLUMNS, TASK_COLUMNS, WORKER_COLUMNS
from celerytui.columns.workers import STATUS_SIGNS
from celerytui.model import TaskState
from celerytui.ui.dialogs.reading import Reading
from celerytui.ui.draw.glyphs import MEANINGS, UNICODE, Glyphs
from celerytui.ui.panes.list import ListPane
from tests.ui.pilot import Driver, driven, rows

ROOM = 57
"""Cells for a meaning on a terminal of 80 columns."""
DRAWING = {
    *("states", "retry", "alive", "lost", "crumb", "branch", "last", "trunk", "then", "times"),
    *("dot", "sideways", "updown", "horizontal", "vertical", "spark", "area"),
    *("top_left", "top_right", "bottom_left", "bottom_right"),
    *("playing", "halted", "position", "nothing"),
}
"""Signs that are a state's, a worker's or a replay's, or say nothing by themselves."""


def test_every_sign_has_a_meaning_or_needs_none() -> None:
    assert {one.name for one in fields(Glyphs)} == DRAWING | set(MEANINGS)
    assert not DRAWING & set(MEANINGS)
    assert all(0 < len(meaning) <= ROOM for meaning in MEANINGS.values())
    assert set(STATUS_SIGNS.values()) <= {one.name for one in fields(Glyphs)}


@pytest.mark.parametrize("columns", [TASK_COLUMNS, WORKER_COLUMNS, QUEUE_COLUMNS, ALERT_COLUMNS])
def test_every_column_says_what_it_shows_in_one_line(columns: tuple[object, ...]) -> None:
    for one in columns:
        text = getattr(one, "help")  # noqa: B009  columns of different rows
        assert 0 < len(text) <= ROOM
        assert not text.endswith(".")


async def _help(at: Driver) -> list[tuple[str, str]]:
    """The lines of the help: what stands at their left, and what it means."""
    await at.press("question_mark")
    assert isinstance(at.app.screen, Reading)
    lines = [(line[0][0].strip(), line[1][0]) for line in at.app.screen.text if len(line) == 2]
    await at.press("escape")
    return lines


@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize(
    "keys", [("1",), ("2",), ("3",), ("4",), ("5",), ("9",), ("3", "j", "enter")], ids=" ".join
)
async def test_the_help_explains_every_column_and_sign_of_the_view(
    keys: tuple[str, ...], ascii: bool
) -> None:
    async with driven(ascii=ascii) as at:
        await at.press(*keys)
        glyphs = at.app.session.glyphs
        for _ in at.app.main.body.view.panes:
            pane = at.app.main.pane
            assert pane is not None
            explained = await _help(at)
            if isinstance(pane, ListPane):
                head = " ".join(rows(pane)[1 : 1 + len(pane.head(pane.inside.width))])
                words = set(re.findall("[A-Z]{2,}", head))
                assert words <= {part for title, _ in explained for part in title.split()}
            states = " ".join(text for _, text in explained)
            for state in TaskState:
                assert f"{glyphs.state(state)} {state.label}" in states
            for status, sign in STATUS_SIGNS.items():
                assert f"{glyphs[sign]} {status}" in states
            for sign, meaning in MEANINGS.items():
                assert (glyphs[sign], meaning) in explained
            await at.press("tab")


async def test_a_trend_has_its_head_over_it() -> None:
    trend = set(UNICODE.spark)
    for size in ((80, 24), (90, 24), (100, 30), (138, 30), (139, 30), (140, 40), (200, 60)):
        async with driven(size) as at:
            for key in ("1", "4"):
                await at.press(key)
                queues = rows(at.app.main.body.by_name["queues"])
                drawn = [line for line in queues[2:] if trend & set(line)]
                assert not drawn or "TREND" in queues[1], (size, queues[1])
