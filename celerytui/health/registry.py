"""All detectors: a new one is one object in the file of its subject, and one line here."""

from __future__ import annotations

from celerytui.health import link, queues, workers
from celerytui.health.detector import Detector

DETECTORS: tuple[Detector, ...] = (
    link.MISSING,
    link.BLOCKED,
    link.UNASKED,
    link.QUIET,
    link.BEHIND,
    workers.LOST,
    workers.LATE,
    workers.SILENT,
    workers.SHARED,
    queues.UNCONSUMED,
    queues.GROWING,
)
