"""What is wrong in the cluster: the only place that judges; the interface reads alerts.

A detector is one `Detector(...)` in the file of its subject and one line in `registry`. It judges
from what is known, `Known`, and remembers nothing; `Health` keeps since when an alert stands.
"""

from __future__ import annotations

from celerytui.health import link, queues, schedule, tasks, workers
from celerytui.health.alerts import Alerts
from celerytui.health.detector import Detector, Judgement, Known
from celerytui.health.health import Health
from celerytui.health.registry import DETECTORS

__all__ = [
    "DETECTORS",
    "Alerts",
    "Detector",
    "Health",
    "Judgement",
    "Known",
    "link",
    "queues",
    "schedule",
    "tasks",
    "workers",
]
