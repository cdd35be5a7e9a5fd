"""Bytes of a terminal become keys: Esc and the key after it are two, however fast they come."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events

from celerytui.ui.terminal.keyboard import Keyboard


def keys(keyboard: Keyboard, *chunks: str) -> list[str]:
    """The keys of these reads, and of the time without any after them."""
    found = [message for chunk in chunks for message in keyboard.feed(chunk.encode())]
    time.sleep(keyboard.timeout)
    found += keyboard.expire()
    return [one.key for one in found if isinstance(one, events.Key)]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("\x1bq", ["escape", "q"]),
        ("\x1bQ", ["escape", "Q"]),
        ("\x1b:", ["escape", "colon"]),
        ("\x1b/", ["escape", "slash"]),
        ("\x1b1", ["escape", "1"]),
        ("\x1b\r", ["escape", "enter"]),
        ("\x1b\t", ["escape", "tab"]),
        ("\x1b\x1bq", ["escape", "escape", "q"]),
        ("\x1b\x1b\x1b", ["escape", "escape", "escape"]),
        ("\x1b\x1b[A", ["escape", "up"]),
        ("\x1bé", ["escape", "é"]),
        ("\x1b", ["escape"]),
        ("\x1b[A", ["up"]),
        ("\x1bOP", ["f1"]),
        ("\x1b[113;3u", ["alt+q"]),
        ("\x1bb", ["ctrl+left"]),
        ("\x1b\x7f", ["ctrl+w"]),
        ("qj", ["q", "j"]),
    ],
)
def test_keys_are_told_apart(typed: str, expected: list[str]) -> None:
    assert [_short(key) for key in keys(Keyboard(), typed)] == expected


@given(st.lists(st.sampled_from(["\x1b", "q", "j", ":", "\x1b[A", "\x1bOP", "é"]), max_size=8))
def test_where_a_read_ends_makes_no_difference(typed: list[str]) -> None:
    text = "".join(typed)
    assert keys_of_reads(list(text)) == keys_of_reads([text])


def keys_of_reads(chunks: list[str]) -> list[str]:
    keyboard = Keyboard()
    found = [message for chunk in chunks for message in keyboard.feed(chunk.encode())]
    return [one.key for one in found if isinstance(one, events.Key)]


def _short(key: str) -> str:
    return {"upper_q": "Q", "latin_small_letter_e_with_acute": "é"}.get(key, key)
