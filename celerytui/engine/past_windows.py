"""Windows of time that are filled from a history, the long ones once somebody looks at one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from celerytui.engine.past_course import restore_window, restore_window_levels
from celerytui.engine.past_failures import restore_failures
from celerytui.errors import HistoryError
from celerytui.masking import mask
from celerytui.store import Store
from celerytui.store.statistics import WATCHED, WINDOWS

if TYPE_CHECKING:
    from celerytui.history.history import History


WITHIN_OTHERS = WATCHED[:-1]
"""Windows whose failures come with those of the longest that is filled at the start."""


class Reach(Struct, frozen=True):
    """How far a window was filled: back to that time, and whether that is all there is.

    `trouble` is why it is not filled any further, or what part of it cannot be read.
    """

    back_to: float | None = None
    done: bool = False
    trouble: str | None = None


class PastWindows:
    """`fill` and `follow` are for one thread, the rest for any.

    `tell` is called after each step. `kept` says whether there is a history; without one no long
    window is offered, and nothing is filled.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], float],
        tell: Callable[[], object] = lambda: None,
        *,
        kept: bool,
    ) -> None:
        self._store = store
        self._clock = clock
        self._tell = tell
        self._kept = kept
        self.offered: Sequence[str] = tuple(WINDOWS if kept else WATCHED)
        self._wanted: set[str] = set()
        self._reach: dict[str, Reach] = {}
        self._back_to: dict[str, float] = {}
        self._up_to: dict[str, float] = {}
        self._news = threading.Event()

    def want(self, window: str) -> None:
        """Have a window filled, or what stopped it tried again; nothing for one that is."""
        if not self._kept or window not in self.offered or self._reached(window).done:
            return
        self._reach[window] = Reach(self._reached(window).back_to)
        self._wanted.add(window)
        self._news.set()

    def begin(self) -> None:
        """Have those filled that a monitor shows by itself; for the thread that fills them."""
        for window in WATCHED if self._kept else ():
            if not self._reached(window).done:
                self._reach.setdefault(window, Reach())
                self._wanted.add(window)

    def reach(self, window: str) -> Reach | None:
        """How far it is filled, None for one that nobody asked for."""
        return self._reach.get(window)

    def wait(self, seconds: float) -> None:
        """Wait until a window is wanted, or somebody calls `wake`, at most so long."""
        self._news.wait(seconds)
        self._news.clear()

    def wake(self) -> None:
        """End the wait."""
        self._news.set()

    @property
    def waiting(self) -> bool:
        """Whether a window is to be filled."""
        return bool(self._wanted)

    def fill(self, history: History, until: float, stopped: Callable[[], bool]) -> None:
        """Fill what is wanted with what was recorded before `until`, the newest first.

        Raises HistoryError, once it is noted.
        """
        while self._wanted and not stopped():
            window = min(tuple(self._wanted), key=WINDOWS.__getitem__)
            try:
                self._fill(history, window, until, stopped)
            except HistoryError as error:
                self.give_up(str(error))
                raise
            finally:
                self._wanted.discard(window)

    def give_up(self, reason: str) -> None:
        """Say of what is wanted that it cannot be filled now, and why."""
        for window in tuple(self._wanted):
            self._note(window, Reach(self._reached(window).back_to, trouble=mask(reason)))
            self._wanted.discard(window)

    def follow(self, history: History, until: float) -> None:
        """Add what was recorded since to the windows that are filled; raises HistoryError."""
        for window, since in list(self._up_to.items()):
            for _ in restore_window(history, self._store, window, since, until):
                pass
            self._up_to[window] = until

    def _fill(
        self, history: History, window: str, until: float, stopped: Callable[[], bool]
    ) -> None:
        store, since = self._store, until - WINDOWS[window]
        if window not in WITHIN_OTHERS:
            for _ in restore_failures(history, store, since, until, self._clock()):
                if stopped():
                    return
        # What was given before an error must not be given again.
        end = self._back_to.setdefault(window, until)
        self._up_to.setdefault(window, until)
        fresh = self._reached(window).back_to is None
        for back_to in restore_window(history, store, window, since, end, unfinished=fresh):
            self._back_to[window] = back_to
            self._note(window, Reach(back_to))
            if stopped():
                return
        if window not in WATCHED:
            # The levels of the others are read together.
            for _ in restore_window_levels(history, store, window, until):
                if stopped():
                    return
        trouble = next(map(mask, history.notes), None)
        self._note(window, Reach(store.types.since(window), done=True, trouble=trouble))

    def _note(self, window: str, reach: Reach) -> None:
        self._reach[window] = reach
        self._tell()

    def _reached(self, window: str) -> Reach:
        return self._reach.get(window) or Reach()
