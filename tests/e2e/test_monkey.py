"""Nothing that a hand can do ends the monitor: keys, clicks and sizes at random, dialogs open."""

from __future__ import annotations

import contextlib
import random
import string
from collections.abc import Awaitable, Callable

import pytest
from textual.errors import NoWidget
from textual.events import Key, MouseScrollDown, MouseScrollUp, Paste
from textual.geometry import Offset

from celerytui.ui.dialogs.palette import Palette
from celerytui.ui.keys.registry import KEYS
from tests.ui.conftest import loops_know_when_they_are_idle
from tests.ui.pilot import Driver, driven, place_of, rows

__all__ = ["loops_know_when_they_are_idle"]  # a fixture

STEPS = 500
SIZES = ((80, 24), (100, 30), (140, 40), (20, 5), (200, 60))
NOT_PRESSED = frozenset(("q", "ctrl+q", "ctrl+z"))
"""They end or stop the program, as they should."""
NAMES = {"up", "down", "left", "right", "enter", "escape", "tab", "shift+tab", "backspace", "f1"}
NAMES |= {"home", "end", "pageup", "pagedown", "delete", "ctrl+c", "ctrl+u", "ctrl+w", "ctrl+a"}
KEY_NAMES = sorted((NAMES | {name for key in KEYS for name in key.keys.split(",")}) - NOT_PRESSED)
CHARACTERS = sorted(set(string.printable[:95]) - NOT_PRESSED)
OPENERS = (
    "?",
    ":",
    "s",
    "/",
    "enter",
    "enter",
    "C",
    "K",
    "a",
    "r",
    "space",
    "*",
    "1",
    "2",
    "3",
    "4",
)
TEXTS = ("state:failure", "/[ab", "x" * 3000, "\x1b]0;t\x07", "é漢字", "worker:", "1", "\n\n")


async def key(at: Driver, rng: random.Random) -> None:
    choice = rng.random()
    name = rng.choice(OPENERS if choice < 0.4 else KEY_NAMES if choice < 0.8 else CHARACTERS)
    palette = at.app.screen
    if name == "enter" and isinstance(palette, Palette) and palette.found:
        name = "escape" if palette.found[palette.at].id == "quit" else name
    await at.press(name)


async def burst(at: Driver, rng: random.Random) -> None:
    for _ in range(rng.randrange(2, 6)):
        name = rng.choice([*KEY_NAMES, *CHARACTERS])
        at.app.post_message(Key(name, name if len(name) == 1 else None))
    await at.pilot.pause()


def somewhere(at: Driver, rng: random.Random) -> Offset:
    """A place on the screen, but for one that says that it quits, there or behind a dialog."""
    place = Offset(rng.randrange(at.app.size.width), rng.randrange(at.app.size.height))
    near = slice(max(0, place.x - 8), place.x + 8)
    lines = []
    with contextlib.suppress(NoWidget):
        widget, region = at.app.screen.get_widget_at(*place)
        line = widget.render_line(place.y - region.y).text
        # A click anywhere on a line of the palette runs its command.
        named = "quit" in line.lower() and isinstance(at.app.screen, Palette)
        lines.append("quit" if named else line[max(0, near.start - region.x) :])
    if place.y == at.app.size.height - 1:
        lines.append(rows(at.app.main.footer)[0][near])
    return Offset(0, 0) if any("quit" in line[:16].lower() for line in lines) else place


async def click(at: Driver, rng: random.Random) -> None:
    await at.click_at_once(somewhere(at, rng), rng.randrange(1, 4))


async def wheel(at: Driver, rng: random.Random) -> None:
    kind = rng.choice((MouseScrollDown, MouseScrollUp))
    at.app.post_message(kind(None, *somewhere(at, rng), 0, 1, 0, False, False, False))
    await at.pilot.pause()


async def paste(at: Driver, rng: random.Random) -> None:
    at.app.post_message(Paste(rng.choice(TEXTS)))
    await at.pilot.pause()


async def resize(at: Driver, rng: random.Random) -> None:
    await at.pilot.resize_terminal(*rng.choice(SIZES))


DOINGS: tuple[Callable[[Driver, random.Random], Awaitable[None]], ...] = (
    *[key] * 12, *[click] * 5, burst, wheel, paste, resize
)  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
async def test_nothing_ends_it(seed: int) -> None:
    rng = random.Random(seed)
    async with driven(SIZES[seed % 3]) as at:
        for step in range(STEPS):
            doing = rng.choice(DOINGS)
            await doing(at, rng)
            assert at.app.is_running, f"{doing} ended it at step {step}"
            if step % 50 == 49:
                while len(at.app.screen_stack) > 1:
                    await at.press("escape")
    assert at.app.return_code in (None, 0)
    assert at.app.return_value is None


async def test_a_double_click_beside_a_dialog_closes_it_and_nothing_else() -> None:
    for opener in ("?", ":", "s"):
        async with driven() as at:
            await at.press("2", "j", opener)
            assert len(at.app.screen_stack) == 2
            await at.click_at_once(Offset(1, 1))
            assert at.app.is_running
            assert len(at.app.screen_stack) == 1


async def test_a_double_click_on_an_answer_gives_it_once() -> None:
    async with driven() as at:
        await at.press("2", "j", "j", "C")
        box = at.app.screen.query_one("Box")
        await at.click_at_once(place_of(box, "Yes, revoke"))
        assert [action for action, _, _ in at.engine.submitted] == ["task.revoke"]
        assert len(at.app.screen_stack) == 1
    async with driven() as at:
        await at.press("2", "j", "j", "C")
        box = at.app.screen.query_one("Box")
        await at.click_at_once(place_of(box, "No, leave it"), 3)
        assert at.engine.submitted == []
        assert len(at.app.screen_stack) == 1
