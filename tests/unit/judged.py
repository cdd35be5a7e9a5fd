"""What the detectors are given, made by hand, and rows as `Health` gives them."""

from __future__ import annotations

from typing import Any, TypeVar

from celerytui.health import DETECTORS, Alerts, Known
from celerytui.model import Alert, Link, LinkState, Queue, Worker
from celerytui.store import Store

NOW = 1_700_000_000.0
CONNECTED = Link(LinkState.CONNECTED, NOW - 60)

Row = TypeVar("Row", Worker, Queue)


def known(**changes: Any) -> Known:
    """What is known of a cluster without anything in it."""
    values: dict[str, Any] = {"now": NOW, "link": CONNECTED, "summary": Store().summary(NOW)}
    return Known(**(values | changes))


def judged(row: Row) -> Row:
    """The row with what the detectors have against it."""
    rows: dict[str, Any] = {"workers" if isinstance(row, Worker) else "queues": [row]}
    Alerts(
        Alert(one.id, found.subject, found.severity, NOW, found.text, found.evidence)
        for one in DETECTORS
        for found in one.judge(known(**rows))
        if found.raises
    ).give([row])
    return row
