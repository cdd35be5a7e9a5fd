"""The monitor on a replay: what its keys, the mouse and the form ask of the replayer."""

from __future__ import annotations

from typing import Any

import pytest
from textual.geometry import Offset

from celerytui.demo.sample import NOW
from celerytui.engine.replayer import ReplayState
from celerytui.model import Moment, Moments
from celerytui.store import Store
from celerytui.ui.actions.go_to import GoTo
from celerytui.ui.bars.header import Header
from celerytui.ui.bars.time_bar import TimeBar
from celerytui.ui.dialogs.dialog import Dialog
from tests.ui.pilot import commands_of, driven, help_of, rows
from tests.ui.replayed import BEGINS, ENDS, ReplayDriver, replayed

TROUBLE, MARK = Moments.TROUBLE, Moments.MARK


KEYS: dict[str, tuple[Any, ...]] = {
    "space": ("play", False),
    ".": ("step",),
    "less_than_sign": ("speed", -1),
    ">": ("speed", 1),
    "n": ("find", TROUBLE, False),
    "N": ("find", TROUBLE, True),
    "right_square_bracket": ("find", MARK, False),
    "left_square_bracket": ("find", MARK, True),
    "x": ("skip", True),
}


async def test_the_keys_of_the_replay_go_before_all_others() -> None:
    async with replayed() as at:
        for view in ("1", "2", "3", "5", "6", "8"):
            at.replayer.told.clear()
            await at.press(view, "j")
            at.replayer.state = ReplayState(NOW, playing=True, speed=10)
            await at.press(*KEYS)
            assert at.replayer.told == [*KEYS.values()]
            assert not at.app.session.marked
            assert not isinstance(at.app.screen, Dialog)


async def test_the_header_and_the_footer_follow_what_keys_do() -> None:
    async with replayed() as at:
        (header,) = at.app.main.query(Header)
        assert "REPLAY  2026-11-23 10:04:12 UTC   ▶ 10×" in rows(header)[0]
        assert rows(at.app.main.footer)[0].startswith(
            " space pause   . step   < > speed   n N fail"
        )
        await at.press("space", ">", "x")
        assert "▌▌ 20×  skipping silence" in rows(header)[0]
        footer = rows(at.app.main.footer)[0]
        assert "space play" in footer
        assert "x play silence" in footer
        await at.click(at.app.main.footer, "> speed")
        await at.click(at.app.main.footer, "space")
        assert at.replayer.told[-2:] == [("speed", 1), ("play", True)]


async def test_what_is_typed_into_the_filter_is_no_key() -> None:
    async with replayed() as at:
        await at.press("2", "/", *"name:x n", "enter", "n")
        assert at.replayer.told == [("find", TROUBLE, False)]
        assert at.app.session.filter_text == "name:x n"


LIVE = ("p", "w", "r", "l", "a", "b", "*", "m")


async def test_what_is_about_a_live_cluster_is_off() -> None:
    async with replayed() as at:
        for view in ("2", "3", "6"):
            await at.press(view, "j", *LIVE, "C", "K", "R", "X")
        session = at.app.session
        assert session.paused_at is None
        assert not session.marked
        assert at.engine.submitted == []
        assert not isinstance(at.app.screen, Dialog)
        assert "actions are off" in rows(at.app.main.tabs)[0]


async def test_help_and_palette_have_the_keys_that_are_there_and_no_others() -> None:
    async with replayed() as at:
        pane = at.app.main.pane
        assert pane is not None
        _, lines = help_of(at, "Tasks", pane.places())
        said = [line[1][0] for line in lines if len(line) == 2]
        assert {"previous failure or alert", "go to a time"} <= set(said)
        assert not {
            "pause the display, not the receiver",
            "ask the workers again, and for a task's group",
        } & set(said)
        assert [line[0][0].strip() for line in lines if line[1:2] == [("first row", "text")]] == [
            "Home"
        ]
        await at.press("colon")
        offered = {one.id for one in commands_of(at)}
        titles = [one.title for one in commands_of(at)]
        assert len(set(titles)) == len(titles)
        assert {"replay.go", "replay.skip", "move.top"} <= offered
        assert not {"display.pause", "task.revoke", "mark.all", "link.copy"} & offered


async def test_a_live_monitor_has_none_of_it() -> None:
    async with driven() as at:
        assert not list(at.app.main.query(TimeBar))
        assert not any(key.where == "replay" for key in at.app.session.keys.offered)
        await at.press(".", "less_than_sign", "N")
        await at.press("colon")
        assert not any(one.id.startswith("replay.") for one in commands_of(at))


async def test_the_users_own_keys_of_the_replay_go_first_too() -> None:
    async with replayed(keys={"replay.go": "t", "replay.play": "f8"}) as at:
        await at.press("2", "j", "space", "f8", "t")
        assert at.replayer.told == [("play", False)]
        assert isinstance(at.app.screen, GoTo)
        assert at.app.session.key_of("task.traceback") == ""


@pytest.mark.parametrize(
    ("view", "said"),
    [("2", "No workers at this moment"), ("3", "No workers at"), ("4", "No queues at this moment")],
)
async def test_what_is_not_there_yet_is_not_there_at_this_moment(view: str, said: str) -> None:
    async with replayed(store=Store(clock=lambda: NOW)) as at:
        await at.press(view)
        assert said in at.screen_text()
        assert "failed ? in 5m" in rows(at.app.main.query_one(Header))[0]
        at.app.main.open_task("no-such-task")
        await at.pilot.pause()
        assert "This task is not in memory at this moment" in at.screen_text()


# The time bar


@pytest.mark.parametrize(
    ("size", "height", "edge"),
    [((140, 40), 5, 2), ((90, 30), 4, 1), ((80, 24), 2, 1), ((80, 18), 1, 1)],
)
async def test_a_click_goes_to_the_time_under_it(
    size: tuple[int, int], height: int, edge: int
) -> None:
    async with replayed(size) as at:
        (bar,) = at.app.main.query(TimeBar)
        assert bar.outer_size.height == height
        for cell in (0, size[0] // 2, size[0] - 1 - 2 * edge):
            await at.pilot.click(offset=bar.region.offset + Offset(cell + edge, height - 1))
            wanted = BEGINS + cell * (ENDS - BEGINS) / (size[0] - 2 * edge)
            went = at.replayer.told[-1][1]
            assert went == pytest.approx(wanted)
            assert bar.axis.cell(float(went)) == cell
        told = len(at.replayer.told)
        await at.pilot.click(offset=bar.region.offset + Offset(size[0] - 1, height - 1))
        assert len(at.replayer.told) == told


STATES = (
    (ReplayState(NOW, searching=True), "searching"),
    (ReplayState(NOW, seeking=NOW + 60, done=0.07), "going to 10:05:12, 7%"),
    (ReplayState(NOW, note="no later mark"), "no later mark"),
    (ReplayState(ENDS, ended=True), "end of the recording"),
    (ReplayState(NOW, error="x.db: \x1b[31mmalformed"), "x.db: "),
)


@pytest.mark.parametrize("size", [(140, 40), (80, 24)])
async def test_the_bar_says_what_is_going_on(size: tuple[int, int]) -> None:
    async with replayed(size) as at:
        (bar,) = at.app.main.query(TimeBar)
        for state, said in STATES:
            at.replayer.state = state
            await at.news()
            assert said in "\n".join(rows(bar))
            assert "\x1b" not in "\n".join(rows(bar))


async def test_the_bar_is_drawn_as_soon_as_it_is_known_what_was_recorded() -> None:
    async with replayed(read=False) as at:
        (bar,) = at.app.main.query(TimeBar)
        assert "reading the recording" in "\n".join(rows(bar))
        at.replayer.read = True
        await at.news()
        assert "3 failure bursts · 1 gap · 2 marks" in rows(bar)[0]


@pytest.mark.parametrize("size", [(140, 40), (80, 24)])
async def test_a_mark_is_named_wherever_it_is_and_where_the_position_is(
    size: tuple[int, int],
) -> None:
    for at_mark in (BEGINS, BEGINS + 30, NOW, ENDS - 90, ENDS):
        state = ReplayState(at_mark)
        async with replayed(size, state) as at:
            at.replayer.recording.marks = (Moment(at_mark, "v1.3"), Moment(NOW - 1620, "v1.2"))
            await at.news()
            (bar,) = at.app.main.query(TimeBar)
            assert "v1.2" in rows(bar)[-2 if size[1] >= 40 else -1]
            assert "v1.3" in rows(bar)[-2 if size[1] >= 40 else -1]


async def test_the_mark_at_the_position_is_the_one_named_beside_it() -> None:
    async with replayed((80, 24), ReplayState(BEGINS + 200)) as at:
        at.replayer.recording.marks = (
            Moment(BEGINS + 200, "the first of two"),
            Moment(BEGINS + 400, "the second of the two"),
        )
        await at.news()
        (bar,) = at.app.main.query(TimeBar)
        assert "the first of two" in rows(bar)[-1]


async def test_what_is_not_recorded_is_said_not_to_be() -> None:
    async with replayed() as at:
        at.engine.log.trouble = "no home directory for the action log"
        await at.press("8")
        text = at.screen_text()
        assert "No schedule at this moment" in text
        assert "beat unknown" not in text
        assert "Nothing is due" not in text
        await at.press("9")
        text = at.screen_text()
        assert "No actions up to this moment" in text
        assert "home directory" not in text


# The form


async def _typed(at: ReplayDriver, text: str) -> None:
    await at.press("g", *text, "enter")


TIMES = {
    "10:30": 1547.6,
    "2026-11-23 10:00": -252.4,
    "+5m": 300.0,
    "9:01": BEGINS - NOW,
}
MISTAKES = {
    "": "type a time",
    "noon": "“noon” is not a time",
    "+5 parsecs": "“+5 parsecs” is not a step",
    "12:30": "outside the recording: 2026-11-23 09:01:00 to 2026-11-23 11:01:00",
}


async def test_a_time_can_be_typed() -> None:
    async with replayed() as at:
        for text, seconds in TIMES.items():
            await _typed(at, text)
            assert at.replayer.told[-1] == ("seek", pytest.approx(NOW + seconds, abs=1e-3))
            assert not isinstance(at.app.screen, GoTo)


@pytest.mark.parametrize("size", [(140, 40), (80, 24)])
async def test_a_mistake_is_said_and_can_be_mended(size: tuple[int, int]) -> None:
    async with replayed(size) as at:
        await at.press("g")
        dialog = at.app.screen
        assert isinstance(dialog, GoTo)
        for text, said in MISTAKES.items():
            dialog.field.value = ""
            await at.press(*text, "enter")
            assert said in "\n".join(rows(dialog.box))
        dialog.field.value = ""
        await at.press(*"10:00", "enter")
        assert [one[0] for one in at.replayer.told] == ["seek"]


async def test_the_ends_of_the_recording_are_offered() -> None:
    async with replayed() as at:
        await at.press("g")
        dialog = at.app.screen
        assert isinstance(dialog, GoTo)
        await at.click(dialog.box, "2026-11-23 11:01:00")
        await at.press("enter", "g", *"2026", "tab", "enter", "g", "escape")
        assert [one[1] for one in at.replayer.told] == pytest.approx([ENDS, BEGINS], abs=1)
