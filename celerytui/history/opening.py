"""Opens what was recorded to read it: the one place that knows which kind a URL names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from celerytui.history.folder import Folder
from celerytui.history.history import History
from celerytui.history.place import folder_of
from celerytui.history.reading import SegmentHistory
from celerytui.model import Recording


def open_history(url: str, app: str, broker: str, environ: Mapping[str, str]) -> History:
    """The history that a URL names, else that of the app; raises HistoryError where there is none.

    It may block for a database, and is for one thread at a time.
    """
    return SegmentHistory(Folder(folder_of(url, app, broker, environ)))


def open_recording(folder: Path) -> Recording:
    """The history in a folder as a recording; raises HistoryError where there is none."""
    from celerytui.history.replay import SegmentRecording

    return SegmentRecording(Folder(folder))


def open_event_log(path: Path) -> Recording:
    """The event log in a file and those that continue it; raises HistoryError where it is none."""
    from celerytui.history.eventlog.reader import EventLog

    return EventLog(path)
