"""The whole schedule: its sources read, merged, and joined with what was seen."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from celerytui.errors import CelerytuiError, UsageError
from celerytui.interpreter import give_way
from celerytui.masking import mask_url, one_line
from celerytui.model import (
    BeatState,
    PlannedEntry,
    ScheduleEntry,
    ScheduleReading,
    SourceReading,
)
from celerytui.schedule.beat import Evidence, Pinged, judge_beat, shortest_gap
from celerytui.schedule.merge import merge
from celerytui.schedule.registry import SOURCES
from celerytui.schedule.runs import RunTracker
from celerytui.schedule.soundness import checked, flawed
from celerytui.schedule.source import MOST_ENTRIES, BeatRules, SourceReader
from celerytui.schedule.standing import Watch, busy_quarters, stand
from celerytui.store import Store

logger = logging.getLogger(__name__)

AT_ONCE = 50
"""Entries that are judged before others may have the interpreter."""
LOOP_SECONDS = 300.0
"""How long beat sleeps at the most where nothing else is set."""

T = TypeVar("T")
Ping = Callable[[], Pinged]


def _nobody() -> Pinged:
    return Pinged()


class Said(Struct, frozen=True):
    """What a source said last, and when; `error` is why it could not be read since.

    `cut` says that it has more entries than these.
    """

    reader: SourceReader
    plans: Sequence[PlannedEntry] = ()
    at: float | None = None
    error: str | None = None
    cut: bool = False

    def plans_of(self, source: str) -> list[PlannedEntry]:
        """The entries as those of a source of that name."""
        return [
            plan if plan.source == source else replace(plan, source=source) for plan in self.plans
        ]


class Schedules:
    """Reads the schedule of an app, or of the database at `url`; for one thread.

    `read_sources` asks the sources, `judge` joins what they said with the store and costs no
    network. `watching` says since when events arrive without a gap, None while they do not. `ping`
    asks beats for a sign of life; it is called only where nothing else gives one.
    """

    def __init__(
        self,
        app: Any,
        url: str | None,
        store: Store,
        clock: Callable[[], float],
        watching: Callable[[], float | None] = lambda: None,
        ping: Ping = _nobody,
    ) -> None:
        self._app = app
        self._url = url
        self._clock = clock
        self._watching = watching
        self._ping = ping
        self._store = store
        self._readers: list[SourceReader] | None = None
        self._said: dict[int, Said] = {}
        self._named: dict[str, Said] = {}
        self._sources: list[SourceReading] = []
        self._merged: list[tuple[PlannedEntry, tuple[str, ...]]] = []
        self._read_at: float | None = None
        self._answered: set[str] = set()
        self._rules = BeatRules()
        self.runs = RunTracker(store)

    def read_sources(self) -> None:
        """Ask each source; what one said last stays where it fails now."""
        began = self._clock()
        readers = self._opened()
        for place, reader in enumerate(readers):
            self._read(place, reader)
        said = [self._said[place] for place in sorted(self._said)]
        named = dict(zip(names_of([one.reader for one in said]), said, strict=True))
        merged = merge(
            [(name, one.plans_of(name)) for name, one in named.items()],
            whole=not any(one.cut for one in said),
        )
        self._named, self._merged = named, merged
        self._sources = [
            SourceReading(name, one.error, len(one.plans) if one.cut else None)
            for name, one in named.items()
        ]
        self._read_at = began
        self.runs.follow([plan for plan, _ in self._merged], began)

    def judge(self) -> ScheduleReading:
        """The schedule as it stands now, by what was read last."""
        self.runs.update()
        watch = self._watch()
        self._rules = BeatRules(watch.loop, _deadline(self._app))
        entries = []
        for plan, differs in paced(self._merged):
            entry = self._stand(plan, watch)
            entry.since, entry.differs = self.runs.since, differs
            entries.append(entry)
        beat = self._beat(watch) if entries else BeatState(why=self._why_nothing())
        return ScheduleReading(
            watch.now,
            self._read_at,
            tuple(self._sources),
            tuple(entries),
            self._judged_with_ping(beat, watch),
            busy_quarters(entries),
        )

    def writer(self, entry: ScheduleEntry) -> SourceReader:
        """The source that an entry comes from; UsageError where it is gone. From any thread."""
        said = self._named.get(entry.plan.source)
        if said is None:
            raise UsageError(f"{entry.plan.source} is not a source of this schedule")
        return said.reader

    def why_not_soon(self, entry: ScheduleEntry) -> str:
        """Why beat cannot be had to send an entry now, "" where it can. From any thread."""
        writer = self.writer(entry)
        return writer.why_not_soon(entry.plan, self._clock(), self._rules)

    def run_soon(self, entry: ScheduleEntry) -> str:
        """Have beat send an entry at its next look; what was written, in words. From any thread."""
        if why := self.why_not_soon(entry):
            raise UsageError(f"beat would not send it: {why}")
        return self.writer(entry).run_soon(entry.plan, self._clock(), self._rules)

    def follow_up(self) -> None:
        """See how far beat is with what it was asked to send."""
        for reader in self._opened():
            reader.follow_up(self._clock())

    def close(self) -> None:
        """Give back the connections of all sources."""
        for reader in self._readers or ():
            try:
                reader.close()
            except Exception:
                logger.info("%s was not closed", reader.name, exc_info=True)

    def _read(self, place: int, reader: SourceReader) -> None:
        """Keep what a source says now, else what it said last and why it says no more."""
        now = self._clock()
        try:
            if not reader.present:
                self._said.pop(place, None)
                return
            found = reader.read(now)
            plans = [checked(plan) for plan in paced(found[:MOST_ENTRIES])]
        except Exception as exc:
            logger.info("%s was not read", reader.name or reader.where, exc_info=True)
            error = str(exc) if isinstance(exc, CelerytuiError) else one_line(exc)
            self._said[place] = replace(self._said.get(place, Said(reader)), error=error)
        else:
            cut = reader.cut or len(found) > len(plans)
            self._said[place] = Said(reader, plans, now, cut=cut)

    def _stand(self, plan: PlannedEntry, watch: Watch) -> ScheduleEntry:
        runs = self.runs
        try:
            return stand(
                plan,
                watch,
                runs.of(plan.name),
                shared=runs.shared(plan.name),
                texts=runs.texts(plan.name),
                read_at=self._named[plan.source].at,
            )
        except Exception as error:
            logger.info("the entry %r was not judged", plan.name, exc_info=True)
            return stand(flawed(plan, error), watch)

    def _opened(self) -> list[SourceReader]:
        if self._readers is None:
            self._readers = open_sources(self._app, self._url)
        return self._readers

    def _watch(self) -> Watch:
        now, plans = self._clock(), [plan for plan, _ in self._merged]
        gap = shortest_gap(plans, now)
        loops = [reader.loop for reader in self._opened() if reader.loop is not None]
        if self._app is not None and self._app.conf.beat_max_loop_interval:
            # Beat itself does not start with one that is no number.
            with contextlib.suppress(TypeError, ValueError):
                loops = [float(self._app.conf.beat_max_loop_interval)]
        loop = min([*loops[-1:], LOOP_SECONDS])
        # It wakes when something is due: then it looks at everything.
        loop = max(1.0, loop if gap is None else min(loop, gap))
        alive = [worker for worker in self._store.workers() if worker.alive]
        sees = bool(self.runs.beats()) or self._sent_events() is True
        # One worker without them may be the one that runs what is due.
        sees = sees or (bool(alive) and all(worker.task_events for worker in alive))
        return Watch(now, self._watching(), sees, loop)

    def _sent_events(self) -> bool | None:
        return None if self._app is None else bool(self._app.conf.task_send_sent_event)

    def _evidence(self, watch: Watch, pinged: Pinged) -> Evidence:
        newest, name = self.runs.newest() or (None, "")
        doubtful, doubtful_name = self.runs.doubtful() or (None, "")
        # What a lock was when it was last read proves nothing once it cannot be read.
        said = [one for one in self._named.values() if one.error is None]
        signs = [one.reader.sign(watch.now) for one in said]
        return Evidence(
            plans=[plan for plan, _ in self._merged],
            signs=[sign for sign in signs if sign is not None],
            senders=self.runs.beats(),
            newest=newest,
            newest_name=name,
            doubtful=doubtful,
            doubtful_name=doubtful_name,
            pinged=pinged,
            sent_events=self._sent_events(),
        )

    def _beat(self, watch: Watch) -> BeatState:
        return judge_beat(self._evidence(watch, Pinged()), watch)

    def _judged_with_ping(self, beat: BeatState, watch: Watch) -> BeatState:
        if beat.state != "unknown" or not self._merged:
            return beat
        pinged = self._believed(self._ping())
        if pinged == Pinged():
            return beat
        return judge_beat(self._evidence(watch, pinged), watch)

    def _believed(self, pinged: Pinged) -> Pinged:
        """Without those that are silent and may be gone for long: Redis keeps their mailboxes.

        One that answered once has to answer again, and all have to where the app says so.
        """
        self._answered.update(pinged.answered)
        if self._app is not None and self._app.conf.get("beat_enable_remote_control"):
            return pinged
        silent = tuple(name for name in pinged.silent if name in self._answered)
        return Pinged(pinged.answered, silent)

    def _why_nothing(self) -> str:
        if self._read_at is None:
            return "the schedule was not read yet"
        if any(source.error for source in self._sources):
            return "the schedule could not be read"
        return "there are no periodic tasks"


def _deadline(app: Any) -> float | None:
    """After how many seconds beat gives up a crontab's run, None for never."""
    with contextlib.suppress(TypeError, ValueError):
        return None if app is None else float(app.conf.beat_cron_starting_deadline)
    return None


def paced(many: Iterable[T]) -> Iterator[T]:
    """The same, with room for other threads in between."""
    for number, one in enumerate(many):
        if number % AT_ONCE == 0:
            give_way()
        yield one


def names_of(readers: Sequence[SourceReader]) -> dict[str, SourceReader]:
    """The readers by names of which no two are the same."""
    names = [reader.name or reader.where for reader in readers]
    found: dict[str, SourceReader] = {}
    for name, reader in zip(names, readers, strict=True):
        if names.count(name) > 1 and reader.where:
            name = f"{name} at {reader.where}"
        number, free = 1, name
        while free in found:
            number += 1
            free = f"{name} ({number})"
        found[free] = reader
    return found


def open_sources(app: Any, url: str | None) -> list[SourceReader]:
    """The readers of all sources that an app uses, and of the one at `url`; connects to none.

    One that cannot be opened says so when it is read, and costs no other.
    """
    found = []
    for source in SOURCES:
        if app is not None and source.for_app is not None:
            found.append(_opened(source.for_app, app))
    if url is not None:
        found.append(_opened(partial(open_url, app=app), url))
    return [reader for reader in found if reader is not None]


def _opened(open_source: Callable[[Any], SourceReader | None], of: Any) -> SourceReader | None:
    try:
        return open_source(of)
    except UsageError as error:
        return BrokenReader(str(error))
    except Exception as error:
        logger.exception("a source of the schedule was not opened")
        return BrokenReader(one_line(error))


def open_url(url: str, app: Any = None) -> SourceReader:
    """The reader of the schedule at a URL; UsageError where it is of no kind that is known.

    The app, where there is one, says in which zone times are that have none.
    """
    for source in SOURCES:
        reader = None if source.for_url is None else source.for_url(url, app)
        if reader is not None:
            return reader
    raise UsageError(
        f"--schedule {mask_url(url)}: not the URL of a database or of Redis,"
        " such as postgresql://user@host/name or redis://host:6379/0"
    )


class BrokenReader(SourceReader):
    """Stands for a source that could not be opened."""

    name = "schedule"

    def __init__(self, why: str) -> None:
        self._why = why

    def read(self, now: float) -> list[PlannedEntry]:
        raise UsageError(self._why)
