"""What every widget needs to draw: the engine, the look, and the moment that is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from celerytui.control import Scope
from celerytui.engine import Engine
from celerytui.link import Opening
from celerytui.model import LinkState, ScheduleReading
from celerytui.store import WINDOWS, Glance, Pruning, Summary
from celerytui.ui.draw.glyphs import Glyphs
from celerytui.ui.draw.theme import Palette
from celerytui.ui.figures import FAILED, FIGURES, Figure
from celerytui.ui.inspection_cache import InspectionCache
from celerytui.ui.keys.registry import Keys


def numbers_of(session: Session) -> dict[Figure, int]:
    """How many rows each of the figures counts now, of those that count any; the gravest first."""
    rows: dict[Scope, Iterable[Any]] = {
        Scope.WORKER: session.glance.workers.values(),
        Scope.QUEUE: session.engine.health.queues(),
        Scope.ENTRY: session.schedule.entries,
    }
    numbers = {one: one.number(rows.get(one.scope, ())) for one in FIGURES}
    numbers[FAILED] = session.engine.store.summary(session.now()).failed_5m
    return {figure: number for figure, number in numbers.items() if number}


def something_wrong(session: Session) -> bool:
    """Whether any of the figures is to be seen; asked at each drawing, so it counts no rows."""
    alerts = session.engine.health.alerts
    found = (alerts.of(one.detector) for one in FIGURES if one.detector is not None)
    return bool(session.engine.store.summary(session.now()).failed_5m) or any(found)


class Session:
    """One run of the interface.

    `marked` are the ids of tasks and `marked_workers` hostnames; `worker` is the one that the view
    of one worker shows, `type` the task name that the view of one type shows, and `window` the time
    that types are about; `failure` is the key of the group that details are shown of, and
    `failure_window` the time that failures are counted in; `unfolded` are the groups whose
    messages are listed; `entry` is the name of the entry of the schedule that details are shown of.
    `framed` and `columns_within` are what the view says of the screen's size. `opening` is how the
    monitor was started.
    """

    def __init__(
        self,
        engine: Engine,
        palette: Palette,
        glyphs: Glyphs,
        keys: Keys,
        opening: Opening,
    ) -> None:
        self.engine = engine
        self.settings = engine.settings
        self.palette = palette
        self.glyphs = glyphs
        self.keys = keys
        self.opening = opening
        self.utc = engine.settings.utc
        self.framed = True
        self.columns_within: Mapping[str, int] = {}
        self.paused_at: float | None = None
        self.filter_text = ""
        self.marked: set[str] = set()
        self.pruning = Pruning(engine.store)
        self.marked_workers: set[str] = set()
        self.worker: str | None = None
        self.type: str | None = None
        self.window = "5m"
        self.failure: str | None = None
        self.failure_window = WINDOWS[1]
        self.entry: str | None = None
        self.unfolded: set[str] = set()
        self.answers = InspectionCache(engine)
        self._asked_for = self._came()
        self._glance: tuple[str | None, Glance] | None = None
        self._schedule: ScheduleReading | None = None
        self._summary: Summary | None = None

    @property
    def glance(self) -> Glance:
        """The workers, and what the one that is shown holds, as of the newest news.

        Whatever is drawn of them is drawn from it, so that figures agree in every frame.
        """
        if self._glance is None or self._glance[0] != self.worker:
            self.look()
        assert self._glance is not None
        return self._glance[1]

    def take_news(self) -> bool:
        """Read what is drawn; whether that is to be drawn: while paused only what was asked for."""
        self.look()
        before, self._asked_for = self._asked_for, self._came()
        if self.paused_at is not None:
            return self._asked_for != before
        # What a paused display shows can be marked and acted on, evicted or not.
        self.pruning.step(self.marked)
        return True

    def _came(self) -> tuple[object, ...]:
        """Another value when something came, or was chosen, that somebody waits to see."""
        store, chosen = self.engine.store, (self.failure_window, frozenset(self.unfolded))
        figures = store.types.answered, store.types.restored, store.failures.changed
        windows = self.window, self.failure_window.label
        reach = tuple(map(self.engine.past_windows.reach, windows))
        return self.engine.view.showing, self.answers.count, *figures, *chosen, *reach

    def look(self) -> None:
        """Read the workers anew, for whatever is drawn next."""
        self._glance = self.worker, self.engine.health.glance(self.worker)

    @property
    def summary(self) -> Summary:
        """The figures of the store that panels name, as they were when the display was paused."""
        if self._summary is None or self.paused_at is None:
            self._summary = self.engine.store.summary(self.now())
        return self._summary

    @property
    def schedule(self) -> ScheduleReading:
        """The schedule as it was last read, or when the display was paused or the link lost."""
        held = self.paused_at is not None or self.stale_since is not None
        if self._schedule is None or not held:
            self._schedule = self.engine.schedule.reading
        return self._schedule

    def now(self) -> float:
        """The moment that is drawn: the clock, or when the display was paused or the link lost.

        Offline it is up to when the history goes.
        """
        if self.paused_at is not None:
            return self.paused_at
        link = self.engine.link
        shown = link.lost_at if link.state is LinkState.OFFLINE else self.stale_since
        return self.engine.clock() if shown is None else shown

    @property
    def stale_since(self) -> float | None:
        """Since when the figures are old, because the broker is gone; None while they are fresh."""
        link = self.engine.link
        if link.state in (LinkState.RECONNECTING, LinkState.STOPPED):
            return link.lost_at
        return None

    @property
    def read_only(self) -> bool:
        """Whether nothing that changes the cluster may be done."""
        return self.settings.read_only or self.settings.offline

    @property
    def replaying(self) -> bool:
        """Whether a recording is shown, and no cluster."""
        return self.keys.replaying

    def key_of(self, id: str) -> str:
        """The key of a key's, an action's or a group's id as people write it, "" for none."""
        return self.keys.first(id)

    @property
    def ascii(self) -> bool:
        """Whether only ASCII is drawn."""
        return self.glyphs.area == "ascii"
