"""Opens event logs, to be written and to be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from celerytui import __version__
from celerytui.history.eventlog.anonymise import AnonymousLines
from celerytui.history.eventlog.frames import Header
from celerytui.history.eventlog.lines import LineWriter
from celerytui.history.eventlog.writer import VERSION, EventLogWriter
from celerytui.history.redaction import Redaction
from celerytui.masking import mask_url
from celerytui.model import Entry
from celerytui.settings import Settings


def open_writer(
    path: Path,
    app: str,
    broker: str,
    settings: Settings,
    key: Callable[[], Iterable[Entry]],
    *,
    celery: str,
    anonymise: bool,
) -> EventLogWriter:
    """A writer for a new part of an event log; `celery` is the version of Celery."""
    lines: LineWriter | AnonymousLines = LineWriter(Redaction(settings.keeping.redact))
    if anonymise:
        app, broker = "app", f"{broker.partition('://')[0]}://"
        lines = AnonymousLines()
    header = Header(
        version=VERSION,
        app=app,
        broker=mask_url(broker),
        began=0.0,
        part=0,
        celerytui=__version__,
        celery=celery,
        max_tasks=settings.max_tasks,
        anonymised=anonymise,
    )
    return EventLogWriter(path, header, lines, key, most=settings.keeping.size)
