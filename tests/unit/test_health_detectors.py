"""Each detector at its bounds."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterable
from typing import Any, get_args

import msgspec
import pytest

from celerytui import health
from celerytui.health import DETECTORS, Detector, Judgement, schedule
from celerytui.health.link import BEHIND, BLOCKED, MISSING, QUIET, UNASKED, UNRECORDED
from celerytui.health.queues import GROWING, UNCONSUMED, never_drains
from celerytui.health.tasks import runs_long
from celerytui.health.workers import LATE, LOST, SHARED, SILENT, is_skewed
from celerytui.model import (
    BeatState,
    BeatStatus,
    Blockage,
    Interval,
    Link,
    LinkState,
    LostTasks,
    PlannedEntry,
    Queue,
    ScheduleEntry,
    ScheduleReading,
    Severity,
    Worker,
    WorkerStatus,
)
from celerytui.store import Store, Summary
from tests.unit.judged import NOW, judged, known

STATUSES: tuple[WorkerStatus, ...] = get_args(WorkerStatus)


def found(detector: Detector, **changes: Any) -> list[tuple[str, bool]]:
    """Subject and whether it raises, of each judgement."""
    return [(one.subject, one.raises) for one in detector.judge(known(**changes))]


def only(judgements: Iterable[Judgement]) -> Judgement:
    [judgement] = judgements
    return judgement


def worker(status: WorkerStatus = "online", **fields: Any) -> Worker:
    return Worker("celery@w1", 0.0, NOW - 9.0, status=status, **fields)


KINDS = {
    *("worker", "queue", "receiver", "events", "broker", "control"),
    *("beat", "entry", "history"),
}


def test_each_detector_is_registered_once_under_a_name_that_says_its_kind() -> None:
    defined = {
        one.id
        for module in pkgutil.iter_modules(health.__path__, "celerytui.health.")
        for one in vars(importlib.import_module(module.name)).values()
        if isinstance(one, Detector)
    }
    ids = [one.id for one in DETECTORS]
    assert sorted(ids) == sorted(defined)
    assert all(re.fullmatch(r"[a-z]+\.[a-z]+", one) for one in ids)
    assert {one.kind for one in DETECTORS} == KINDS


@pytest.mark.parametrize("status", STATUSES)
def test_a_worker_is_late_or_lost_as_its_status_says(status: WorkerStatus) -> None:
    workers = [worker(status)]
    raised = [("celery@w1", True)]
    assert found(LATE, workers=workers) == (raised if status == "late" else [])
    assert found(LOST, workers=workers) == (raised if status == "lost" else [])


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("sends", [None, True, False])
def test_a_worker_is_silent_that_lives_and_is_known_to_send_none(
    status: WorkerStatus, sends: bool | None
) -> None:
    expected = sends is False and status in ("online", "late")
    assert bool(found(SILENT, workers=[worker(status, task_events=sends)])) == expected


def test_a_lost_worker_says_what_it_had_and_since_when() -> None:
    for active, said in ((None, ""), (0, ""), (1, "; 1 task was running"), (2, "; 2 tasks were")):
        lost = only(LOST.judge(known(workers=[worker("lost", active=active, last_heartbeat=7.0)])))
        assert said in lost.text
        assert ("running" in lost.text) == bool(active)
        assert lost.since == 7.0
    assert only(LATE.judge(known(workers=[worker("late")]))).since == NOW - 9.0


@pytest.mark.parametrize(
    ("growth", "ready", "expected"),
    [
        (None, 5, None),
        (0.049, 5, None),
        (0.05, 5, False),
        (0.099, 5, False),
        (0.1, 5, True),
        (0.1, 0, None),
        (0.1, None, None),
    ],
)
def test_from_what_growth_on_a_queue_grows(
    growth: float | None, ready: int | None, expected: bool | None
) -> None:
    row = Queue("q", ready=ready, growth=growth, consumed=True)
    assert found(GROWING, queues=[row]) == ([] if expected is None else [("q", expected)])


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (Queue("q", ready=9, growth=1.0), [GROWING]),
        (Queue("q", ready=9, growth=1.0, consumed=False), [UNCONSUMED]),
        (Queue("q", consumed=False), [UNCONSUMED]),
        (Queue("q", ready=9, growth=1.0, error="NO ACCESS"), []),
        (Queue("q", ready=9, growth=-1.0, consumed=True), []),
    ],
)
def test_a_queue_has_one_trouble_at_a_time(row: Queue, expected: list[Detector]) -> None:
    judged(row)
    assert [one for one in (GROWING, UNCONSUMED) if one.on(row)] == expected


def summary(**changes: Any) -> Summary:
    return msgspec.structs.replace(Store().summary(NOW), **changes)


@pytest.mark.parametrize(
    ("lag", "expected"), [(None, None), (1.0, None), (1.01, False), (2.0, False), (2.01, True)]
)
def test_from_what_lag_on_the_receiver_is_behind(lag: float | None, expected: bool | None) -> None:
    judgements = found(BEHIND, summary=summary(lag=lag))
    assert judgements == ([] if expected is None else [("receiver", expected)])
    gone = Link(LinkState.RECONNECTING, NOW)
    assert found(BEHIND, summary=summary(lag=lag), link=gone) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"workers_online": 1, "last_event_at": NOW - 6.0}, []),
        ({"workers_online": 1, "last_event_at": NOW - 6.1}, [("events", True)]),
        ({"workers_late": 1, "last_event_at": NOW - 6.1}, [("events", True)]),
        ({"workers_lost": 1, "last_event_at": NOW - 6.1}, [("events", True)]),
        ({"workers_total": 1, "last_event_at": NOW - 6.1}, []),
        ({"workers_online": 1, "last_event_at": None}, []),
    ],
)
def test_it_is_quiet_where_somebody_should_be_heard(
    changes: dict[str, Any], expected: list[tuple[str, bool]]
) -> None:
    assert found(QUIET, summary=summary(**changes)) == expected
    assert found(QUIET, summary=summary(**changes), link=Link(LinkState.NO_EVENTS)) == []


@pytest.mark.parametrize("silences", [True, False])
def test_a_broker_that_blocks_is_told_and_silence_is_not_where_it_is_the_cause(
    silences: bool,
) -> None:
    blockage = Blockage("It is full", {"limit": 1}, silences)
    quiet = summary(workers_online=1, last_event_at=NOW - 60)
    alert = only(BLOCKED.judge(known(blockage=blockage)))
    assert (alert.subject, alert.severity, alert.evidence) == ("broker", "critical", {"limit": 1})
    assert alert.text == "It is full" + ("; their events are delayed" if silences else "")
    assert found(QUIET, summary=quiet, blockage=blockage) == (
        [] if silences else [("events", True)]
    )
    assert found(BLOCKED) == []


def test_a_lost_worker_says_what_was_lost_with_it_rather_than_its_last_heartbeat() -> None:
    gone = worker("lost", active=2, lost_tasks=LostTasks(2, 8))
    text = only(LOST.judge(known(workers=[gone]))).text
    assert text.endswith("; it had 2 started and 8 waiting tasks")


@pytest.mark.parametrize(
    ("link_since", "gaps", "silent_since"),
    [
        (NOW - 6.0, [(NOW - 60, NOW - 6.0)], None),
        (NOW - 6.1, [(NOW - 60, NOW - 6.1)], NOW - 6.1),
        (NOW - 900, [(NOW - 60, NOW - 6.0)], None),
        (NOW - 900, [(NOW - 60, NOW - 6.1)], NOW - 6.1),
        (NOW - 900, [(NOW - 90, NOW - 80)], NOW - 60),
    ],
)
def test_no_silence_is_counted_through_a_gap(
    link_since: float, gaps: list[tuple[float, float]], silent_since: float | None
) -> None:
    silent = summary(workers_online=1, last_event_at=NOW - 60)
    link = Link(LinkState.CONNECTED, link_since)
    judgements = QUIET.judge(known(summary=silent, link=link, gaps=gaps))
    assert [one.since for one in judgements] == ([] if silent_since is None else [silent_since])


def test_a_gap_is_told_while_it_lasts_and_while_figures_lack_it() -> None:
    gone = Link(LinkState.RECONNECTING, NOW, error="Connection refused", lost_at=NOW - 9)
    lasting = only(MISSING.judge(known(link=gone, gaps=[(NOW - 9, None)])))
    assert (lasting.severity, lasting.since) == ("critical", NOW - 9)
    assert lasting.evidence == {"since": NOW - 9, "until": None, "reason": "Connection refused"}

    for ago, expected in ((0.0, 1), (300.0, 1), (300.1, 0)):
        until = NOW - ago
        back = Link(LinkState.CONNECTED, until, lost_at=until - 9, lost_for="reset by peer")
        ended = list(MISSING.judge(known(link=back, gaps=[(1.0, 2.0), (until - 9, until)])))
        assert len(ended) == expected
        for one in ended:
            assert one.severity == "warning"
            assert one.text.startswith("The events of 9 s are missing")
            assert one.evidence["reason"] == "reset by peer"
    assert list(MISSING.judge(known())) == []


def test_a_gap_without_a_lost_connection_was_our_own_standing_still() -> None:
    gap = only(MISSING.judge(known(gaps=[(NOW - 60, NOW - 50)])))
    assert gap.evidence["reason"] == "celerytui was stopped, or the machine slept"


@pytest.mark.parametrize(
    ("pids", "text"),
    [
        ((9, 7), "2 processes use this name: pids 7, 9"),
        ((1, 1, 1), "3 processes use this name: all with pid 1"),
    ],
)
def test_processes_that_share_a_name_are_counted(pids: tuple[int, ...], text: str) -> None:
    assert only(SHARED.judge(known(workers=[worker(pids=pids)]))).text == text


def test_why_a_worker_is_late_or_lost_is_said() -> None:
    beat: dict[str, Any] = {"last_heartbeat": NOW - 40}

    def late(**fields: Any) -> str:
        return only(LATE.judge(known(workers=[worker("late", **fields)]))).text

    def lost(**fields: Any) -> str:
        return only(LOST.judge(known(workers=[worker("lost", **fields)]))).text

    assert late(**beat) == "A heartbeat is overdue; it sends one every 2 s"
    assert late(silent_pings=1) == "It sends no heartbeats and did not answer a ping"
    busy = "Busy, or gone: no heartbeat for 40 s"
    usual = "its tasks usually take 45 s"
    assert late(patience=135.0, usual=45.0, **beat) == f"{busy}, {usual}; lost after 2m15s"
    assert late(patience=300.0, **beat) == f"{busy}; lost after 5m00s"
    assert lost(**beat) == "Its heartbeats stopped without a shutdown"
    assert lost(silent_pings=3) == "It sends no heartbeats and left 3 pings unanswered"
    gone = "No heartbeat for more than 2m15s, longer than its tasks take"
    assert lost(patience=135.0, **beat) == gone


def test_the_judgements_that_are_no_alerts() -> None:
    assert [is_skewed(worker(clock_skew=skew)) for skew in (None, 5.0, 5.1, -5.1)] == [
        *(False, False, True, True)
    ]
    assert [runs_long(times) for times in (1.99, 2.0)] == [False, True]
    rows = [Queue("q", ready=1, growth=0.01), Queue("q", ready=0, growth=1.0), Queue("q", ready=1)]
    assert [never_drains(row) for row in rows] == [True, False, False]


PLAN = PlannedEntry(name="nightly", task="report", timing=Interval(60.0), source="app.conf")
OVERDUE = ScheduleEntry(plan=PLAN, standing="missed", due_words="03:00", due_at=NOW - 90)
ELSEWHERE = ("control.failed", "history.failed", "beat.silent", "beat.two", "entry.missed")
"""Those whose facts are no rows."""


def test_every_text_is_one_plain_sentence() -> None:
    rows: dict[str, Any] = {
        "workers": [
            worker("late", task_events=False),
            worker("lost", active=2),
            worker(pids=(7, 9)),
        ],
        "queues": [Queue("a", ready=9, growth=1.0), Queue("b", ready=1204, consumed=False)],
        "summary": summary(lag=7.4, workers_online=1, last_event_at=NOW - 9),
        "gaps": [(NOW - 20, NOW - 10)],
        "blockage": Blockage("RabbitMQ blocks publishers: memory alarm"),
    }
    texts = {one.id: only(one.judge(known(**rows))) for one in DETECTORS if one.id not in ELSEWHERE}
    texts[UNASKED.id] = only(UNASKED.judge(known(unasked="NOPERM")))
    texts[UNRECORDED.id] = only(UNRECORDED.judge(known(unrecorded="the disk is full")))
    for one in (schedule.SILENT, schedule.TWO, schedule.MISSED):
        state: BeatStatus = "two" if one is schedule.TWO else "silent"
        reading = ScheduleReading(entries=(OVERDUE,), beat=BeatState(state, NOW - 9, "it is gone"))
        texts[one.id] = only(one.judge(known(schedule=reading)))
    assert set(texts) == {one.id for one in DETECTORS}
    for judgement in texts.values():
        assert judgement.severity in get_args(Severity)
        assert judgement.text[0].isupper() or judgement.text[0].isdigit()
        assert not judgement.text.endswith(".")
        assert 10 < len(judgement.text) < 90
        assert judgement.text.isprintable()


def test_workers_that_cannot_be_asked_are_told_while_the_broker_is_there() -> None:
    alert = only(UNASKED.judge(known(unasked="NOPERM")))
    assert alert.evidence == {"error": "NOPERM"}
    assert found(UNASKED) == []
    lost = Link(LinkState.RECONNECTING, lost_at=NOW)
    assert list(UNASKED.judge(known(unasked="NOPERM", link=lost))) == []
