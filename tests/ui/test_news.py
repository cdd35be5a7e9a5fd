"""What is drawn when: news as the line to the terminal bears, what was asked for at once."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from celerytui.demo.sample import NOW
from celerytui.model import Batch, Event, Outcome
from celerytui.ui.terminal.redraw_limiter import RedrawLimiter
from tests.ui.pilot import Driver, driven


async def until(at: Driver, shown: Callable[[str], bool]) -> None:
    await at.until(lambda: shown(at.screen_text()), "the news")


def congest(at: Driver) -> None:
    """From here on the line is never free."""
    sent = count(0, 10**9)
    at.app.redraws = RedrawLimiter(lambda: next(sent), lambda: at.app.size, lambda: 0.0)
    at.app.redraws.drawing()


def arrive(at: Driver, name: str) -> None:
    event = Event("task-received", "celery@web1", NOW + 1, uuid=name, name=name)
    at.engine.store.apply(Batch([event], NOW))
    at.engine.view.refresh()
    at.engine.mailbox.post()


async def test_news_waits_for_the_line_and_what_was_asked_for_does_not() -> None:
    async with driven() as at:
        await at.press("2")
        arrive(at, "aa.free")
        await until(at, lambda text: "aa.free" in text)
        congest(at)
        arrive(at, "aa.congested")
        await at.pilot.pause(0.1)
        assert "aa.congested" not in at.screen_text()
        at.engine.show(sort="name", reverse=False)
        await until(at, lambda text: "NAME▴" in text and "aa.congested" in text)


async def test_what_came_of_an_action_is_told_while_the_line_is_busy() -> None:
    async with driven() as at:
        congest(at)
        at.engine.mailbox.post()
        await at.pilot.pause(0.05)
        at.engine.outcomes.append(Outcome("task.abort", ("a",), (), NOW, NOW))
        at.engine.mailbox.post()
        await until(at, lambda _: not at.engine.outcomes)
