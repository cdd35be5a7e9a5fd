"""A search for past tasks that is under way, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable

from msgspec import Struct

from celerytui.engine.job import Work

TELL_SECONDS = 0.2


class PastReading(Struct, frozen=True):
    """What came of the turns so far; `oldest` is when the oldest task that they brought ended.

    The figures are of one source, called `source`; those `searched` before had nothing, or nothing
    more. `added` and `looked_at` are of all turns, `known` of the tasks that were held already;
    `unfinished` ones are left out, since workers say what runs. Everything from `back_to` on has
    been looked at. `ended` says that there are no more, `further` is the source that comes next,
    `full` that there is no room for more, `stopped` that the user ended the last turn, `searching`
    that it goes on by itself, `skipped` why something could not be read, `error` why nothing.
    """

    source: str = ""
    kind: str = ""
    ordered: bool = True
    turns: int = 0
    added: int = 0
    known: int = 0
    unfinished: int = 0
    looked_at: int = 0
    flawed: int = 0
    oldest: float | None = None
    back_to: float | None = None
    searched: tuple[str, ...] = ()
    ended: bool = False
    further: str = ""
    full: bool = False
    stopped: bool = False
    searching: bool = False
    skipped: str | None = None
    error: str | None = None


class PastSearch(Work):
    """One request for older tasks; `reading` is how far it is."""

    def __init__(self, since: float, tell: Callable[[], None]) -> None:
        super().__init__("Searching older tasks", since)
        self.reading = PastReading()
        self.interrupt: Callable[[], None] = lambda: None
        self._tell = tell
        self._told = time.monotonic()

    def cancel(self) -> None:
        """End it at once; what was found stays."""
        super().cancel()
        self.interrupt()

    def tell(self, reading: PastReading) -> None:
        """Show how far it is, some times a second."""
        self.reading = reading
        now = time.monotonic()
        if now - self._told >= TELL_SECONDS:
            self._told = now
            self._tell()
