"""A wider screen shows no less, and no head or title is cut in the middle of a word."""

from __future__ import annotations

import re

import pytest

from celerytui.ui.bars.header import Header
from celerytui.ui.draw.spans import Line
from celerytui.ui.panes.list import ListPane
from celerytui.ui.panes.pane import Pane
from celerytui.ui.panes.table import TablePane
from tests.ui.pilot import Driver, driven, rows

VIEWS: dict[str, tuple[str, ...]] = {
    "dashboard": ("1",),
    "tasks": ("2",),
    "workers": ("3",),
    "queues": ("4",),
    "types": ("5",),
    "log": ("9",),
    "task": ("2", "j", "enter"),
    "worker": ("3", "j", "enter"),
}
SIZES = [(80, 24), (100, 24), (100, 30), (120, 30), (140, 40), (200, 60)]
WIDTHS = sorted({*range(80, 201, 5), 99, 101, 123, 124, 138, 139, 158, 159, 179, 181})
"""Each side of where panes are arranged otherwise, and some between."""
CUT = re.compile(r"\S…(?= |$)")
LABELS = re.compile(r"[a-z]+")


def _columns(pane: Pane) -> set[str]:
    """The columns that a pane shows, by their heads where it has no registry of them."""
    if isinstance(pane, TablePane):
        return {column.id for column, _ in pane.layout_for(pane.inside.width)}
    if isinstance(pane, ListPane):
        width = pane.inside.width
        heads = [line.spans() if isinstance(line, Line) else line for line in pane.head(width)]
        return set("".join(text for spans in heads for text, _ in spans).split())
    return set()


def _shown(at: Driver) -> set[str]:
    shown = set()
    for pane in at.app.main.body.panes:
        shown |= {f"{pane.id}", *(f"{pane.id}: {column}" for column in _columns(pane))}
    # Short forms of the labels are the same labels.
    labels = LABELS.findall(rows(at.app.query_one(Header))[0])
    return shown | {label[:3] for label in labels if label[:3] in ("wor", "run", "que", "fai")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("view", "height"), [*((view, 24) for view in VIEWS), ("dashboard", 40), ("worker", 40)]
)
async def test_what_a_screen_shows_a_wider_one_shows(view: str, height: int) -> None:
    async with driven((80, height)) as at:
        await at.press(*VIEWS[view])
        before: set[str] = set()
        for width in WIDTHS:
            await at.pilot.resize_terminal(width, height)
            await at.pilot.pause()
            shown = _shown(at)
            assert before <= shown, (width, before - shown)
            before = shown


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_heads_and_titles_are_never_cut(size: tuple[int, int]) -> None:
    async with driven(size) as at:
        for keys in VIEWS.values():
            await at.press(*keys)
            for _ in at.app.main.body.view.panes:
                _look(at)
                await at.press("tab")
        for _ in range(9):
            await at.press("right_square_bracket")
            _look(at)


async def test_heads_are_never_cut_by_the_arrow_of_the_order() -> None:
    async with driven((80, 24)) as at:
        for view in ("tasks", "workers", "queues"):
            await at.press(*VIEWS[view])
            table = at.app.main.ordered
            for column, _ in table.orders():
                table.sort_by(column)
                for width in (80, 100, 140):
                    await at.pilot.resize_terminal(width, 24)
                    await at.pilot.pause()
                    head = rows(table)[1]
                    whole = {word for one in table.COLUMNS for word in one.header.split()}
                    assert set(re.findall("[A-Z]+", head)) <= whole, head


def _look(at: Driver) -> None:
    """Titles, heads, heads of sections, what stands in a bottom border, and what is wrong."""
    for pane in at.app.main.body.panes:
        lines = rows(pane)
        head = len(pane.head(pane.inside.width)) if isinstance(pane, ListPane) else 0
        ruled = [line for line in lines if re.search("──", line) and "━" not in line]
        wrong = [line for line in lines if re.search(r"lost|late|consumer|stopping", line)]
        for line in [*lines[: 1 + head], *ruled, *(wrong if pane.id == "workers" else ())]:
            plain = re.sub("[─╭╮╰╯│]", " ", line)
            assert not CUT.search(plain), (pane.id, line)
