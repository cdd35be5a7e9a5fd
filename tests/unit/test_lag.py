"""How far behind the receiver says that it is, by nothing but the stamps of what comes."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import cycle

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from celerytui.model import Batch, Event
from celerytui.wire.lag import JITTER, MAX_SENDERS, WINDOW, Lag

T0 = 1_700_000_000.0
HOSTS = ("alpha@host", "beta@host", "gamma@host")


class Watch:
    """A lag and the time; `see` gives it an event that waited for so long."""

    def __init__(self) -> None:
        self.now = 0.0
        self.lag = Lag(lambda: self.now)

    def see(self, waited: float, host: str = HOSTS[0], skew: float = 0.0) -> float:
        at = T0 + self.now
        event = Event("task-started", host, at - waited + skew, uuid="a")
        seconds = self.lag.look(Batch([event], at))
        assert seconds is not None
        return seconds

    def run(self, waits: Iterable[float], every: float = 0.1, **how: object) -> float:
        seconds = 0.0
        for waited in waits:
            self.now += every
            seconds = self.see(waited, **how)  # type: ignore[arg-type]  # the keywords of `see`
        return seconds


def growing(to: float, every: float = 0.1) -> list[float]:
    """Waits that grow as fast as time goes: nothing is read at all."""
    return [step * every for step in range(1, round(to / every) + 1)]


def test_an_empty_batch_says_nothing() -> None:
    assert Lag().look(Batch([], T0, 3)) is None


def test_it_follows_a_backlog_up_and_at_once_down() -> None:
    watch = Watch()
    assert watch.run([0.01] * 10) == 0.0

    assert abs(watch.run(growing(8.0)) - (8.0 - WINDOW)) < 0.3
    assert abs(watch.run([8.0] * 30) - 8.0) < 0.1
    assert watch.run([0.02]) < 0.1


def test_a_backlog_that_stays_is_told_for_as_long_as_it_stays() -> None:
    watch = Watch()
    watch.run([0.3, 0.01] * 10)
    watch.run(growing(6.0))

    assert 5.5 < watch.run([6.0, 6.3, 6.01] * 2000) < 6.1


def test_a_receiver_that_stood_still_is_behind_by_that() -> None:
    watch = Watch()
    watch.run([0.01] * 10)
    watch.now += 30.0

    assert watch.see(30.0) == 0.0
    assert abs(watch.run([30.0] * 25) - 30.0) < 0.1


def test_a_clock_that_is_wrong_is_no_lag() -> None:
    watch = Watch()
    for _ in range(50):
        for number, host in enumerate(HOSTS):
            assert watch.run([0.01], every=0.03, host=host, skew=3600.0 * (number - 1)) == 0.0


def test_a_clock_that_is_set_is_no_lag() -> None:
    watch = Watch()
    watch.run([0.01] * 20)

    assert watch.run([0.01] * 20, skew=-3600.0) == 0.0
    assert watch.run([0.01] * 20, skew=7200.0) == 0.0


def test_a_worker_that_sends_what_it_had_kept_is_no_lag() -> None:
    watch = Watch()
    watch.run([0.01] * 20)
    kept = [600.0 - step * 0.1 for step in range(100)]

    for waited in kept:
        assert watch.run([waited], host=HOSTS[1]) < JITTER
        assert watch.run([0.01], every=0.0) < 0.1


def test_a_worker_first_seen_in_a_backlog_is_as_late_as_the_others() -> None:
    watch = Watch()
    watch.run([0.01] * 20)
    watch.run(growing(10.0))
    behind = watch.run([10.0] * 30)

    assert abs(watch.run([10.0], host=HOSTS[1], skew=50.0) - behind) < 0.2
    assert watch.run([0.01], host=HOSTS[1], skew=50.0) < 0.1


def test_it_is_seen_also_where_each_worker_is_seldom_the_last_of_a_batch() -> None:
    watch = Watch()
    hosts = [f"w{number}@host" for number in range(1000)]
    turn = cycle(hosts)

    def see(waited: float) -> float:
        watch.now += 0.1
        at = T0 + watch.now
        stamped = [Event("task-started", next(turn), at - waited, uuid="a") for _ in range(500)]
        seconds = watch.lag.look(Batch(stamped, at))
        assert seconds is not None
        return seconds

    for _ in range(10):
        assert see(0.01) == 0.0
    for waited in growing(12.0):
        behind = see(waited)
        assert behind <= waited
    assert behind > 12.0 - WINDOW - 0.3
    assert see(0.02) < 0.1


def test_a_sender_that_is_not_known_proves_nothing() -> None:
    watch = Watch()
    watch.run([0.01] * 20)
    watch.run(growing(10.0))
    behind = watch.lag.seconds
    for number in range(50):
        assert watch.run([10.0], host=f"new{number}@host") <= behind
    assert watch.lag.seconds == behind


def test_where_nothing_waits_it_begins_anew() -> None:
    watch = Watch()
    watch.run([0.01] * 20)
    watch.run(growing(10.0))
    watch.lag.nothing_waits()

    assert watch.lag.seconds == 0.0
    assert watch.run([4.0] * 20) == 0.0


def test_senders_without_number_are_forgotten() -> None:
    watch = Watch()
    for number in range(MAX_SENDERS + 10):
        watch.see(0.01, host=f"gen{number}@host")

    assert len(watch.lag._ages) <= MAX_SENDERS


@settings(deadline=None)
@given(gaps=st.lists(st.floats(0.0, 100.0), min_size=1), late=st.floats(0.0, 1000.0))
@example(gaps=[3.0], late=1.0)
def test_one_late_event_proves_nothing(gaps: list[float], late: float) -> None:
    watch = Watch()
    for gap in gaps:
        watch.now += gap
        assert watch.see(0.0) == 0.0

    assert watch.see(late) == 0.0


@pytest.mark.parametrize("every", [0.125, WINDOW, 30.0])
def test_events_on_both_sides_of_a_window_are_proof(every: float) -> None:
    watch = Watch()
    watch.run([0.0, 0.0])
    watch.now += 10.0
    watch.see(10.0)

    assert watch.run([10.0] * (round(WINDOW / every) or 1), every=every) == pytest.approx(10.0)
    assert watch.see(0.0) == 0.0


LOOKS = st.lists(
    st.tuples(
        st.sampled_from(HOSTS),
        st.floats(0.0, 5.0),
        st.floats(-1e9, 1e9, allow_nan=False),
    ),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(LOOKS)
@example([(HOSTS[0], 3.0, 0.0), (HOSTS[0], 0.0, 1.0)])
@example([(HOSTS[0], 3.0, 0.0), (HOSTS[0], 0.5, 1.0), (HOSTS[0], 2.0, 4.0)])
def test_it_never_claims_more_than_the_time_that_went(
    looks: list[tuple[str, float, float]],
) -> None:
    watch = Watch()
    begun = None
    for host, every, waited in looks:
        watch.now += every
        begun = watch.now if begun is None else begun
        assert 0.0 <= watch.see(waited, host) <= watch.now - begun


@settings(max_examples=300, deadline=None)
@given(
    skews=st.lists(st.floats(-1e5, 1e5), min_size=len(HOSTS), max_size=len(HOSTS)),
    steps=st.lists(
        st.tuples(st.integers(0, len(HOSTS) - 1), st.floats(0.0, 5.0), st.floats(0.0, 1.0)),
        max_size=80,
    ),
)
def test_it_claims_just_what_every_event_of_a_window_had_waited(
    skews: list[float], steps: list[tuple[int, float, float]]
) -> None:
    """Of a queue that keeps its order: its waits grow no faster than time goes."""
    watch = Watch()
    for host, skew in zip(HOSTS, skews, strict=True):
        watch.see(0.0, host, skew)
    read: list[tuple[float, float]] = [(0.0, 0.0)]
    sent = 0.0
    for which, every, share in steps:
        watch.now += every
        sent += (watch.now - sent) * share
        read.append((watch.now, watch.now - sent))
        while len(read) > 1 and read[1][0] <= watch.now - WINDOW:
            del read[0]

        claimed = watch.see(watch.now - sent, HOSTS[which], skews[which])
        assert claimed == pytest.approx(min(waited for _, waited in read), abs=1e-5)


@settings(max_examples=300, deadline=None)
@given(LOOKS, st.sampled_from(HOSTS))
def test_a_lag_that_ends_is_cleared_at_once(
    looks: list[tuple[str, float, float]], host: str
) -> None:
    watch = Watch()
    for name in HOSTS:
        watch.see(0.0, name)
    for name, every, waited in looks:
        watch.now += every
        watch.see(abs(waited), name)

    assert watch.see(0.0, host) == 0.0
