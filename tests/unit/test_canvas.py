"""Only what differs is sent, and a terminal then shows what Textual meant it to."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyte
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

from celerytui.ui.terminal.canvas import Canvas
from celerytui.ui.terminal.private import ChopsUpdate, LayoutUpdate

WIDTH, HEIGHT = 12, 3
STYLES = [
    Style.parse(text)
    for text in ("none", "red", "bold #010203 on #040506", "#010203 on #040506", "on blue", "dim")
]
Frame = Sequence[Strip]

letters = st.sampled_from(["a", "b", " ", "─", "✓", "漢"])
pieces = st.tuples(
    st.lists(letters, max_size=WIDTH).map("".join),
    st.sampled_from(STYLES),
)


def _strip(parts: list[tuple[str, Style]]) -> Strip:
    return Strip([Segment(text, style) for text, style in parts if text]).adjust_cell_length(
        WIDTH, Style()
    )


strips = st.lists(pieces, max_size=4).map(_strip)
frames = st.lists(strips, min_size=HEIGHT, max_size=HEIGHT)
spans = st.tuples(st.integers(0, WIDTH), st.integers(0, WIDTH)).map(sorted)


class Shown:
    """A canvas, and the terminal it writes to."""

    def __init__(self) -> None:
        self.canvas = Canvas(ColorSystem.TRUECOLOR)
        self.screen = pyte.Screen(WIDTH, HEIGHT)
        self.stream = pyte.Stream(self.screen)

    def whole(self, frame: Frame) -> str:
        return self._send(LayoutUpdate([[strip] for strip in frame], Region(0, 0, WIDTH, HEIGHT)))

    def part(self, frame: Frame, where: Sequence[tuple[int, int, int]]) -> str:
        chops = [{0: strip} for strip in frame]
        return self._send(ChopsUpdate(chops, list(where), [[WIDTH]] * HEIGHT))

    def _send(self, update: ChopsUpdate | LayoutUpdate) -> str:
        text = self.canvas.write(update)
        assert text is not None
        self.stream.feed(text)
        return text

    def cells(self) -> list[list[tuple[object, ...]]]:
        return [
            [
                (cell.data, cell.fg, cell.bg, cell.bold)
                for cell in (self.screen.buffer[y][x] for x in range(WIDTH))
            ]
            for y in range(HEIGHT)
        ]


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)


def _row(text: str, style: str = "none") -> Strip:
    return Strip([Segment(text.ljust(WIDTH), Style.parse(style))])


def _narrow(strip: Strip) -> Strip:
    return _row("".join(char for char in strip.text if char in "ab ─✓"))


def _rows(*texts: str) -> list[Strip]:
    return [_row(text) for text in (*texts, "", "", "")[:HEIGHT]]


@settings(deadline=None, max_examples=60)
@given(st.lists(frames, min_size=2, max_size=5))
def test_frame_after_frame_shows_what_it_would_alone(story: list[list[Strip]]) -> None:
    shown = Shown()
    shown.whole(story[0])
    for frame in story[1:]:
        shown.part(frame, [(y, 0, WIDTH) for y in range(HEIGHT)])
        alone = Shown()
        alone.whole(frame)
        assert shown.cells() == alone.cells()


@given(frames, frames, st.lists(spans, min_size=HEIGHT, max_size=HEIGHT))
def test_nothing_is_touched_outside_of_the_spans(
    before: list[Strip], after: list[Strip], where: list[list[int]]
) -> None:
    before, after = ([_narrow(strip) for strip in frame] for frame in (before, after))
    shown = Shown()
    shown.whole(before)
    old = shown.cells()
    shown.part(after, [(y, first, last) for y, (first, last) in enumerate(where)])
    for y, (first, last) in enumerate(where):
        new = shown.cells()[y]
        assert new[:first] == old[y][:first]
        assert new[last:] == old[y][last:]


def test_a_frame_that_shows_already_is_not_sent() -> None:
    shown = Shown()
    shown.whole(_rows("one", "two"))
    assert shown.part(_rows("one", "two"), [(0, 0, WIDTH), (1, 0, WIDTH)]) == ""


def test_only_the_cells_that_differ_are_sent() -> None:
    shown = Shown()
    shown.whole(_rows("10:00:01 ok", "same"))
    sent = shown.part(_rows("10:00:02 ok", "same"), [(0, 0, WIDTH), (1, 0, WIDTH)])
    assert sent == "\x1b[1;8H2"


def test_a_row_of_wide_characters_is_sent_whole() -> None:
    """Terminals disagree on the width of some: what stands after them must find its place."""
    shown = Shown()
    shown.whole(_rows("漢 a"))
    sent = shown.part([_strip([("漢 b", Style())]), *_rows()[1:]], [(0, 0, WIDTH)])
    assert _plain(sent).startswith("漢 b")


def test_a_colour_that_goes_on_is_said_once() -> None:
    shown = Shown()
    red = [_row("a", "red"), _row("b", "red"), _row("c", "red on blue")]
    sent = shown.whole(red)
    assert sent.count("\x1b[31m") == 1
    assert sent.count("\x1b[44m") == 1
    assert sent.endswith("\x1b[m")


def test_what_was_forgotten_is_sent_again() -> None:
    shown = Shown()
    shown.whole(_rows("one"))
    shown.canvas.forget()
    assert "one" in _plain(shown.part(_rows("one"), [(0, 0, WIDTH)]))


def test_a_whole_screen_is_always_sent_whole() -> None:
    """It heals what another program wrote over the screen."""
    shown = Shown()
    shown.whole(_rows("one"))
    assert "one" in _plain(shown.whole(_rows("one")))
