"""Keys that come all at once do what they do one by one."""

from __future__ import annotations

import asyncio

from textual import events
from textual.app import App

from celerytui.ui.bars.filter_line import FilterInput
from celerytui.ui.dialogs.choice import Choice
from celerytui.ui.dialogs.palette import SearchLine
from celerytui.ui.terminal.key_queue import STUCK_SECONDS, KeyQueue
from tests.ui.pilot import Driver, driven

NAMES = {"/": "slash", ":": "colon", " ": "space"}


async def at_once(at: Driver, *typed: str) -> None:
    """What a driver does with a burst: every key is there before the first one was handled."""
    for key in typed:
        at.app.post_message(events.Key(NAMES.get(key, key), key if len(key) == 1 else None))
    for _ in range(100):
        await at.pilot.pause()
        if not at.app.key_queue.under_way:
            return
    raise AssertionError("the keys are still under way")


async def test_a_filter_typed_in_a_burst_is_the_filter() -> None:
    async with driven() as at:
        await at_once(at, *"2/state:failure Cs")
        assert at.app.screen.query_one(FilterInput).value == "state:failure Cs"
        assert len(at.app.screen_stack) == 1


async def test_enter_in_the_same_burst_keeps_it_and_the_next_keys_are_commands() -> None:
    async with driven() as at:
        await at_once(at, "/", *"state:failure", "enter", "s")
        assert at.app.session.filter_text == "state:failure"
        assert isinstance(at.app.screen, Choice)


async def test_a_paste_follows_the_key_before_it() -> None:
    async with driven() as at:
        at.app.post_message(events.Key("slash", "/"))
        at.app.post_message(events.Paste("worker:w1"))
        await at_once(at, "x")
        assert at.app.screen.query_one(FilterInput).value == "worker:w1x"


async def test_what_is_typed_with_the_palettes_key_is_its_search() -> None:
    async with driven() as at:
        await at_once(at, ":", *"help")
        assert at.app.screen.query_one(SearchLine).value == "help"


async def test_a_dialog_takes_the_keys_that_follow_the_one_which_opened_it() -> None:
    async with driven() as at:
        await at_once(at, "2", "j", "j", "C", "y")
        assert [action for action, _, _ in at.engine.submitted] == ["task.revoke"]


async def test_a_key_that_never_comes_back_holds_up_nothing() -> None:
    class Swallowing(App[int]):
        def __init__(self) -> None:
            super().__init__()
            self.keys = KeyQueue(self)
            self.seen: list[str] = []

        async def on_event(self, event: events.Event) -> None:
            if not isinstance(event, KeyQueue.Handled):
                await self.keys.on_event(event)

        def on_key(self, event: events.Key) -> None:
            self.seen.append(event.key)

    app = Swallowing()
    async with app.run_test() as pilot:
        for key in "ab":
            app.post_message(events.Key(key, key))
        await pilot.pause(3 * STUCK_SECONDS)
        assert app.seen == ["a", "b"]


async def test_keys_after_enter_wait_for_what_it_does_however_soon_they_come() -> None:
    async with driven() as at:
        for turns in range(12):
            await at_once(at, "/", "x")
            at.app.post_message(events.Key("enter", None))
            for _ in range(turns):
                await asyncio.sleep(0)
            await at_once(at, "s")
            assert isinstance(at.app.screen, Choice), turns
            await at_once(at, "escape")
            await at_once(at, "escape")
