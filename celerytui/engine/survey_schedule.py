"""Which workers are to be asked for what, and when: told what happens, it decides and asks nobody.

Nothing here waits, locks or looks at a clock: the times are handed in, in seconds of any one clock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct

from celerytui.control import SURVEY_SECTIONS
from celerytui.model import Worker

AGAIN_SECONDS = (2.0, 5.0, 15.0, 60.0)
"""A worker that did not answer is asked again after so long; the last one over and over."""

ENABLE = "enable_events"
"""Stands among the sections that are due where task events are to be turned on."""

_AT_ONCE = float("-inf")
_EVERYTHING = frozenset((section, _AT_ONCE) for section in SURVEY_SECTIONS)


class Question(Struct, frozen=True):
    """Whom to ask for which sections; ENABLE stands alone, and is to turn their events on."""

    hostnames: tuple[str, ...]
    sections: tuple[str, ...]


class _Process(Struct):
    """A worker's process, which is asked in full once; `due` has what it is to be asked, from when.

    Before `wait` it is left alone, for it was silent `tries` times.
    """

    pid: int | None
    due: set[tuple[str, float]]
    answered: bool = False
    tries: int = 0
    wait: float = _AT_ONCE


class SurveySchedule:
    """Remembers each worker's process and what it is to be asked; for one thread.

    A new process is asked everything once, its task events are turned on once where `enable`
    says so, and one that is silent is asked again with growing pauses: a busy solo worker answers
    only between its tasks.
    """

    def __init__(self, *, enable: bool) -> None:
        self._enable = enable
        self._known: dict[str, _Process] = {}

    def start_over(self) -> None:
        """Much was missed: everybody is to be asked everything.

        Workers that connect anew send task events, or not, as they did before.
        """
        for process in self._known.values():
            process.due |= _EVERYTHING
            process.tries, process.wait = 0, _AT_ONCE

    def meet(self, workers: Iterable[Worker]) -> None:
        """These are about to be asked, due or not: see first which of them are new processes."""
        for worker in workers:
            self._meet(worker)

    def book(self, hostnames: Iterable[str], sections: Iterable[str], at: float) -> None:
        """Ask these once more at that time, whatever they are asked before it."""
        booked = {(section, at) for section in sections}
        for hostname in hostnames:
            process = self._known.get(hostname)
            if process is None:
                process = self._known[hostname] = self._new(None)
            process.due |= booked

    def leave_events(self, hostname: str) -> None:
        """Somebody saw to the process's task events: they are not turned on any more."""
        process = self._known.get(hostname)
        if process is not None:
            process.due.discard((ENABLE, _AT_ONCE))

    def note(
        self,
        asked: Sequence[Worker],
        sections: Collection[str],
        answered: Collection[str],
        asked_at: float,
        now: float,
    ) -> None:
        """These were asked for `sections` at `asked_at`, and those in `answered` answered by now.

        The workers are as they are after it.
        """
        for worker in asked:
            process, restarted = self._meet(worker)
            if worker.hostname in answered:
                process.pid, process.answered = worker.pid, True
                process.tries, process.wait = 0, _AT_ONCE
                process.due = {
                    (section, at)
                    for section, at in process.due
                    if section not in sections or at > asked_at
                }
            elif not restarted:
                process.due |= {(section, _AT_ONCE) for section in sections}
                process.wait = now + AGAIN_SECONDS[min(process.tries, len(AGAIN_SECONDS) - 1)]
                process.tries += 1

    def due(self, workers: Sequence[Worker], now: float) -> list[Question]:
        """What to ask now; `workers` are all that are known, of which the living are asked."""
        groups: dict[tuple[str, ...], list[str]] = {}
        for worker in workers:
            if worker.status in ("online", "late"):
                process, _ = self._meet(worker)
                if now >= process.wait and (sections := _sections(process, worker, now)):
                    groups.setdefault(sections, []).append(worker.hostname)
        if len(self._known) > len(workers):
            held = {worker.hostname for worker in workers}
            self._known = {name: one for name, one in self._known.items() if name in held}
        return [Question(tuple(hostnames), sections) for sections, hostnames in groups.items()]

    def _meet(self, worker: Worker) -> tuple[_Process, bool]:
        """The worker's process, and whether it took the place of another."""
        process = self._known.get(worker.hostname)
        if process is not None and process.pid is None:
            process.pid = worker.pid
        # In a container every process has the same pid, but the store forgot the answers.
        if (
            process is None
            or process.pid != worker.pid
            or (process.answered and worker.inspected is None)
        ):
            new = self._known[worker.hostname] = self._new(worker.pid)
            if process is not None:
                # What is booked may be about the new one already.
                new.due |= {(section, at) for section, at in process.due if at > _AT_ONCE}
            return new, process is not None
        return process, False

    def _new(self, pid: int | None) -> _Process:
        due = set(_EVERYTHING)
        if self._enable:
            due.add((ENABLE, _AT_ONCE))
        return _Process(pid, due)


def _sections(process: _Process, worker: Worker, now: float) -> tuple[str, ...]:
    """What is due of a process; its events are turned on once nothing else is."""
    due = {section for section, at in process.due if at <= now}
    asked = tuple(section for section in SURVEY_SECTIONS if section in due)
    if asked or ENABLE not in due:
        return asked
    if worker.task_events is True:
        process.due.discard((ENABLE, _AT_ONCE))
        return ()
    return (ENABLE,)
