"""Parses the bytes of keys into messages, and separates Esc from the key after it."""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections.abc import Iterator
from typing import Final

from textual import constants, events
from textual.message import Message

from celerytui.ui.terminal.private import XTermParser

ESCAPE: Final = "\x1b"

LONE_ESCAPE: Final = re.compile(r"(\x1b)(?=[^\[Obf\x08\x7f]|\Z)")
"""An Esc that begins neither an escape sequence nor a key of a text field: there alt+b and alt+f
move by words, alt+backspace deletes one."""


class Keyboard:
    """Converts incoming bytes to messages, in order.

    Most terminals send Esc followed quickly by a key like alt with that key, and Textual reports
    one key. Here they are two keys, as the program uses none with alt.
    """

    timeout: Final = constants.ESCAPE_DELAY + 0.005
    """Seconds without input after which `expire` is due."""

    def __init__(self, debug: bool = False) -> None:
        self._parser = XTermParser(debug)
        self._decode = getincrementaldecoder("utf-8")(errors="replace").decode
        self._held = ""

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages of these bytes; an Esc at their end is held back."""
        text = self._held + self._decode(data)
        self._held = ESCAPE if text.endswith(ESCAPE) else ""
        for piece in LONE_ESCAPE.split(text.removesuffix(ESCAPE)):
            if piece == ESCAPE:
                yield events.Key("escape", ESCAPE)
            elif piece:
                yield from self._parser.feed(piece)

    def expire(self) -> Iterator[Message]:
        """The messages of what was held back."""
        if self._held:
            self._held = ""
            yield events.Key("escape", ESCAPE)
        yield from self._parser.tick()
