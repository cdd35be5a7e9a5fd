"""Tells a store again what was recorded, at any speed, from any time on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from celerytui.engine.replay_clock import ReplayClock
from celerytui.errors import HistoryError
from celerytui.interpreter import give_way
from celerytui.model import Batch, Bucket, Entry, Moments, Recording

SPEEDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
TURN_SECONDS = 0.05
STEP_BACK = 1e-3
SILENCE = 5.0
"""Recorded seconds without an event of a task from which on time is passed over, if at all."""
LATELY = 300.0
RARELY = 10
"""On the way to a time all is judged in each of so many seconds only, until `LATELY` before it."""
MOST_OVERVIEWS = 8
"""Overviews that are kept, one for each width that the screen has had."""
TOLD_AT_ONCE = 600
"""Events that are told between two looks whether somebody wishes for something else."""


class ReplayState(Struct, frozen=True):
    """How a replay goes: `position` is the time that is shown, in Unix seconds.

    `seeking` is the time that it is on its way to, None while it is at none, and `done` from 0 to
    1 how far it has come. `skipping` says that times without events are passed over, `ended` that
    there is no more, `searching` that a moment is looked for, `note` what came of the last wish
    that could not be fulfilled, and `error` why the recording can be read no further.
    """

    position: float
    playing: bool = False
    speed: int = 1
    skipping: bool = False
    seeking: float | None = None
    done: float = 0.0
    searching: bool = False
    ended: bool = False
    note: str | None = None
    error: str | None = None


class Replayer:
    """One thread runs it; any other may read its `state` and tell it what to do.

    `tell` takes an entry into the engine, `forget` makes that know nothing, and `news` says that
    something is to be drawn. Every wish is fulfilled by the replaying thread, soon; of several to
    go somewhere the newest counts.
    """

    def __init__(
        self,
        recording: Recording,
        clock: ReplayClock,
        tell: Callable[[Entry], None],
        forget: Callable[[], None],
        news: Callable[[], None],
        *,
        at: float | None = None,
        speed: int = 1,
    ) -> None:
        self.recording = recording
        self.state = ReplayState(recording.begins, playing=True, speed=speed)
        self._clock = clock
        self._tell = tell
        self._forget = forget
        self._news = news
        self._wish: Callable[[], None] | None = None
        self._wake = threading.Event()
        self._changing = threading.Lock()
        self._wanted: int | None = None
        self._overviews: dict[int, list[Bucket] | None] = {}
        self._entries: Iterator[Entry] = iter(())
        self._next: Entry | None = None
        self._busy_at = recording.begins
        self._noted = 0
        self.seek(recording.begins if at is None else at)

    # From any thread

    def overview(self, count: int) -> list[Bucket] | None:
        """What happened in so many equal parts; None until the thread has worked it out."""
        known = self._overviews.get(count)
        if known is None and count not in self._overviews and count > 0:
            self._wanted = count
            self._wake.set()
        return known

    def play(self, on: bool) -> None:
        """Go on, or stand still; at the end it goes on from the beginning."""
        if on and self.state.ended:
            self.seek(self.recording.begins)
        self._become(playing=on, note=None)

    def speed(self, step: int) -> None:
        """Play faster by so many of `SPEEDS`, or slower."""
        at = min(range(len(SPEEDS)), key=lambda one: abs(SPEEDS[one] - self.state.speed))
        self._become(speed=SPEEDS[max(0, min(len(SPEEDS) - 1, at + step))], note=None)

    def skip(self, on: bool) -> None:
        """Whether to pass over times without events of tasks."""
        self._become(skipping=on, note=None)

    def step(self) -> None:
        """Stand still after the next event."""
        self._ask(self._step)
        self._become(playing=False, note=None)

    def seek(self, to: float) -> None:
        """Go to a time, within the recording."""
        to = max(self.recording.begins, min(self.recording.ends, to))
        self._become(seeking=to, done=0.0, note=None)
        self._ask(lambda: self._seek(to))

    def find(self, what: Moments, *, back: bool = False) -> None:
        """Go to the next moment of a kind, or to the last one, and stand still there."""
        self._become(searching=True, playing=False, note=None)
        self._ask(lambda: self._find(what, back))

    def _ask(self, wish: Callable[[], None]) -> None:
        self._wish = wish
        self._wake.set()

    def _become(self, **changes: object) -> None:
        self._change(**changes)
        self._wake.set()
        self._news()

    def _change(self, **changes: object) -> None:
        """Change the state; what another thread changes at the same time is not lost."""
        with self._changing:
            self.state = replace(self.state, **changes)

    # The replaying thread

    def run(self, stopping: threading.Event) -> None:
        """Replay until `stopping` is set."""
        last = time.monotonic()
        while not stopping.is_set():
            now = time.monotonic()
            passed, last = now - last, now
            try:
                if (count := self._wanted) is not None:
                    self._wanted = None
                    self._look_over(count)
                    last = time.monotonic()
                if (wish := self._wish) is not None:
                    self._wish = None
                    wish()
                    last = time.monotonic()
                elif self.state.playing and not self.state.ended:
                    self._play(min(passed, 1.0) * self.state.speed)
            except HistoryError as error:
                self._become(error=str(error), playing=False, seeking=None, searching=False)
            self._pass_notes_on()
            idle = not self.state.playing or self.state.ended
            if self._wish is None:
                self._wake.wait(0.5 if idle else TURN_SECONDS)
                self._wake.clear()

    def _look_over(self, count: int) -> None:
        """Work out what happened in so many parts; where that fails it is not tried again."""
        if len(self._overviews) >= MOST_OVERVIEWS:
            self._overviews.clear()
        self._overviews[count] = None
        self._overviews[count] = self.recording.buckets(count)
        self._news()

    def _pass_notes_on(self) -> None:
        """Say what could not be read of the recording."""
        notes = self.recording.notes
        if len(notes) > self._noted:
            self._noted = len(notes)
            self._become(note=notes[-1])

    def _play(self, seconds: float) -> None:
        """Tell what happened in so many recorded seconds, or as much of it as there is time for."""
        to, until = self._clock.position + seconds, time.monotonic() + 4 * TURN_SECONDS
        while self._wish is None and time.monotonic() < until:
            entry = self._next
            if entry is None:
                self._arrive(self.recording.ends)
                self._become(ended=True, playing=False)
                return
            if entry.at > to:
                if not self.state.skipping or entry.at - self._busy_at < SILENCE or _busy(entry):
                    break
                to = entry.at
            self._take(entry)
        else:
            # There was more than could be told: it is slower than it was asked to be.
            to = self._clock.position
        self._arrive(to)

    def _step(self) -> None:
        while (entry := self._next) is not None:
            if entry.what == "apply" and len(entry.args[0].events) > 1:
                entry = self._split(entry)
            self._take(entry)
            if _busy(entry):
                break
        self._arrive(self._clock.position)
        self._become(ended=self._next is None)

    def _seek(self, to: float) -> None:
        """Go on to a time, from the beginning or a key frame where that is shorter or needed."""
        begin, start = self.recording.begin_of(to), self._clock.position
        if self._next is None or to < start or begin > start:
            self._forget()
            self._entries = self.recording.entries(to)
            self._next = next(self._entries, None)
            self._clock.position = start = begin if self._next is None else self._next.at
        self._become(ended=False)
        told = 0
        while (entry := self._next) is not None and entry.at <= to:
            if entry.what == "sweep" and to - entry.at > LATELY and int(entry.at) % RARELY:
                self._next = next(self._entries, None)
                continue
            self._take(entry)
            told += len(entry.args[0].events) if entry.what == "apply" else 1
            if told < TOLD_AT_ONCE:
                continue
            told = 0
            give_way()
            if self._wish is not None:
                return
            done = (entry.at - start) / max(to - start, 1e-3)
            self._change(done=max(self.state.done, min(1.0, done)), position=entry.at)
            self._news()
        self._busy_at = to
        self._arrive(to)
        self._become(seeking=None, done=1.0, ended=entry is None)

    def _find(self, what: Moments, back: bool) -> None:
        here = self._clock.position
        found = self.recording.find(what, here - STEP_BACK if back else here, back=back)
        if found is None:
            side = "earlier" if back else "later"
            self._become(searching=False, note=f"no {side} {what.value}")
        else:
            if self._wish is None:
                self.seek(found)
            self._become(searching=False)

    def _take(self, entry: Entry) -> None:
        """Tell the engine an entry, at its time."""
        if entry is self._next:
            self._next = next(self._entries, None)
        self._clock.position = max(entry.at, self._clock.position)
        self._tell(entry)
        if _busy(entry):
            self._busy_at = entry.at

    def _split(self, entry: Entry) -> Entry:
        """The first event of a batch; the others are told next."""
        batch = entry.args[0]
        first, *others = batch.events
        rest = Batch(others, batch.received_at, lag=batch.lag)
        self._next = entry._replace(args=(rest,))
        return entry._replace(args=(Batch([first], batch.received_at, batch.invalid, batch.lag),))

    def _arrive(self, at: float) -> None:
        self._clock.position = min(max(at, self._clock.position), self.recording.ends)
        self._change(position=self._clock.position)
        self._news()


def _busy(entry: Entry) -> bool:
    """Whether anything happened to a task."""
    return entry.what == "apply" and any(
        event.type.startswith("task-") for event in entry.args[0].events
    )
