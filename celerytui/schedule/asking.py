"""Entries in tables that beat is asked to send: made due, and followed until it is known what came.

Beat keeps last runs in memory and writes those that changed before it reads the tables again, so
that what is written here may be lost once; then it is written once more. It says nothing of what
it read, but a run that it sent is in the table after the next change that it notices. An entry
that it leaves alone gets its last run back, or it would run at some later time.
"""

from __future__ import annotations

import logging
from typing import Protocol

from msgspec import Struct

from celerytui.errors import UsageError
from celerytui.masking import one_line

logger = logging.getLogger(__name__)

SLACK = 2.0
"""Seconds beside one of beat's loops after which it has noticed a change."""
MOST_LOOKS = 4
MOST_WRITES = 2
JUST_RAN = 10.0
"""A run within as many seconds before it was asked for is not asked for again."""
KEPT_SECONDS = 600.0
"""For how long it is known what came of a request."""

Answer = tuple[bool | None, str]
"""Whether beat sent an entry, None while that is not known, and that in words."""


class LastRuns(Protocol):
    """The last runs in tables; beat notices each change."""

    def last_run(self, name: str) -> float | None:
        """The last run of an entry; UsageError where there is none of that name."""
        ...

    def set_last_run(
        self, name: str, at: float | None, now: float, instead_of: float | None = None
    ) -> None:
        """Write the last run of an entry; only where it is `instead_of`, if that is given."""
        ...

    def note_change(self, now: float) -> None:
        """Have beat notice a change where there is none."""
        ...


class Request(Struct):
    """One entry that is asked for: `due` is the last run that was written, `before` the true one.

    `looks` and `writes` count what was done, and `next_look` is when there is more to do.
    """

    asked_at: float
    settle: float
    due: float
    before: float | None
    next_look: float
    looks: int = 0
    writes: int = 1
    answer: Answer = (None, "")


class Requests:
    """What beat was asked to send, by the names of entries.

    `ask` may come from another thread than `follow`.
    """

    def __init__(self, runs: LastRuns) -> None:
        self._runs = runs
        self._asked: dict[str, Request] = {}

    def ask(self, name: str, due: float, loop: float, now: float) -> None:
        """Write that an entry ran last when that makes it due; UsageError where it is asked for."""
        known = self._asked.get(name)
        if known is not None and known.answer[0] is None:
            raise UsageError("beat was asked to send it already")
        before = self._runs.last_run(name)
        settle = loop + SLACK
        request = Request(now, settle, due, before, now + settle)
        request.answer = None, f"not sent yet; beat looks every {loop:g} s"
        self._asked[name] = request
        try:
            self._runs.set_last_run(name, due, now)
        except BaseException:
            del self._asked[name]
            raise

    def follow(self, now: float) -> None:
        """Look at what is due to be looked at."""
        for name, request in list(self._asked.items()):
            if request.answer[0] is None and request.next_look <= now:
                request.looks += 1
                request.next_look = now + request.settle
                try:
                    self._look(name, request, now)
                except Exception as error:
                    logger.info("%r was not looked at", name, exc_info=True)
                    if request.looks >= MOST_LOOKS:
                        request.answer = False, f"could not be looked at: {one_line(error)}"
            elif request.answer[0] is not None and request.asked_at + KEPT_SECONDS < now:
                del self._asked[name]

    def answer(self, name: str) -> Answer | None:
        """What came of a request, None where there was none."""
        request = self._asked.get(name)
        return None if request is None else request.answer

    def true_last_run(self, name: str, at: float | None) -> float | None:
        """The last run of an entry that the table says ran at a time: what we wrote is none."""
        request = self._asked.get(name)
        return at if request is None or at != request.due else request.before

    def _look(self, name: str, request: Request, now: float) -> None:
        ran = self._runs.last_run(name)
        if ran == request.due:
            self._look_at_untouched(name, request, now)
        elif ran is not None and ran >= request.asked_at:
            request.answer = True, "beat sent it"
        elif ran is not None and ran >= request.asked_at - JUST_RAN:
            ago = request.asked_at - ran
            request.answer = False, f"it ran {ago:.0f} s before; beat did not send it again"
        elif request.writes < MOST_WRITES:
            # Beat wrote back a last run from before, and will not do so again.
            request.before = ran
            request.writes += 1
            self._runs.set_last_run(name, request.due, now)
        else:
            request.answer = False, "beat overwrote that it is due; send it from here instead"

    def _look_at_untouched(self, name: str, request: Request, now: float) -> None:
        """Have beat write the run, if it sent one; after a while it gets no more time for that."""
        if request.looks < MOST_LOOKS:
            self._runs.note_change(now)
            return
        self._runs.set_last_run(name, request.before, now, request.due)
        waited = request.settle * MOST_LOOKS
        request.answer = False, f"beat did not send it within {waited:.0f} s; its last run is back"
