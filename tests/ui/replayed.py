"""A recording in memory, and a replay of it that stands still: what it is told is kept."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from msgspec.structs import replace

from celerytui.demo.sample import NOW
from celerytui.engine.replayer import SPEEDS, Replayer, ReplayState
from celerytui.model import Bucket, Entry, Moment, Moments
from celerytui.settings import Settings
from celerytui.store import Store
from celerytui.ui.app import MonitorApp
from celerytui.ui.draw.theme import PALETTES
from tests.ui.fake_engine import FakeEngine
from tests.ui.pilot import Driver

BEGINS, ENDS = NOW - 3792.0, NOW + 3408.0
GAP = Moment(NOW - 840, "connection lost", NOW - 360)
MARKS = (Moment(NOW - 1620, "v1.2"), Moment(NOW + 1500, "rollback to v1.1"))
FAILING = {26: 3, 27: 4, 51: 2, 79: 5, 80: 9, 81: 4, 100: 1}
"""How many tasks failed in which hundredths of two hours."""


class SampleRecording:
    """Two hours around the sample's moment, with a gap, two marks and three bursts of failures."""

    name = "~/recordings/shop"
    kind = "sqlite"
    unit = "event"
    app = "shop"
    broker = "redis://10.0.0.7:6379/0"
    begins = BEGINS
    ends = ENDS
    events = 8_412_377
    notes: Sequence[str] = ()
    marks: Sequence[Moment] = MARKS
    gaps: Sequence[Moment] = (GAP,)

    def buckets(self, count: int) -> list[Bucket]:
        """A tide of events, none in the gap."""
        return [self._bucket(place, count) for place in range(count)]

    def _bucket(self, place: int, count: int) -> Bucket:
        at = BEGINS + (place + 0.5) * (ENDS - BEGINS) / count
        if GAP.at <= at < (GAP.until or 0):
            return Bucket(None)
        events = int(60_000 * (1.4 + math.sin(at / 320) + 0.4 * math.sin(at / 97)))
        hundredths = {part * 100 // count for part in [place]}
        return Bucket(events, sum(FAILING.get(one, 0) for one in hundredths))

    def entries(self, since: float) -> Iterator[Entry]:
        """Nothing: the sample's store is as it is."""
        return iter(())

    def begin_of(self, since: float) -> float:
        """All that there is can be told at any time."""
        return since

    def find(self, what: Moments, after: float, *, back: bool = False) -> float | None:
        """Nothing is looked for."""
        return None

    def close(self) -> None:
        """Nothing is open."""


class StillReplayer(Replayer):
    """Keeps in `told` what it was told, and moves only where a test says so."""

    def __init__(self, state: ReplayState | None = None, *, read: bool = True) -> None:
        self.recording = SampleRecording()
        self.state = state or ReplayState(NOW, playing=True, speed=10)
        self.read = read
        self.told: list[tuple[Any, ...]] = []

    def overview(self, count: int) -> list[Bucket] | None:
        return self.recording.buckets(count) if self.read else None

    def play(self, on: bool) -> None:
        self.told.append(("play", on))
        self.state = replace(self.state, playing=on)

    def speed(self, step: int) -> None:
        self.told.append(("speed", step))
        at = SPEEDS.index(self.state.speed) + step
        self.state = replace(self.state, speed=SPEEDS[max(0, min(at, len(SPEEDS) - 1))])

    def step(self) -> None:
        self.told.append(("step",))

    def seek(self, to: float) -> None:
        self.told.append(("seek", to))

    def find(self, what: Moments, *, back: bool = False) -> None:
        self.told.append(("find", what, back))

    def skip(self, on: bool) -> None:
        self.told.append(("skip", on))
        self.state = replace(self.state, skipping=on)


def replay_app(
    state: ReplayState | None = None,
    *,
    read: bool = True,
    theme: str = "dark",
    store: Store | None = None,
    **options: Any,
) -> MonitorApp:
    """The monitor on a replay that stands still at the sample's moment."""
    engine = FakeEngine(Settings(theme=theme, **{"utc": True, **options}), store)
    engine.replayer = StillReplayer(state, read=read)
    return MonitorApp(engine, palette=PALETTES[theme])


class ReplayDriver(Driver):
    """The monitor on a replay, driven by keys and the mouse."""

    @property
    def replayer(self) -> StillReplayer:
        """The replay at rest."""
        replayer = self.engine.replayer
        assert isinstance(replayer, StillReplayer)
        return replayer


@asynccontextmanager
async def replayed(
    size: tuple[int, int] = (140, 40), state: ReplayState | None = None, **options: Any
) -> AsyncIterator[ReplayDriver]:
    app = replay_app(state, **options)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield ReplayDriver(app, pilot)
