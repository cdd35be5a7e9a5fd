"""All detectors: a new one is one object in the file of its subject, and one line here."""

from __future__ import annotations

from celerytui.health import link, queues, schedule, workers
from celerytui.health.detector import Detector

DETECTORS: tuple[Detector, ...] = (
    link.MISSING,
    link.BLOCKED,
    link.UNASKED,
    link.QUIET,
    link.BEHIND,
    schedule.SILENT,
    schedule.TWO,
    link.UNRECORDED,
    workers.LOST,
    workers.LATE,
    workers.SILENT,
    workers.SHARED,
    queues.UNCONSUMED,
    queues.GROWING,
    schedule.MISSED,
)
