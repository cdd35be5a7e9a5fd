"""Since when an alert stands, when it goes, and how many there may be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celerytui.health import Alerts, Detector, Health, Judgement, Known
from celerytui.health.link import MISSING, QUIET
from celerytui.health.queues import GROWING, UNCONSUMED
from celerytui.health.workers import LATE, LOST
from celerytui.model import Alert, Batch, Event, Link, LinkState, QueueDepth, Severity
from celerytui.store import Store
from tests.unit.judged import CONNECTED, NOW

GONE = Link(LinkState.RECONNECTING, NOW)


class Bench:
    """A Health over one detector that finds what it is told to, and clocks set by hand."""

    def __init__(self, *, limit: int = 10_000, **fields: Any) -> None:
        self.now = NOW
        self.tick = 0.0
        self.found: list[Judgement] = []
        self.detector = Detector("queue.bad", lambda known: self.found, **fields)
        self.health = Health(
            Store(), detectors=[self.detector], monotonic=lambda: self.tick, limit=limit
        )

    def after(self, seconds: float, *found: Judgement, link: Link = CONNECTED) -> list[Alert]:
        self.now += seconds
        self.tick += seconds
        self.found = list(found)
        return list(self.health.evaluate(link, self.now))


def bad(subject: str = "q", severity: Severity = "warning", **fields: Any) -> Judgement:
    return Judgement(subject, severity, fields.pop("text", "It is bad"), **fields)


def test_an_alert_keeps_its_beginning_and_follows_its_figures() -> None:
    bench = Bench()
    [first] = bench.after(1.0, bad(evidence={"ready": 1}))
    assert first == Alert("queue.bad", "q", "warning", NOW + 1.0, "It is bad", {"ready": 1})
    [same] = bench.after(1.0, bad(evidence={"ready": 1}))
    assert same is first
    [other] = bench.after(1.0, bad(severity="critical", text="It is worse"))
    assert (other.since, other.severity, other.text) == (NOW + 1.0, "critical", "It is worse")
    assert bench.after(1.0) == []
    [again] = bench.after(1.0, bad())
    assert again.since == NOW + 5.0


def test_a_known_beginning_counts_and_does_not_move() -> None:
    bench = Bench()
    assert [one.since for one in bench.after(1.0, bad(since=NOW - 60))] == [NOW - 60]
    assert [one.since for one in bench.after(1.0, bad(since=NOW - 50))] == [NOW - 60]


def test_another_case_of_the_same_subject_begins_anew() -> None:
    bench = Bench()
    bench.after(1.0, bad(since=NOW - 60, case=1))
    assert [one.since for one in bench.after(1.0, bad(since=NOW - 50, case=1))] == [NOW - 60]
    assert [one.since for one in bench.after(1.0, bad(since=NOW - 40, case=2))] == [NOW - 40]
    waiting = Bench(raise_after=10.0)
    waiting.after(1.0, bad(case=1))
    assert waiting.after(9.0, bad(case=2)) == []
    assert waiting.after(10.0, bad(case=2)) != []


def test_a_second_gap_soon_after_the_first_has_its_own_beginning() -> None:
    store = Store(clock=lambda: NOW)
    health = Health(store, detectors=[MISSING])

    def since(at: float) -> list[float]:
        return [one.since for one in health.evaluate(CONNECTED, at)]

    store.mark_gap(NOW - 100, None)
    assert since(NOW - 95) == [NOW - 100]
    store.mark_gap(NOW - 90, NOW - 90)
    assert since(NOW - 80) == [NOW - 100]
    store.mark_gap(NOW - 20, None)
    assert since(NOW - 15) == [NOW - 20]
    store.mark_gap(NOW - 10, NOW - 10)
    assert since(NOW) == [NOW - 20]


def test_what_does_not_raise_keeps_what_was_raised() -> None:
    bench = Bench()
    little = bad(raises=False)
    assert bench.after(1.0, little) == []
    assert len(bench.after(1.0, bad())) == 1
    assert len(bench.after(1.0, little)) == 1
    assert bench.after(1.0) == []
    assert bench.after(1.0, little) == []


def test_it_is_raised_after_its_time_and_cleared_after_its_time() -> None:
    bench = Bench(raise_after=10.0, clear_after=30.0)
    assert bench.after(0.0, bad()) == []
    assert bench.after(9.9, bad()) == []
    assert bench.after(0.1, bad()) != []
    assert bench.after(29.9) != []
    assert bench.after(0.1) == []
    # What stops before its time begins anew.
    assert bench.after(0.0, bad()) == []
    assert bench.after(9.0) == []
    assert bench.after(9.0, bad()) == []
    assert bench.after(9.0, bad(raises=False)) == []
    assert bench.after(9.0, bad()) == []


def test_how_long_is_not_told_by_a_clock_that_is_set() -> None:
    bench = Bench(raise_after=10.0)
    bench.after(1.0, bad())
    bench.now += 3600.0
    assert bench.after(1.0, bad()) == []
    bench.now -= 7200.0
    assert bench.after(9.0, bad()) != []


def test_while_nothing_comes_in_the_cluster_is_not_judged() -> None:
    bench = Bench()
    assert bench.after(1.0, bad(), link=GONE) == []
    before = bench.after(1.0, bad("a"))
    assert bench.after(1.0, bad("b"), link=GONE) == before
    assert [one.subject for one in bench.after(1.0, bad("b"))] == ["b"]
    always = Bench(always=True)
    assert len(always.after(1.0, bad(), link=GONE)) == 1


def test_the_gravest_and_then_the_oldest_stay_where_there_is_no_room() -> None:
    bench = Bench(limit=3)
    bench.after(1.0, bad("old"), bad("older", since=1.0))
    new = [bad(f"new{number}") for number in range(3)]
    kept = bench.after(1.0, bad("old"), bad("older"), bad("bad", "critical"), *new)
    assert [one.subject for one in kept] == ["bad", "older", "old"]
    assert bench.health.alerts.dropped == 4 - 1
    assert len(bench.after(1.0, bad("old"))) == 1
    assert bench.health.alerts.dropped == 0


def test_a_detector_that_raises_keeps_its_alerts_and_stops_no_other() -> None:
    fails = False

    def judge(known: Known) -> Iterable[Judgement]:
        yield bad("a")
        if fails:
            raise ZeroDivisionError

    good = Detector("worker.bad", lambda known: [bad(f"w{known.now:.0f}")])
    health = Health(Store(), detectors=[Detector("queue.bad", judge), good])
    health.evaluate(CONNECTED, 1.0)
    fails = True
    with pytest.raises(ZeroDivisionError):
        health.evaluate(CONNECTED, 2.0)
    found = [(one.id, one.subject, one.since) for one in health.alerts]
    assert found == [("queue.bad", "a", 1.0), ("worker.bad", "w2", 2.0)]


SUBJECTS = ["a", "b", "c"]
SIGNS = st.sampled_from([None, False, True])
ROUNDS = st.lists(st.tuples(st.floats(0, 5), st.lists(SIGNS, min_size=3, max_size=3)), max_size=30)


@given(ROUNDS, st.sampled_from([0.0, 3.0]), st.sampled_from([0.0, 4.0]))
def test_a_beginning_never_moves_while_it_holds_and_what_is_over_goes(
    rounds: list[tuple[float, list[bool | None]]], raise_after: float, clear_after: float
) -> None:
    bench = Bench(raise_after=raise_after, clear_after=clear_after)
    begun: dict[str, float] = {}
    silent: dict[str, float] = {}
    for seconds, signs in rounds:
        given_ = [
            bad(subject, raises=sign)
            for subject, sign in zip(SUBJECTS, signs, strict=True)
            if sign is not None
        ]
        alerts = {one.subject: one for one in bench.after(seconds, *given_)}
        for subject, sign in zip(SUBJECTS, signs, strict=True):
            silent[subject] = bench.tick if sign is not None else silent.get(subject, 0.0)
            alert = alerts.get(subject)
            if alert is None:
                # It may only be missing where it was not raised yet, or is over.
                over = sign is None and bench.tick - silent[subject] >= clear_after
                assert subject not in begun or over
                begun.pop(subject, None)
            else:
                assert bench.tick - silent[subject] < max(clear_after, 1e-9)
                assert alert.since == begun.setdefault(subject, alert.since)
                assert subject in silent
        # Nothing is kept of a subject that is gone.
        assert set(bench.health._cases["queue.bad"]) <= set(SUBJECTS)
        if raise_after == clear_after == 0.0:
            raised = {one.subject for one in given_ if one.raises}
            assert raised <= set(alerts) <= {one.subject for one in given_}


def heartbeat(hostname: str, at: float) -> Event:
    return Event("worker-heartbeat", hostname, at, pid=1, freq=2.0, active=1, processed=3)


def test_what_is_read_of_the_store_has_its_alerts() -> None:
    store = Store(max_workers=2, clock=lambda: NOW)
    for name, ago in (("w1", 90.0), ("w2", 8.0)):
        store.apply(Batch([heartbeat(name, NOW - ago)], NOW - ago))
    for ago in (16, 11, 6, 1):
        store.record_queues([QueueDepth("high", 100 - ago), QueueDepth("w1", 5, 0, 0)], NOW - ago)
    store.sweep(NOW)
    health = Health(store)
    assert not any(one.alerts for one in health.workers())
    assert not any(one.alerts for one in health.queues())

    health.evaluate(CONNECTED, NOW)
    on = {one.hostname: [a.id for a in one.alerts] for one in health.workers()}
    assert on == {"w1": [LOST.id], "w2": [LATE.id]}
    # A queue may be called what a worker is called.
    found = {one.name: [a.id for a in one.alerts] for one in health.queues()}
    assert found == {"high": [GROWING.id], "w1": [UNCONSUMED.id]}
    one = health.worker("w1")
    assert one is not None
    assert LOST.on(one)
    assert health.worker("w9") is None
    weights = [alert.severity for alert in health.alerts]
    assert weights == ["critical"] * 2 + ["warning"] * 3
    assert health.alerts.get(QUIET) in list(health.alerts)
    lost = health.alerts.get(LOST, "w1")
    assert health.alerts.of(LOST) == [lost]
    assert health.alerts.get(LOST, "w2") is None

    # A third worker takes the place of the one that has been away for longest.
    store.apply(Batch([heartbeat("w3", NOW)], NOW))
    health.evaluate(CONNECTED, NOW)
    assert health.alerts.of(LOST) == []


def test_nothing_new_makes_no_new_alerts() -> None:
    bench = Bench()
    bench.after(1.0, bad())
    before = bench.health.alerts
    bench.after(1.0, bad())
    assert bench.health.alerts is before
    bench.after(1.0, bad(), bad("other"))
    assert bench.health.alerts is not before


def test_there_may_be_none() -> None:
    none = Alerts()
    assert (len(none), list(none), none.of(LOST), none.get(LOST)) == (0, [], [], None)
