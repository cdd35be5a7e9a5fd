"""The view of the schedule: its list, one entry, the hours ahead, and what keys do there."""

from __future__ import annotations

import json
from typing import Any, ClassVar, cast

import pytest
from msgspec.structs import replace

from celerytui.demo.sample import NOW
from celerytui.model import BeatState, ScheduleReading, SourceReading
from celerytui.ui.views.schedule.detail import EntryDetail
from celerytui.ui.views.schedule.hours import HoursAhead
from celerytui.ui.views.schedule.list import ScheduleList
from tests.ui.fake_engine import fake_app
from tests.ui.pilot import Driver, driven, rows
from tests.ui.schedule_sample import sample_entries, sample_reading

SIZES = [(80, 24), (100, 30), (140, 40)]


def the_list(at: Driver) -> ScheduleList:
    return cast("ScheduleList", at.app.main.body.by_name["schedule"])


def the_detail(at: Driver) -> EntryDetail:
    return cast("EntryDetail", at.app.main.body.by_name["entry"])


def the_hours(at: Driver) -> HoursAhead:
    return cast("HoursAhead", at.app.main.body.by_name["hours"])


async def open_schedule(at: Driver, reading: ScheduleReading | None = None) -> None:
    at.engine.schedule.reading = sample_reading() if reading is None else reading
    await at.press("8")
    await at.pilot.pause()


def asked(at: Driver) -> str:
    """The id of the action that a question or a form is about."""
    dialog: Any = at.app.screen
    action = getattr(dialog, "action", None)
    return str(dialog.note if action is None else action.id)


def shown(at: Driver) -> str:
    """The lines of the dialog."""
    dialog: Any = at.app.screen
    return "\n".join(rows(dialog.box))


def names(at: Driver) -> list[str]:
    return [one.name for one in the_list(at).window(0, 99)]


async def test_what_is_wrong_comes_first_then_what_runs_next() -> None:
    async with driven(size=(140, 40)) as at:
        await open_schedule(at)
        assert names(at)[:4] == [
            "nightly-report",
            "sync-inventory",
            "ping-partners",
            "retry-dunning",
        ]
        assert names(at)[-1] == "cleanup"
        title = rows(the_list(at))[0]
        assert "beat alive, it sent sync-inventory 4s ago" in title
        assert "1 missed · 1 late · 1 disabled · 11 entries" in title
        assert "of app.conf and django-celery-beat" in rows(the_list(at))[-1]


async def test_the_panes_below_follow_the_cursor() -> None:
    async with driven(size=(140, 40)) as at:
        await open_schedule(at)
        await at.press("j", "j")
        text = "\n".join(rows(the_detail(at)))
        assert "sync-inventory  41s late" in text
        assert "queue default  expires 25s" in text
        assert "[200]" in text
        assert "beat is at work" in text
        await at.press("enter", "G")
        text = "\n".join(rows(the_detail(at)))
        assert "✗" in text
        assert "ReadTimeout" in text
        await at.press("escape", "j")
        assert any("differs" in line for line in rows(the_detail(at)))
        hours = rows(the_hours(at))
        assert any("black-friday" in line and "◦" in line for line in hours)
        assert any(line.lstrip("│ ").startswith("busiest") for line in hours)


async def test_what_is_not_known_of_an_entry_is_said_and_what_was_sent_from_here() -> None:
    own = next(one for one in sample_entries() if one.name == "retry-dunning")
    runs = (*own.recent[:-1], replace(own.recent[-1], by_beat=False, own=True))
    why = "its arguments are not plain data: an object of shop.Lazy"
    entry = replace(own, args=None, kwargs=None, recent=runs, notes=(why,))
    async with driven(size=(140, 40)) as at:
        await open_schedule(at, sample_reading(entry))
        lines = rows(the_detail(at))
        assert any("args" in line and "–  not known" in line for line in lines)
        assert any("not plain data" in line for line in lines)
        assert sum("sent from here" in line for line in lines) == 1


class Upcoming(tuple[int, ...]):
    """The runs ahead of an entry, which note that their strip is drawn."""

    drawn: ClassVar[list[int]] = []

    def __getitem__(self, at: Any) -> Any:
        self.drawn.append(id(self))
        return super().__getitem__(at)


async def test_of_thousands_of_entries_only_those_seen_are_drawn() -> None:
    due = next(one for one in sample_entries() if one.name == "retry-dunning")
    many = [
        replace(
            due,
            plan=replace(due.plan, name=f"e{number:04}"),
            upcoming=Upcoming(due.upcoming),
        )
        for number in range(3_000)
    ]
    async with driven(size=(140, 40)) as at:
        await open_schedule(at, sample_reading(*many))
        assert any("e0000" in line for line in rows(the_hours(at)))
        assert 10 < len(set(Upcoming.drawn)) < 40
        await at.press("tab", "tab", "G")
        assert "3,000 entries" in "\n".join(rows(the_hours(at)))


async def test_keys_are_about_the_entry_and_ask_first() -> None:
    async with driven(size=(140, 40)) as at:
        await open_schedule(at)
        await at.press("j", "j", "R")
        assert asked(at) == "entry.run_now"
        await at.press("y")
        await at.press("E", "y")
        assert at.engine.submitted == [
            ("entry.run_now", ("sync-inventory",), {"by": "celerytui"}),
            ("entry.disable", ("sync-inventory",), {}),
        ]


async def test_beat_is_a_choice_where_it_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    reasons = {"sync-inventory": "", "ping-partners": "it runs once\x1b[31m"}
    async with driven(size=(140, 40)) as at:
        monkeypatch.setattr(at.engine.schedule, "why_not_soon", reasons.__getitem__)
        await open_schedule(at)
        await at.press("j", "j", "R")
        assert "Sent by   celerytui  beat" in shown(at)
        await at.press("down", "y", "j", "R")
        line = next(line for line in shown(at).splitlines() if "Sent by" in line)
        assert line.strip("│ ") == "Sent by   celerytui"
        assert "beat cannot send it: it runs once" in shown(at)
        assert "\x1b" not in shown(at)
        # There is nothing to choose, and no key that says so.
        assert "sent by   " not in shown(at)
        await at.press("down", "y")
        assert [params["by"] for _, _, params in at.engine.submitted] == ["beat", "celerytui"]


async def test_what_is_disabled_is_enabled_by_the_same_key() -> None:
    async with driven(size=(140, 40)) as at:
        await open_schedule(at)
        await at.press("G", "E", "y")
        assert at.engine.submitted == [("entry.enable", ("cleanup",), {})]


async def test_the_same_keys_elsewhere_are_about_other_things() -> None:
    async with driven(size=(140, 40)) as at:
        await open_schedule(at)
        await at.press("2", "j", "R")
        await at.pilot.pause()
        assert "task.run_again" in asked(at)


async def test_read_only_has_no_key_that_changes_it() -> None:
    async with driven(size=(140, 40), read_only=True) as at:
        await open_schedule(at)
        await at.press("j", "R", "E")
        assert at.engine.submitted == []
        assert "run now" not in at.screen_text()


async def test_a_search_narrows_the_list() -> None:
    async with driven(size=(140, 40)) as at:
        await open_schedule(at)
        await at.press("/", *"billing", "enter")
        assert sorted(names(at)) == ["close-day", "retry-dunning"]


async def test_an_entry_is_copied_as_the_command_prints_it(monkeypatch: Any) -> None:
    async with driven(size=(140, 40)) as at:
        copied: list[str] = []
        monkeypatch.setattr(at.app, "copy_to_clipboard", copied.append)
        await open_schedule(at)
        await at.press("j", "j", "y")
        found = json.loads(copied[0])
        assert (found["name"], found["missed"], found["late_by"]) == ("sync-inventory", False, 41.0)


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        (ScheduleReading(), "Reading the schedule"),
        (ScheduleReading(NOW, NOW), "No periodic tasks"),
        (
            ScheduleReading(NOW, NOW, (SourceReading("RedBeat", "no answer"),)),
            "RedBeat: no answer",
        ),
    ],
    ids=["first", "none", "error"],
)
async def test_an_empty_view_says_why(reading: ScheduleReading, words: str) -> None:
    async with driven(size=(140, 40)) as at:
        await open_schedule(at, reading)
        assert words in "\n".join(rows(the_list(at)))


@pytest.mark.parametrize(
    ("beat", "words"),
    [
        (BeatState("silent", NOW - 130, "it has sent nothing"), "○ beat silent for 2m10s"),
        (
            BeatState("two", NOW - 9, "gen1@a and gen2@b both send"),
            "! two beats, gen1@a and gen2@b",
        ),
        (BeatState("unknown", None, "can't tell: set x"), "– beat unknown, can't tell: set x"),
    ],
    ids=["silent", "two", "unknown"],
)
async def test_the_head_says_whether_beat_is_alive(beat: BeatState, words: str) -> None:
    async with driven(size=(140, 40)) as at:
        await open_schedule(at, sample_reading(beat=beat))
        assert words in rows(the_list(at))[0]


async def test_a_source_that_fails_is_named_below_what_it_said_last() -> None:
    async with driven(size=(140, 40)) as at:
        broken = SourceReading("django-celery-beat", "connection refused")
        await open_schedule(at, sample_reading(sources=(broken,)))
        assert "django-celery-beat: connection refused" in "\n".join(rows(the_list(at)))
        assert len(names(at)) == 11


async def test_a_source_with_more_entries_than_are_read_says_so_below_the_list() -> None:
    async with driven(size=(140, 40)) as at:
        cut = SourceReading("django-celery-beat", cut=10_000)
        await open_schedule(at, sample_reading(sources=(cut,)))
        said = "django-celery-beat: only 10,000 entries are read, there are more"
        assert said in "\n".join(rows(the_list(at)))


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("keys", [("8",), ("8", "j", "j", "enter")], ids=["list", "one"])
def test_pictures(snap_compare: Any, keys: tuple[str, ...], size: tuple[int, int]) -> None:
    app = fake_app()
    app.engine.schedule.reading = sample_reading()
    assert snap_compare(app, press=keys, terminal_size=size)


@pytest.mark.slow
@pytest.mark.parametrize("look", ["ascii", "light"])
def test_pictures_in_other_looks(snap_compare: Any, look: str) -> None:
    app = fake_app(ascii=True) if look == "ascii" else fake_app(theme=look)
    app.engine.schedule.reading = sample_reading()
    assert snap_compare(app, press=["8", "j"], terminal_size=(140, 40))
