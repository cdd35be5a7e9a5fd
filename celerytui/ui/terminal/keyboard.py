"""What a terminal sends when keys are pressed, as messages: an Esc is told from what follows it."""

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
"""An Esc that begins no sequence of a terminal and no key of a text field: alt+b and alt+f move by
words there, alt+backspace deletes one."""


class Keyboard:
    """Makes messages of the bytes that come in, in their order.

    Most terminals send Esc and the key pressed right after it as they send alt with that key, and
    Textual takes both for one. Here they are two keys, as the program has none with alt.
    """

    timeout: Final = constants.ESCAPE_DELAY + 0.005
    """Seconds after which `expire` is due where nothing follows."""

    def __init__(self, debug: bool = False) -> None:
        self._parser = XTermParser(debug)
        self._decode = getincrementaldecoder("utf-8")(errors="replace").decode
        self._held = ""

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages of these bytes; an Esc at their end waits for what follows."""
        text = self._held + self._decode(data)
        self._held = ESCAPE if text.endswith(ESCAPE) else ""
        for piece in LONE_ESCAPE.split(text.removesuffix(ESCAPE)):
            if piece == ESCAPE:
                yield events.Key("escape", ESCAPE)
            elif piece:
                yield from self._parser.feed(piece)

    def expire(self) -> Iterator[Message]:
        """The messages of what waited and is followed by nothing."""
        if self._held:
            self._held = ""
            yield events.Key("escape", ESCAPE)
        yield from self._parser.tick()
