"""The schedule of periodic tasks: what its sources say, what was seen of it, and its beat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from celerytui.model.tasks import TaskState


class Interval(Struct, frozen=True, tag=True):
    """Every so many seconds after the last run."""

    every: float


class Crontab(Struct, frozen=True, tag=True):
    """The fields of a crontab as Celery takes them; all of them have to match."""

    minute: str = "*"
    hour: str = "*"
    day_of_week: str = "*"
    day_of_month: str = "*"
    month_of_year: str = "*"


class Solar(Struct, frozen=True, tag=True):
    """An event of the sun at a place, in degrees."""

    event: str
    latitude: float
    longitude: float


class Clocked(Struct, frozen=True, tag=True):
    """Once, at a time."""

    at: float


class OtherTiming(Struct, frozen=True, tag=True):
    """A schedule of the project's own class, or one that cannot be read: `text` says what it is."""

    text: str


Timing = Interval | Crontab | Solar | Clocked | OtherTiming


class PlannedEntry(Struct, frozen=True, kw_only=True):
    """A periodic task as one source has it.

    `timezone` is the name of the zone that its schedule is in. `options` are those of
    `apply_async`; `expires_at` is when the entry itself ends. `lag` is how many seconds after a run
    the source has it at the latest, None where it may never have it. `record` is what the source
    calls it. `trouble` is why its schedule could not be read, `unread` why its arguments or options
    could not, which then are missing. `next_by_source` is the next run where the source has that
    itself, `changed_at` when the entry was last written, or was made.
    """

    name: str
    task: str
    timing: Timing
    source: str
    timezone: str = "UTC"
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = {}
    options: Mapping[str, Any] = {}
    enabled: bool = True
    one_off: bool = False
    last_run_at: float | None = None
    next_by_source: float | None = None
    total_runs: int | None = None
    starts_at: float | None = None
    expires_at: float | None = None
    changed_at: float | None = None
    description: str = ""
    record: str = ""
    lag: float | None = None
    trouble: str = ""
    unread: str = ""


class EntryRun(Struct, frozen=True):
    """One run of an entry that was seen; `at` is when it was sent, else received.

    `late_by` is by how many seconds it came after it was due, None where that is not known.
    `by_beat` is whether beat may have sent it, `own` whether it was sent from here.
    """

    task_id: str
    at: float
    state: TaskState
    late_by: float | None = None
    waited: float | None = None
    runtime: float | None = None
    exception: str | None = None
    by_beat: bool = True
    own: bool = False


Standing = Literal["disabled", "over", "missed", "late", "running", "ok", "unknown"]
"""How an entry stands, in one word; `over` is one that will never run again."""


class ScheduleEntry(Struct, kw_only=True):
    """A periodic task with what was seen of it.

    `words` say its schedule, with the zone where that matters. `due_at` is when the next run is
    due, which may be over, and `due_words` the same in the schedule's own zone; `about` says that
    it is estimated.
    `late_by` is how late the run is that is overdue, else how late the last one was. `missed` is
    None where nothing could show a run. `runs` and `failures` count what was seen since `since`;
    `recent` are the newest, oldest first. `overlaps` is how many of them are running at once,
    `shared` how many entries have the same task and arguments, which nothing tells apart.
    `upcoming` counts the runs to come in each quarter of an hour, the first of which begins at
    `upcoming_from`. `notes` are sentences about it, `differs` those where sources
    disagree. `args` and `kwargs` are written as in events, None where they are not known, and
    `expires_after` is how many seconds after it was sent an unstarted run expires. `read_at` is
    when its source was last read.
    """

    plan: PlannedEntry
    read_at: float | None = None
    words: str = ""
    args: str | None = "()"
    kwargs: str | None = "{}"
    expires_after: float | None = None
    last_run_at: float | None = None
    due_at: float | None = None
    due_words: str = ""
    about: bool = False
    why_unknown: str = ""
    late_by: float | None = None
    missed: bool | None = None
    standing: Standing = "unknown"
    runs: int | None = None
    failures: int | None = None
    since: float | None = None
    recent: tuple[EntryRun, ...] = ()
    running: int = 0
    shared: int = 1
    upcoming: tuple[int, ...] = ()
    upcoming_from: float = 0.0
    notes: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name, by which it is addressed."""
        return self.plan.name

    @property
    def overdue(self) -> bool:
        """Whether a run is due that was not seen."""
        return self.standing in ("late", "missed")


BeatStatus = Literal["alive", "silent", "two", "unknown"]


class BeatState(Struct, frozen=True):
    """Whether beat is alive: `why` says in one sentence how that is known, or what would tell.

    `since` is the newest sign of life, or since when there is none; of two, since when both are
    seen.
    """

    state: BeatStatus = "unknown"
    since: float | None = None
    why: str = ""


class SourceReading(Struct, frozen=True):
    """How reading one source went: its name, and what is wrong with it.

    `cut` is how many entries of it were read where it has more, None where these are all.
    """

    name: str
    error: str | None = None
    cut: int | None = None


class ScheduleReading(Struct, frozen=True):
    """The whole schedule at one moment, `at`; `read_at` is when its sources were last read.

    Both are None before the first reading. `busy` counts the entries that are due in each quarter
    of an hour of the day to come.
    """

    at: float | None = None
    read_at: float | None = None
    sources: tuple[SourceReading, ...] = ()
    entries: tuple[ScheduleEntry, ...] = ()
    beat: BeatState = BeatState()
    busy: tuple[int, ...] = ()

    @property
    def source(self) -> str:
        """The names of the sources that entries come from."""
        return " and ".join(one.name for one in self.sources if one.error is None)

    @property
    def errors(self) -> tuple[str, ...]:
        """What is wrong with sources, each with its name."""
        return tuple(f"{one.name}: {one.error}" for one in self.sources if one.error)

    @property
    def cuts(self) -> tuple[str, ...]:
        """Which sources have more entries than are read."""
        return tuple(
            f"{one.name}: only {one.cut:,} entries are read, there are more"
            for one in self.sources
            if one.cut is not None
        )


class ScheduleChange(Struct, frozen=True):
    """What a reading of the schedule has that the one before it had not.

    `reading` is without its entries: there are `count`, and those that differ stand in `entries`
    with their places.
    """

    reading: ScheduleReading
    count: int
    entries: tuple[tuple[int, ScheduleEntry], ...] = ()

    @classmethod
    def between(cls, before: ScheduleReading, after: ScheduleReading, most: int) -> ScheduleChange:
        """What is new in the one that came after, of its first `most` entries."""
        known, entries = before.entries, after.entries[:most]
        found = tuple(
            (place, entry)
            for place, entry in enumerate(entries)
            if place >= len(known) or known[place] != entry
        )
        return cls(replace(after, entries=()), len(entries), found)

    def after(self, before: ScheduleReading) -> ScheduleReading:
        """The reading that came after this one; what it would have of one unheard is left out."""
        entries = dict(enumerate(before.entries)) | dict(self.entries)
        kept = tuple(entry for place, entry in sorted(entries.items()) if place < self.count)
        return replace(self.reading, entries=kept)
