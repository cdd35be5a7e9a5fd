"""The steps of threads that must go on: one that fails is told until it succeeds again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from msgspec import Struct

from celerytui.engine.control_thread import Step

logger = logging.getLogger(__name__)

TOLD_SECONDS = 5.0
"""A failure that any other step of its part may end is shown for at least this long."""


class _Failure(Struct, frozen=True):
    """What failed, in words, and when by the engine's clock."""

    text: str
    at: float


class Steps:
    """Does steps of all threads; `trouble` is what failed last and did not succeed since."""

    def __init__(self, clock: Callable[[], float], tell: Callable[[], None]) -> None:
        self.trouble: str | None = None
        self._clock = clock
        self._tell = tell
        self._failed: dict[str, _Failure] = {}

    def survive(self, step: Step, *, whole: bool = False, part: str | None = None) -> None:
        """Do one step of a thread that must go on: what fails is reported until it succeeds again.

        `whole` is a thread's work itself, which has succeeded as soon as a step of it has. The
        steps of a `part` are of many kinds, of which some are never done again: any of them that
        succeeds shows that the part works.
        """
        thread = threading.current_thread().name
        name = thread if whole else part or f"{thread} {getattr(step, '__qualname__', '')}"
        try:
            step()
        except Exception as error:
            logger.exception("%s failed", thread)
            self._failed[name] = _Failure(f"{type(error).__name__} in {thread}", self._clock())
        else:
            failed = self._failed.get(name)
            kept = part and failed and abs(self._clock() - failed.at) < TOLD_SECONDS
            names = {thread} if kept else {thread, name}
            over = [one for one in names if one in self._failed]
            if not over:
                return
            for one in over:
                del self._failed[one]
        self.trouble = next((one.text for one in [*self._failed.values()][-1:]), None)
        self._tell()
