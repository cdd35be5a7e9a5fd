"""Which workers are due for which questions, and when; it decides and sends nothing.

Nothing here waits, locks or looks at a clock: the times are handed in, in seconds of any one clock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct

from celerytui.control import SURVEY_SECTIONS
from celerytui.model import Worker
from celerytui.store import PING_SECONDS

AGAIN_SECONDS = (2.0, 5.0, 15.0, 60.0)
"""A worker that did not answer is asked again after so long; the last one over and over."""

PIDS_KEPT = 8
"""So many processes of a hostname are remembered: those that share it take turns."""

ENABLE = "enable_events"
"""Stands among the sections that are due where task events are to be turned on."""

LOST_PING_SECONDS = 60.0
"""How often a lost worker is asked for whose return no heartbeat would show."""

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

    def take_answer(self, sections: Collection[str], asked_at: float) -> None:
        """It answered what it was asked at that time."""
        self.answered = True
        self.tries, self.wait = 0, _AT_ONCE
        self.due = {
            (section, at) for section, at in self.due if section not in sections or at > asked_at
        }

    def take_silence(self, sections: Collection[str], now: float) -> None:
        """It did not answer, and is asked again after a pause."""
        self.due |= {(section, _AT_ONCE) for section in sections}
        self.wait = now + AGAIN_SECONDS[min(self.tries, len(AGAIN_SECONDS) - 1)]
        self.tries += 1


class _Host(Struct):
    """The processes of a hostname, the one heard last at the end.

    It is `shared` where one came back after another: several workers have the name by mistake.
    """

    processes: list[_Process]
    shared: bool = False

    @property
    def current(self) -> _Process:
        return self.processes[-1]


class SurveySchedule:
    """Remembers each worker's processes and what it is to be asked; for one thread.

    A new process is asked everything once, its task events are turned on once where `enable`
    says so, and one that is silent is asked again with growing pauses: a busy solo worker answers
    only between its tasks. Workers that share a hostname are asked once each.
    """

    def __init__(self, *, enable: bool) -> None:
        self._enable = enable
        self._known: dict[str, _Host] = {}
        self._pings: dict[str, float] = {}

    def start_over(self) -> None:
        """Much was missed: everybody is to be asked everything.

        Workers that connect anew send task events, or not, as they did before.
        """
        for host in self._known.values():
            for process in host.processes:
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
            host = self._known.get(hostname)
            if host is None:
                host = self._known[hostname] = _Host([self._new(None)])
            host.current.due |= booked

    def postpone(self, hostname: str, section: str, at: float) -> None:
        """Ask this worker for a section at that time, and not before."""
        host = self._known.get(hostname)
        if host is not None:
            process = host.current
            process.due = {one for one in process.due if one[0] != section} | {(section, at)}

    def leave_events(self, hostname: str) -> None:
        """Somebody saw to the task events of this name: they are not turned on any more."""
        host = self._known.get(hostname)
        for process in () if host is None else host.processes:
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
            before = self._known.get(worker.hostname)
            asked_one = None if before is None else before.current
            process, restarted = self._meet(worker)
            # All that share a name got the question, whichever of them is heard now.
            both = [process]
            if asked_one is not None and asked_one is not process:
                both.append(asked_one)
            if worker.hostname in answered:
                for one in both:
                    one.take_answer(sections, asked_at)
            elif not restarted:
                for one in both:
                    one.take_silence(sections, now)

    def due(self, workers: Sequence[Worker], now: float) -> list[Question]:
        """What to ask now; `workers` are all that are known, of which the living are asked."""
        groups: dict[tuple[str, ...], list[str]] = {}
        for worker in workers:
            if worker.status in ("online", "late"):
                process, _ = self._meet(worker)
                if now >= process.wait and (sections := _sections(process, worker, now)):
                    groups.setdefault(sections, []).append(worker.hostname)
            elif (host := self._known.get(worker.hostname)) is not None:
                # It fell silent or said goodbye: what comes back with an old pid is a new process.
                del host.processes[:-1]
                host.shared = False
        if len(self._known) > len(workers):
            held = {worker.hostname for worker in workers}
            self._known = {name: one for name, one in self._known.items() if name in held}
        return [Question(tuple(hostnames), sections) for sections, hostnames in groups.items()]

    def due_pings(self, workers: Sequence[Worker], now: float) -> list[str]:
        """Whom to ask now whether they are there: those that never sent a heartbeat.

        Each is asked again after PING_SECONDS, whatever it answers.
        """
        known = {one.hostname: one for one in workers if _sends_no_heartbeats(one)}
        self._pings = {name: at for name, at in self._pings.items() if name in known}
        due = []
        for hostname, worker in known.items():
            # Its first heartbeat may be about to come.
            at = self._pings.setdefault(hostname, now + PING_SECONDS)
            if now >= at:
                lost = worker.status == "lost"
                self._pings[hostname] = now + (LOST_PING_SECONDS if lost else PING_SECONDS)
                due.append(hostname)
        return due

    def _meet(self, worker: Worker) -> tuple[_Process, bool]:
        """The worker's process, and whether it is a new one that took the place of another."""
        host = self._known.get(worker.hostname)
        if host is None:
            host = self._known[worker.hostname] = _Host([self._new(worker.pid)])
            return host.current, False
        current, process = host.current, None
        if current.pid is None:
            current.pid = worker.pid
        if current.pid != worker.pid:
            process = next((one for one in host.processes if one.pid == worker.pid), None)
            host.shared = host.shared or process is not None
        # In a container every process has the same pid, but the store forgot the answers. It does
        # so at each change of the pid as well.
        elif host.shared or not current.answered or worker.inspected is not None:
            return current, False
        restarted = process is None
        if process is None:
            process = self._new(worker.pid)
        # What is booked may be about this one already.
        booked = {(section, at) for section, at in current.due if at > _AT_ONCE}
        current.due -= booked
        process.due |= booked
        others = [one for one in host.processes if one.pid != worker.pid]
        host.processes = [*others[1 - PIDS_KEPT :], process]
        return process, restarted

    def _new(self, pid: int | None) -> _Process:
        due = set(_EVERYTHING)
        if self._enable:
            due.add((ENABLE, _AT_ONCE))
        return _Process(pid, due)


def _sends_no_heartbeats(worker: Worker) -> bool:
    return worker.last_heartbeat is None and worker.status not in ("offline", "stopping")


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
