"""The alerts that stand at one moment, for any thread to read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from celerytui.health.detector import Detector, kind_of
from celerytui.model import Alert, Queue, Worker


class Alerts:
    """Alerts in order of their weight; never changed. `dropped` is how many there was no room for.

    A look at one subject, or at what one detector found, costs the same however many there are.
    """

    def __init__(self, alerts: Iterable[Alert] = (), *, dropped: int = 0) -> None:
        self._all = tuple(alerts)
        self.dropped = dropped
        self._found: dict[str, dict[str, Alert]] = {}
        self._by_kind: dict[str, dict[str, tuple[Alert, ...]]] = {}
        for alert in self._all:
            self._found.setdefault(alert.id, {})[alert.subject] = alert
            of_kind = self._by_kind.setdefault(kind_of(alert.id), {})
            of_kind[alert.subject] = (*of_kind.get(alert.subject, ()), alert)

    def __iter__(self) -> Iterator[Alert]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def of(self, detector: Detector) -> list[Alert]:
        """What a detector found, in order of subjects' weight."""
        return list(self._found.get(detector.id, {}).values())

    def get(self, detector: Detector, subject: str | None = None) -> Alert | None:
        """What a detector has against a subject; by default, the one of a kind without others."""
        return self._found.get(detector.id, {}).get(detector.kind if subject is None else subject)

    def give(self, rows: Iterable[Worker | Queue]) -> None:
        """Give these workers or queues the alerts that stand against each, the gravest first."""
        workers, queues = self._by_kind.get("worker", {}), self._by_kind.get("queue", {})
        for row in rows:
            if isinstance(row, Worker):
                row.alerts = workers.get(row.hostname, ())
            else:
                row.alerts = queues.get(row.name, ())
