"""A schedule as the monitor has it after a while, with all that can be told of entries."""

from __future__ import annotations

from typing import Any

from celerytui.demo.sample import NOW
from celerytui.model import (
    BeatState,
    Clocked,
    Crontab,
    EntryRun,
    Interval,
    PlannedEntry,
    ScheduleEntry,
    ScheduleReading,
    Solar,
    SourceReading,
    TaskState,
)
from celerytui.schedule.runs import EntryRuns
from celerytui.schedule.standing import Watch, busy_quarters, stand

DJANGO = "django-celery-beat"
WATCH = Watch(NOW, NOW - 7200, sees=True, loop=5.0)


def entry(
    name: str, task: str, timing: Any, marks: str = "", newest: float = 0.0, **more: Any
) -> ScheduleEntry:
    """An entry whose runs ended as `marks` say (`+` well, `x` failed, `>` still running).

    The newest was sent `newest` seconds ago, each earlier one an interval, or a day, before.
    """
    shared = more.pop("shared", 1)
    every = timing.every if isinstance(timing, Interval) else more.pop("apart", 86_400.0)
    states = {"+": TaskState.SUCCESS, "x": TaskState.FAILURE, ">": TaskState.STARTED}
    seen = EntryRuns()
    for place, mark in enumerate(marks):
        at = NOW - newest - every * (len(marks) - place - 1)
        ended = mark != ">"
        run = EntryRun(
            f"{abs(hash_of(name)):08x}-{place:04x}",
            at,
            states[mark],
            waited=0.004,
            runtime=1.92 if ended else None,
            exception="ReadTimeout('no answer')" if mark == "x" else None,
        )
        seen.take(run)
    values: dict[str, Any] = {
        "source": DJANGO,
        "record": f"PeriodicTask {hash_of(name) % 90}",
        "lag": 200.0,
    }
    plan = PlannedEntry(name=name, task=task, timing=timing, **(values | more))
    found = stand(plan, WATCH, seen, shared=shared)
    found.since = NOW - 7200
    return found


def hash_of(text: str) -> int:
    """A number for a text, the same in every process."""
    return sum(ord(sign) * 31 * (place + 1) for place, sign in enumerate(text)) % 2**32


def sample_entries() -> tuple[ScheduleEntry, ...]:
    """Late, missed, running, fine, disabled, over and disagreeing entries."""
    berlin: dict[str, Any] = {"timezone": "Europe/Berlin"}
    disagrees = entry("ping-partners", "webhooks.ping", Interval(60.0), "+" * 19, 13.0)
    disagrees.differs = ("schedule: django-celery-beat has every 1m, app.conf has every 5m",)
    return (
        entry(
            "sync-inventory",
            "inventory.sync",
            Interval(30.0),
            "++++++x+++++++++++",
            71.0,
            args=(200,),
            kwargs={"full": False},
            options={"queue": "default", "expires": 25.0},
            description="Takes over what the warehouse has",
        ),
        disagrees,
        entry("retry-dunning", "billing.dunning", Interval(600.0), "+++++++++++>>", 252.0),
        entry("close-day", "billing.close", Crontab("5", "0"), **berlin, last_run_at=NOW - 39_000),
        entry("nightly-report", "reports.render", Crontab("0", "9"), "++xxx++++", 90_251, **berlin),
        entry("rebuild-search", "search.rebuild", Crontab("0", "4", "sun")),
        entry("black-friday", "mail.campaign", Clocked(NOW + 75_000), one_off=True),
        entry("lights", "shop.lamps", Solar("sunset", 52.5, 13.4)),
        entry(
            "cleanup",
            "shop.cleanup",
            Crontab("0", "5", "sun"),
            "+" * 8,
            882_251,
            apart=604_800.0,
            enabled=False,
        ),
        entry("campaign", "mail.campaign", Interval(5.0), expires_at=NOW - 60),
        entry("own", "shop.own", Interval(0.1), trouble="its entry cannot be read: no JSON"),
    )


def sample_reading(*entries: ScheduleEntry, **more: Any) -> ScheduleReading:
    """What the schedule thread would have read; all of `sample_entries` by default."""
    values: dict[str, Any] = {
        "sources": (
            SourceReading("app.conf"),
            SourceReading(DJANGO),
        ),
        "entries": entries or sample_entries(),
        "beat": BeatState("alive", NOW - 4, "it sent sync-inventory"),
        "busy": busy_quarters(entries or sample_entries()),
    }
    return ScheduleReading(NOW, NOW, **(values | more))
