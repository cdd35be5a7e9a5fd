"""Workers are asked for what only a recording wants: once a process, and again now and then."""

from __future__ import annotations

from collections.abc import Callable

from celerytui.engine.pages_to_record import (
    AGAIN_SECONDS,
    AT_ONCE,
    LOOK_SECONDS,
    SECTIONS,
    SILENT_SECONDS,
    PagesToRecord,
)
from celerytui.model import Section
from celerytui.store.inspections import MOST_BYTES
from tests.unit.event_log import Told
from tests.unit.store_stream import ALPHA, BETA, beat, worker_event


class Asked:
    """A cluster in which each worker answers, but where it is silent."""

    def __init__(self) -> None:
        self.told = Told()
        self.asked: list[tuple[str, str]] = []
        self.silent = False
        self.data: object = ["shop.pay"]
        self.pages = PagesToRecord(self.told.store, self._inspect)

    def _inspect(self, hostname: str, name: str, done: Callable[[Section], None]) -> None:
        self.asked.append((hostname, name))
        error = "no reply" if self.silent else None
        section = Section(hostname, name, self.told.now, None if error else self.data, error)
        self.told.store.inspections.take(section)
        done(section)

    def at(self, now: float) -> list[tuple[str, str]]:
        """Who was asked what at a time."""
        self.asked = []
        self.pages.turn(now)
        return self.asked


def all_of(*hostnames: str) -> list[tuple[str, str]]:
    return [(host, name) for host in hostnames for name in SECTIONS]


def test_each_process_is_asked_when_it_is_new_and_again_after_a_while() -> None:
    cluster = Asked()
    assert cluster.at(0.0) == []
    cluster.told.hear(beat(0, pid=1))
    assert cluster.at(LOOK_SECONDS) == all_of(ALPHA)
    cluster.told.hear(beat(1, pid=1), beat(1, host=BETA, pid=2))
    assert cluster.at(2 * LOOK_SECONDS) == all_of(BETA)
    assert cluster.at(3 * LOOK_SECONDS) == []
    again = [one for one in all_of(ALPHA) if one[1] != "conf"]
    assert cluster.at(LOOK_SECONDS + AGAIN_SECONDS) == again
    assert [one.name for one in cluster.told.store.inspections.all()] == [
        *("conf", *SECTIONS, "registered", "revoked")
    ]


def test_one_that_is_silent_is_asked_again_sooner() -> None:
    cluster = Asked()
    cluster.silent = True
    cluster.told.hear(beat(0))
    assert cluster.at(0.0) == all_of(ALPHA)
    assert cluster.at(SILENT_SECONDS - 1) == []
    assert cluster.at(SILENT_SECONDS + LOOK_SECONDS) == all_of(ALPHA)


def test_what_is_too_large_is_not_asked_for_again() -> None:
    cluster = Asked()
    cluster.data = "x" * MOST_BYTES
    cluster.told.hear(beat(0, pid=1))
    assert cluster.at(0.0) == all_of(ALPHA)
    assert cluster.at(AGAIN_SECONDS) == []


def test_another_process_of_the_name_is_asked_at_once() -> None:
    cluster = Asked()
    cluster.told.hear(beat(0, pid=1))
    assert cluster.at(0.0) == all_of(ALPHA)
    cluster.told.hear(worker_event("offline", 1, pid=1), beat(100, pid=7))
    assert cluster.at(LOOK_SECONDS) == all_of(ALPHA)
    assert cluster.at(2 * LOOK_SECONDS) == []


def test_of_many_some_are_asked_at_once() -> None:
    cluster = Asked()
    cluster.told.hear(*(beat(0, host=f"w{number:03}@h") for number in range(2 * AT_ONCE + 1)))
    asked = [len(cluster.at(turn * LOOK_SECONDS)) for turn in range(4)]
    assert asked == [AT_ONCE * 3, AT_ONCE * 3, 3, 0]
