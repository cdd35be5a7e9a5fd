"""The log of what was done, and the results that are read on demand."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from celerytui.control import ActionLog
from celerytui.control.actionlog import KEPT
from celerytui.demo.sample import NOW
from celerytui.model import Finding, Item, Link, LinkState, Outcome, Reply, ResultMeta, StoredGroup
from celerytui.ui.dialogs.log_entry import LogEntryDialog
from celerytui.ui.views.log.list import LogList
from celerytui.ui.views.task.result import ResultDialog
from tests.ui.pilot import Driver, driven

GROWN = Outcome(
    "worker.pool_grow",
    ("celery@web1",),
    (Reply("celery@web1", True, "pool will grow"),),
    NOW - 20,
    NOW - 19,
    params={"n": "4"},
)
SENT = Outcome(
    "task.run_again",
    ("one", "two", "three"),
    (),
    NOW - 5,
    NOW - 4,
    items=(
        Item("one", True, "sent", "new-one"),
        Item("two", False, "its arguments were cut short"),
        Item("three", None, "cancelled"),
    ),
)


async def _finish(at: Driver, *outcomes: Outcome) -> None:
    for outcome in outcomes:
        at.engine.log.record(outcome)
        at.app.show_outcome(outcome)
    await at.pilot.pause()


def _text(screen: LogEntryDialog | ResultDialog) -> str:
    return "\n".join("".join(text for text, _ in line) for line in screen.box.lines)


async def test_the_newest_action_stands_first() -> None:
    async with driven() as at:
        await _finish(at, GROWN)
        await _finish(at, Outcome("worker.ping", ("celery@web1",), (), NOW, NOW))
        await at.press("9")
        entries = at.app.main.body.query_one(LogList).window(0, 9)
        assert [entry.action for entry in entries] == ["worker.ping", "worker.pool_grow"]
        assert entries[0].ok is None
        assert entries[0].summary == "no worker replied"


async def test_the_cursor_stands_on_an_entry_while_others_come_and_go() -> None:
    def ping(number: int) -> Outcome:
        return Outcome("worker.ping", (f"celery@{number}",), (), NOW, NOW)

    async def opened(at: Driver) -> str:
        await at.press("enter")
        assert isinstance(at.app.screen, LogEntryDialog)
        text = _text(at.app.screen)
        await at.press("escape")
        return text

    async with driven() as at:
        await _finish(at, *map(ping, range(3)))
        await at.press("9", "j", "j")
        assert "celery@1" in await opened(at)
        # More than the log keeps, but for the one under the cursor and the last: trimmed too.
        await _finish(at, *map(ping, range(3, KEPT + 1)))
        at.app.tell_widgets()
        await at.pilot.pause()
        assert len(at.engine.log.entries()) == KEPT
        assert "celery@1" in await opened(at)


async def test_what_was_seen_afterwards_counts_more_than_the_answer() -> None:
    async with driven() as at:
        await _finish(at, GROWN)
        finding = Finding("worker.pool_grow", GROWN.started_at, NOW, False, "it has 8 still")
        at.engine.log.find(finding)
        at.app.actions.report.found(finding)
        await at.press("9", "j")
        assert "it has 8 still" in at.screen_text()
        await at.press("enter")
        screen = at.app.screen
        assert isinstance(screen, LogEntryDialog)
        assert "pool will grow" in _text(screen)
        assert "it has 8 still" in _text(screen)


async def test_a_bulk_that_failed_in_part_opens_with_the_failures_first() -> None:
    async with driven() as at:
        at.app.session.marked = {"one", "two", "three"}
        await _finish(at, SENT)
        screen = at.app.screen
        assert isinstance(screen, LogEntryDialog)
        lines = _text(screen)
        assert lines.index("two") < lines.index("three") < lines.index("one ↳ new-one")
        assert at.app.session.marked == {"two", "three"}


async def test_earlier_runs_are_there_without_their_items(tmp_path: Path) -> None:
    path = tmp_path / "actions.jsonl"
    log = ActionLog(path, user="ana", app="shop", broker="memory://")
    log.record(SENT)
    async with driven() as at:
        at.engine.log = ActionLog(path, user="ana", app="shop", broker="memory://")
        at.engine.log.load()
        await at.press("9")
        assert f" {path} " in at.screen_text()
        (entry,) = at.engine.log.entries()
        assert entry.items == ()
        assert entry.summary == "1 ok, 1 failed, 1 not done"
        assert entry.ok is False
        assert entry.user == "ana"


async def test_a_hostile_log_line_is_only_text() -> None:
    async with driven() as at:
        evil = "\x1b]0;pwn\x07[bold]"
        at.engine.log.record(Outcome(evil, (evil,), (Reply(evil, False, evil),), NOW, NOW, evil))
        await at.press("9", "j", "enter")
        assert isinstance(at.app.screen, LogEntryDialog)
        assert "\x1b" not in at.screen_text()


# Results


async def _result(at: Driver, meta: ResultMeta | None) -> ResultDialog:
    at.engine.result = meta
    await at.press("2", "j", "r")
    await at.pilot.pause()
    screen = at.app.screen
    assert isinstance(screen, ResultDialog)
    return screen


async def test_a_result_has_its_group_and_what_else_is_kept() -> None:
    async with driven() as at:
        group = StoredGroup("group-1", ("x", "y", "z"), missing=1)
        meta = ResultMeta("x", NOW, status="SUCCESS", result="1", parent_id="p-1", group=group)
        text = _text(await _result(at, replace(meta, meta="{'periodic_task_name': 'nightly'}")))
        assert "group-1   3 members, 1 still to come" in text
        assert "p-1" in text
        assert "nightly" in text


async def test_a_result_is_read_for_the_task_under_the_cursor() -> None:
    async with driven() as at:
        screen = await _result(at, None)
        assert screen.task_id == at.app.main.table.cursor
        assert "reading the result backend" in _text(screen)


async def test_the_state_there_stands_beside_the_state_here() -> None:
    async with driven() as at:
        screen = await _result(at, ResultMeta("x", NOW, status="FAILURE", result="ValueError('a')"))
        text = _text(screen)
        assert "in backend  ✗ failure" in text
        assert "in events   ✓ success" in text
        assert "Backend and events differ" in text


async def test_states_that_agree_are_not_remarked_on() -> None:
    async with driven() as at:
        text = _text(await _result(at, ResultMeta("x", NOW, status="SUCCESS", result="{'a': 1}")))
        assert "differ" not in text
        assert "{'a': 1}" in text


async def test_why_a_result_cannot_be_read() -> None:
    async with driven() as at:
        text = _text(await _result(at, ResultMeta("x", NOW, error="the rpc backend keeps none")))
        assert "the rpc backend keeps none" in text


async def test_a_long_result_scrolls_and_is_saved_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    long = repr(list(range(5_000)))
    async with driven((80, 24)) as at:
        screen = await _result(at, ResultMeta("x", NOW, status="SUCCESS", result=long))
        await at.press("G")
        assert screen.box.shown.first > 20
        await at.press("e", "enter")
        (saved,) = tmp_path.iterdir()
        assert saved.read_text() == long + "\n"
        assert f"saved to {saved}" in _text(screen)
        await at.press("e", "enter")
        assert f"not saved to {saved.name}: File exists" in _text(screen)


async def test_without_a_broker_r_tries_now() -> None:
    tried: list[bool] = []
    link = Link(LinkState.RECONNECTING, since=NOW, lost_at=NOW, attempt=1, next_try=NOW + 9)
    async with driven(link=link) as at:
        at.engine.reconnect_now = lambda: tried.append(True)  # type: ignore[method-assign]  # noted
        await at.press("2", "j", "r")
        assert tried == [True]
        assert not isinstance(at.app.screen, ResultDialog)


async def test_slash_finds_in_the_log_and_escape_shows_all_again() -> None:
    async with driven() as at:
        for outcome in (GROWN, SENT, Outcome("worker.ping", ("celery@gpu1",), (), NOW, NOW)):
            at.engine.log.record(outcome)
        await at.press("9", "slash", *"pool will")
        log = at.app.main.body.query_one(LogList)
        assert [entry.action for entry in log.window(0, 9)] == ["worker.pool_grow"]
        assert "Log  / pool will ─" in at.screen_text()
        assert "1 of 3" in at.screen_text()
        await at.press("enter")
        assert log.cursor == log.shown[0]
        assert at.app.main.navigator.view.name == "log"
        for text, action in (("gpu1", "worker.ping"), ("run again", "task.run_again")):
            await at.press("escape", "slash", *text, "enter")
            assert [entry.action for entry in log.window(0, 9)] == [action]
        await at.press("slash", *"nosuch", "enter")
        assert 'No action matches "nosuch"' in at.screen_text()
        await at.press("escape")
        assert log.length() == 3
        assert at.app.session.filter_text == ""
