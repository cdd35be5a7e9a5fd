"""The throughput of one worker over time."""

from __future__ import annotations

from typing import ClassVar

from celerytui.control import Scope
from celerytui.ui.panes.throughput import Throughput


class WorkerThroughput(Throughput):
    """The throughput of this worker."""

    NAME = "Throughput"
    KEYS: ClassVar[tuple[str, ...]] = ("worker",)

    def targets(self, scope: Scope) -> list[str]:
        return [self.session.worker] if scope is Scope.WORKER and self.session.worker else []

    @property
    def of_worker(self) -> str | None:
        return self.session.worker or ""
