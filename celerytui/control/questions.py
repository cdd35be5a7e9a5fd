"""Questions to workers, in an order in which one reply that cannot be sent costs no other.

A worker replies in JSON. Where a task that it holds has arguments that JSON cannot carry, its
reply to `reserved`, `scheduled` or `query_task` fails: it logs an error with a traceback, resets
its mailbox, and whatever else was asked of it is lost. So what cannot fail is asked first, with
`active` as reprs, then each of the others alone, and what did not come is left for a while.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from celerytui.control.pidbox import Pidbox
from celerytui.model import id_text

RISKY = ("reserved", "scheduled", "query_task")
"""The inspect commands whose replies hold the real arguments of tasks."""

PAUSES = (15.0, 120.0, 600.0, 3600.0)
"""So long a worker is not asked again what it could not reply to; the last one over and over."""

MAX_SILENCES = 10_000

ARGUMENTS: dict[str, dict[str, Any]] = {
    "active": {"safe": True},
    "registered": {"taskinfoitems": ["rate_limit", "soft_time_limit", "time_limit"]},
    "conf": {"with_defaults": False},
}
"""The arguments of the inspect commands that are asked with any."""

Answers = dict[str, dict[str, Any]]
"""Section -> hostname -> what was answered."""


class _Silence(Struct):
    tries: int
    until: float


class Silences:
    """Which workers reply, but not to a certain question, and when they may be asked it again.

    For any thread; times are those of a clock that nobody sets.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._silent: dict[tuple[str, str], _Silence] = {}
        self._pids: dict[str, Any] = {}

    def pause(self, hostname: str, section: str) -> float:
        """For how many seconds more this is not to be asked of this worker; 0 if it may be."""
        with self._lock:
            silence = self._silent.get((hostname, section))
        return 0.0 if silence is None else max(0.0, silence.until - self._monotonic())

    def note(self, asked: Iterable[str], section: str, answered: Iterable[str]) -> None:
        """These workers, all of which reply to other questions, were asked this one."""
        replied, now = set(answered), self._monotonic()
        with self._lock:
            for hostname in asked:
                before = self._silent.pop((hostname, section), None)
                if hostname not in replied:
                    tries = 0 if before is None else before.tries
                    until = now + PAUSES[min(tries, len(PAUSES) - 1)]
                    self._silent[hostname, section] = _Silence(tries + 1, until)
            while len(self._silent) > MAX_SILENCES:
                del self._silent[next(iter(self._silent))]

    def meet(self, hostname: str, pid: Any) -> None:
        """A worker reported its pid: another process than before holds other tasks."""
        with self._lock:
            silent = [key for key in self._silent if key[0] == hostname]
            if silent and self._pids.get(hostname, pid) != pid:
                for key in silent:
                    del self._silent[key]
            self._pids.pop(hostname, None)
            self._pids[hostname] = pid
            while len(self._pids) > MAX_SILENCES:
                del self._pids[next(iter(self._pids))]


def put(
    pidbox: Pidbox,
    hostnames: Sequence[str] | None,
    sections: Sequence[str],
    silences: Silences,
) -> Answers:
    """Ask these workers, or all there are, for sections: what can fail last, each of it alone.

    After "query_task" stand ids, by spaces. Raises BrokerUnavailable.
    """
    risky = [name for name in sections if name.split(" ")[0] in RISKY]
    safe = [name for name in sections if name not in risky]
    # Only who replies at all can be distinguished from one that could not reply to this.
    first = safe or ["active"]
    asks = {name: pidbox.send(*_question(name), destination=hostnames) for name in first}
    pidbox.collect(list(asks.values()))
    answers: Answers = {name: ask.answers for name, ask in asks.items()}
    for hostname, stats in answers.get("stats", {}).items():
        silences.meet(hostname, stats.get("pid") if isinstance(stats, dict) else None)
    heard = sorted({hostname for answer in answers.values() for hostname in answer})
    for name in risky:
        asked = [hostname for hostname in heard if not silences.pause(hostname, name)]
        answers[name] = {}
        if asked:
            # Names of thousands of workers are not sent to each of them.
            whom = None if hostnames is None and asked == heard else asked
            ask = pidbox.send(*_question(name), destination=whom, awaited=asked)
            pidbox.collect([ask])
            answers[name] = ask.answers
        silences.note(asked, name, answers[name])
    return answers


def unsent(
    answers: Mapping[str, Mapping[str, Any]], silences: Silences
) -> dict[str, dict[str, float]]:
    """Hostname -> section -> seconds until it is asked again, of workers that answered others."""
    heard = {hostname for answer in answers.values() for hostname in answer}
    found = {
        hostname: {
            name: silences.pause(hostname, name)
            for name, answer in answers.items()
            if name in RISKY and hostname not in answer
        }
        for hostname in heard
    }
    return {hostname: sections for hostname, sections in found.items() if sections}


def found_by_query(answer: Any) -> dict[str, tuple[str, dict[str, Any]]]:
    """Task id -> the list that it is in and what it is, from a reply to query_task."""
    found = {}
    for placed in answer.values() if isinstance(answer, dict) else ():
        if isinstance(placed, list) and len(placed) == 2 and isinstance(placed[1], dict):
            id = id_text(placed[1].get("id"))
            if id is not None:
                found[id] = (str(placed[0]), placed[1])
    return found


def _question(section: str) -> tuple[str, dict[str, Any]]:
    """The inspect command and its arguments."""
    name, *ids = section.split()
    return name, {"ids": ids} if ids else ARGUMENTS.get(name, {})
