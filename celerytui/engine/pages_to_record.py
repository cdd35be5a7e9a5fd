"""Asks workers for those sections of their pages that nobody else asks for, to be recorded."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from celerytui.model import Section
from celerytui.store import Store

SECTIONS = ("registered", "conf", "revoked")
ONCE = ("conf",)
"""What stays as it is as long as the process runs."""
LOOK_SECONDS = 2.0
"""How often it is looked who is to be asked."""
AT_ONCE = 20
"""So many workers at most are asked after each look."""
AGAIN_SECONDS = 600.0
SILENT_SECONDS = 60.0
"""When a worker is asked again that did not answer."""


class _Asked(Struct):
    """What a process was asked: when it is to be asked again, and for what."""

    pid: int | None
    again: float
    sections: list[str]


class PagesToRecord:
    """Each process of a worker is asked when it is new, and again every ten minutes.

    For one thread; `inspect` asks, and has the store keep the answer. What was too large to be
    kept, or cannot change, is asked of that process no more.
    """

    def __init__(
        self, store: Store, inspect: Callable[[str, str, Callable[[Section], None]], None]
    ) -> None:
        self._store = store
        self._inspect = inspect
        self._asked: dict[str, _Asked] = {}
        self._look = float("-inf")

    def turn(self, now: float) -> None:
        """Ask who is due; `now` is by a clock that nobody sets."""
        if now < self._look:
            return
        self._look = now + LOOK_SECONDS
        before, self._asked = self._asked, {}
        left = AT_ONCE
        for worker in self._store.workers():
            # Of several processes with one name any may reply.
            pid = None if len(worker.pids) > 1 else worker.pid
            asked = before.get(worker.hostname)
            if asked is not None:
                self._asked[worker.hostname] = asked
            other = asked is not None and None not in (pid, asked.pid) and pid != asked.pid
            if left and worker.alive and (asked is None or other or now >= asked.again):
                left -= 1
                sections = [*SECTIONS] if asked is None or other else asked.sections
                made = _Asked(pid, now + AGAIN_SECONDS, sections)
                self._asked[worker.hostname] = made
                for name in tuple(sections):
                    self._inspect(worker.hostname, name, self._taker(made, now))

    def _taker(self, asked: _Asked, now: float) -> Callable[[Section], None]:
        def take(section: Section) -> None:
            if section.error is not None:
                asked.again = now + SILENT_SECONDS
            elif section.name in ONCE or not self._is_kept(section):
                asked.sections.remove(section.name)

        return take

    def _is_kept(self, section: Section) -> bool:
        return self._store.inspections.get(section.hostname, section.name) is not None
