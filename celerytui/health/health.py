"""Evaluates the detectors: since when each alert stands, and when it goes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from celerytui.health.alerts import Alerts
from celerytui.health.detector import Detector, Judgement, Known
from celerytui.health.registry import DETECTORS
from celerytui.interpreter import give_way
from celerytui.model import Alert, Blockage, Link, Queue, ScheduleReading, Worker
from celerytui.store import Glance, Store

MAX_ALERTS = 10_000
"""More than there is room for: the gravest and, of these, the oldest stay."""

NO_SCHEDULE = ScheduleReading()

_WEIGHTS = {"critical": 0, "warning": 1, "info": 2}


class _Case(Struct):
    """One subject of one detector: judged `first` and `last` at these monotonic seconds."""

    judgement: Judgement
    first: float
    last: float
    alert: Alert | None = None


_Cases = dict[str, _Case]


class Health:
    """What is wrong in the cluster, and since when; `evaluate` looks anew.

    One thread at a time evaluates; any may read. `monotonic` is a clock that nobody sets: "how
    long" is measured by it.
    """

    def __init__(
        self,
        store: Store,
        *,
        detectors: Sequence[Detector] = DETECTORS,
        monotonic: Callable[[], float] = time.monotonic,
        limit: int = MAX_ALERTS,
    ) -> None:
        self._store = store
        self._detectors = detectors
        self._monotonic = monotonic
        self._limit = limit
        self._evaluating = threading.Lock()
        self._cases: dict[str, _Cases] = {one.id: {} for one in detectors}
        self._alerts = Alerts()

    @property
    def alerts(self) -> Alerts:
        """What stood when it was last evaluated."""
        return self._alerts

    def evaluate(
        self,
        link: Link,
        now: float,
        blockage: Blockage | None = None,
        unasked: str | None = None,
        schedule: ScheduleReading = NO_SCHEDULE,
        unrecorded: str | None = None,
    ) -> Alerts:
        """Judge what the store holds, what the broker says of itself, how asking went, and beat.

        `unrecorded` is why no history can be written.

        Once a second is enough, and never on the interface's loop.

        A detector that raises keeps its alerts as they are, and the others go on; the first of
        such exceptions is raised at the end.
        """
        with self._evaluating:
            store, failed = self._store, None
            known = Known(
                now,
                link,
                store.summary(now),
                store.workers(),
                store.queues(),
                store.gaps(),
                blockage,
                unasked,
                schedule,
                unrecorded,
            )
            for detector in self._detectors:
                give_way()
                if known.blind and not detector.always:
                    continue
                try:
                    judgements = list(detector.judge(known))
                except Exception as error:
                    failed = failed or error
                    continue
                self._cases[detector.id] = self._judged(detector, judgements, now)
            self._publish()
            if failed is not None:
                raise failed
            return self._alerts

    def forget(self) -> None:
        """Know of nothing wrong: what is judged next begins anew."""
        with self._evaluating:
            self._cases = {one.id: {} for one in self._detectors}
            self._alerts = Alerts()

    # Rows with what is wrong with them

    def glance(self, hostname: str | None) -> Glance:
        """The store's glance, its workers with their alerts."""
        glance = self._store.glance(hostname)
        self.alerts.give(glance.workers.values())
        return glance

    def workers(self) -> list[Worker]:
        """The store's workers, each with its alerts."""
        workers = self._store.workers()
        self.alerts.give(workers)
        return workers

    def worker(self, hostname: str) -> Worker | None:
        """One of the store's workers with its alerts, None if it is not known."""
        worker = self._store.worker(hostname)
        self.alerts.give([] if worker is None else [worker])
        return worker

    def queues(self) -> list[Queue]:
        """The store's queues, each with its alerts."""
        queues = self._store.queues()
        self.alerts.give(queues)
        return queues

    # Evaluating

    def _judged(self, detector: Detector, judgements: Iterable[Judgement], now: float) -> _Cases:
        """The cases of a detector from now on: those that are judged, and those not yet cleared."""
        tick, before, after = self._monotonic(), self._cases[detector.id], _Cases()
        for judgement in judgements:
            case = before.get(judgement.subject)
            if case is not None and case.judgement.case != judgement.case:
                case = None
            if case is None or case.alert is None:
                if not judgement.raises:
                    continue
                case = case or _Case(judgement, tick, tick)
            case.judgement, case.last = judgement, tick
            if case.alert is not None or tick - case.first >= detector.raise_after:
                case.alert = _alert(detector, case, now)
            after[judgement.subject] = case
        for subject, case in before.items():
            lasts = case.alert is not None and tick - case.last < detector.clear_after
            if lasts and subject not in after:
                after[subject] = case
        return after

    def _publish(self) -> None:
        raised = [
            case.alert
            for cases in self._cases.values()
            for case in cases.values()
            if case.alert is not None
        ]
        raised.sort(key=_order)
        dropped = raised[self._limit :]
        del raised[self._limit :]
        for alert in dropped:
            del self._cases[alert.id][alert.subject]
        if len(dropped) != self._alerts.dropped or raised != list(self._alerts):
            self._alerts = Alerts(raised, dropped=len(dropped))


def _alert(detector: Detector, case: _Case, now: float) -> Alert:
    """The alert of a case: the one that stands where nothing of it is new."""
    judgement, before = case.judgement, case.alert
    since = before.since if before is not None else judgement.since
    alert = Alert(
        detector.id,
        judgement.subject,
        judgement.severity,
        now if since is None else since,
        judgement.text,
        judgement.evidence,
    )
    return before if before is not None and before == alert else alert


def _order(alert: Alert) -> tuple[int, float, str, str]:
    return _WEIGHTS[alert.severity], alert.since, alert.id, alert.subject
