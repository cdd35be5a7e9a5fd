"""The `schedule` command: listen, read the schedule, and return it as a document or tables."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TextIO

from celerytui import connect
from celerytui.columns import SCHEDULE_COLUMNS, CellContext
from celerytui.document import Document, schedule_document
from celerytui.engine import Engine, read_schedule
from celerytui.errors import BrokerUnavailable, UsageError
from celerytui.headless.output import print_json, print_rows, standard_output, table_width
from celerytui.interpreter import share_interpreter
from celerytui.model import ScheduleReading
from celerytui.schedule import open_url
from celerytui.settings import Settings

LOOK_SECONDS = 0.1
READ_GRACE_SECONDS = 10.0
"""Seconds after listening to wait for the sources of the schedule."""

NO_SCHEDULE = "no schedule: name the app with -A, or a database with --schedule"

Stoppable = Callable[[], AbstractContextManager[Callable[[], bool]]]


def take_schedule(
    app: Any, settings: Settings, *, listen: float, stoppable: Stoppable
) -> ScheduleReading:
    """Listen for `listen` seconds and return the schedule with what was seen of it.

    Without an app and a broker, the database that the settings name is read and nothing is
    listened to. Raises UsageError where there is no schedule to read, or its URL is of no known
    kind, BrokerUnavailable where none
    of its sources could be read, or not in time.
    """
    share_interpreter()
    if settings.schedule is not None:
        open_url(settings.schedule)
    no_app = connect.app_name(app) == "default"
    if not _has_broker(app):
        if settings.schedule is None:
            raise UsageError(NO_SCHEDULE)
        reading = read_schedule(settings)
    else:
        reading = _listened(app, settings, listen, stoppable)
    if reading.read_at is None:
        raise BrokerUnavailable(
            f"the schedule was not read in {READ_GRACE_SECONDS:g} s: a source is slow to answer"
        )
    if not reading.sources or (not reading.entries and settings.schedule is None and no_app):
        raise UsageError(NO_SCHEDULE)
    if all(source.error for source in reading.sources):
        raise BrokerUnavailable("the schedule cannot be read: " + "; ".join(reading.errors))
    return reading


def print_schedule(
    reading: ScheduleReading, utc: bool, stream: TextIO | None, *, as_json: bool
) -> None:
    """Write the schedule to standard output, as JSON or as a table; raises OutputError."""
    document = schedule_document(reading)
    with standard_output(stream) as out:
        if as_json:
            print_json(document, out)
        else:
            print_rows(
                _head(document, reading),
                "ENTRIES",
                SCHEDULE_COLUMNS,
                list(reading.entries),
                CellContext(now=reading.at or 0.0, utc=utc),
                "None: beat_schedule is empty, and so is what beat keeps.",
                out,
                table_width(),
            )


def _head(document: Document, reading: ScheduleReading) -> list[str]:
    beat = reading.beat
    words = {"two": "two beats", "unknown": "beat not known"}.get(beat.state, f"beat {beat.state}")
    lines = [f"schedule of {document['source'] or 'no source'}", f"{words}: {beat.why}"]
    return [*lines, *reading.errors, *reading.cuts]


def _has_broker(app: Any) -> bool:
    """Whether a broker is named at all: by the app, an option or a variable."""
    if connect.app_name(app) != "default":
        return True
    conf = connect.loaded(app).conf
    return bool(conf.broker_url or conf.broker_read_url)


def _listened(app: Any, settings: Settings, listen: float, stoppable: Stoppable) -> ScheduleReading:
    engine = Engine(app, settings._replace(history=None), headless=True)
    engine.start()
    try:
        end = time.monotonic() + listen
        with stoppable() as stopped:
            while time.monotonic() < end and not stopped():
                engine.mailbox.wait_blocking(min(LOOK_SECONDS, max(0.01, end - time.monotonic())))
            # What was seen until now is joined with what the sources say now.
            asked = engine.clock()
            engine.schedule.read_now()
            end = time.monotonic() + READ_GRACE_SECONDS
            while (
                (engine.schedule.reading.read_at or 0.0) < asked
                and time.monotonic() < end
                and not stopped()
            ):
                engine.mailbox.wait_blocking(LOOK_SECONDS)
        return engine.schedule.reading
    finally:
        engine.stop()
