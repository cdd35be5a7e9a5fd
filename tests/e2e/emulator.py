"""A terminal's screen and state, made from the bytes that a program writes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

import pyte

SEQUENCE = re.compile(r"\x1b\[([?<>=]?)([0-9;:]*)([ -/]*)([@-~])")
UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*)?$")

ALTERNATE_SCREEN, IN_BAND_RESIZE, SYNCHRONISED = 1049, 2048, 2026
ON_AT_FIRST = {7: "line wrap", 25: "the cursor"}
OFF_AT_FIRST = {
    1000: "mouse reports",
    1002: "mouse drag reports",
    1003: "mouse movement reports",
    1004: "focus reports",
    1006: "SGR mouse reports",
    1015: "urxvt mouse reports",
    1016: "pixel mouse reports",
    ALTERNATE_SCREEN: "the alternate screen",
    2004: "bracketed paste",
    SYNCHRONISED: "synchronised output",
    IN_BAND_RESIZE: "in-band resize reports",
}


class Emulator:
    """pyte, with what it lacks: the alternate screen, kitty's keyboard and the private modes.

    `reply` is given what a modern terminal answers to the queries it understands.
    """

    def __init__(self, columns: int, rows: int, reply: Callable[[str], None] | None = None) -> None:
        self._reply = reply
        self._main = pyte.Screen(columns, rows)
        self._screen = self._main
        self._stream = pyte.Stream(self._screen)
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._tail = ""
        self.modes: dict[int, bool] = {}
        self.keyboards: list[int] = []
        """The stack of kitty's keyboard flags."""

    @property
    def lines(self) -> list[str]:
        """The screen that is shown, without the blanks at the end of its lines."""
        return [line.rstrip() for line in self._screen.display]

    def resize(self, columns: int, rows: int) -> None:
        self._main.resize(rows, columns)
        if self._screen is not self._main:
            self._screen.resize(rows, columns)

    def feed(self, data: bytes) -> None:
        text = self._tail + self._decode(data)
        unfinished = UNFINISHED.search(text)
        end = unfinished.start() if unfinished else len(text)
        text, self._tail = text[:end], text[end:]
        position = 0
        for match in SEQUENCE.finditer(text):
            self._stream.feed(text[position : match.start()])
            position = match.end()
            self._obey(*match.groups(), whole=match[0])
        self._stream.feed(text[position:])

    def _obey(self, prefix: str, numbers: str, between: str, final: str, *, whole: str) -> None:
        if prefix == "?" and final in "hl" and not between:
            for number in map(int, numbers.split(";")):
                self._set(number, final == "h")
            self._stream.feed(whole)
        elif prefix == "?" and between == "$" and final == "p":
            if self._reply is not None and int(numbers) in (SYNCHRONISED, IN_BAND_RESIZE):
                self._reply(f"\x1b[?{numbers};{1 if self.modes.get(int(numbers)) else 2}$y")
        elif final == "u" and prefix == ">":
            self.keyboards.append(int(numbers))
        elif final == "u" and prefix == "<":
            del self.keyboards[-int(numbers or 1) :]
        elif prefix in ("", "?") and not between:
            self._stream.feed(whole)

    def _set(self, number: int, on: bool) -> None:
        if number == ALTERNATE_SCREEN and on is not self.modes.get(number, False):
            size = self._main
            self._screen = pyte.Screen(size.columns, size.lines) if on else self._main
            self._stream = pyte.Stream(self._screen)
        if number == IN_BAND_RESIZE and on:
            self.report_size()
        self.modes[number] = on

    def report_size(self) -> None:
        """Tell the size in-band."""
        if self._reply is not None:
            rows, columns = self._main.lines, self._main.columns
            self._reply(f"\x1b[48;{rows};{columns};{rows * 20};{columns * 10}t")

    def left_behind(self) -> list[str]:
        """What is not as it was before the program, in words."""
        found = [name for mode, name in OFF_AT_FIRST.items() if self.modes.get(mode, False)]
        found += [f"no {name}" for mode, name in ON_AT_FIRST.items() if not self.modes.get(mode, 1)]
        found += ["kitty's keyboard"] * bool(self.keyboards)
        return found
