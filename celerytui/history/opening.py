"""Opens event logs to read them."""

from __future__ import annotations

from pathlib import Path

from celerytui.model import Recording


def open_event_log(path: Path) -> Recording:
    """The event log in a file and those that continue it; raises HistoryError where it is none."""
    from celerytui.history.eventlog.reader import EventLog

    return EventLog(path)
