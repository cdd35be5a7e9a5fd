"""Tells a store again what was recorded, at any speed, from any time on."""

from __future__ import annotations

from msgspec import Struct

from celerytui.model import Bucket, Moments, Recording

SPEEDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


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

    Every wish is fulfilled by that thread, soon, and the newest one counts.
    """

    recording: Recording

    @property
    def state(self) -> ReplayState: ...

    def overview(self, count: int) -> list[Bucket] | None:
        """What happened in so many equal parts; None until the thread has worked it out."""

    def play(self, on: bool) -> None:
        """Go on, or stand still; at the end it goes on from the beginning."""

    def speed(self, step: int) -> None:
        """Play faster by so many of `SPEEDS`, or slower."""

    def step(self) -> None:
        """Stand still after the next event."""

    def seek(self, to: float) -> None:
        """Go to a time, within the recording."""

    def find(self, what: Moments, *, back: bool = False) -> None:
        """Go to the next moment of a kind, or to the last one."""

    def skip(self, on: bool) -> None:
        """Whether to pass over times without events."""
