"""The schedule in the app's own configuration: `app.conf.beat_schedule`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from celerytui.masking import one_line
from celerytui.model import OtherTiming, PlannedEntry
from celerytui.schedule.source import ASKED, Source, SourceReader
from celerytui.schedule.timings import timing_of
from celerytui.schedule.zones import zone_name

NAME = "app.conf"


class ConfigReader(SourceReader):
    """Reads what the app is set to, which changes only as its code does."""

    name = NAME
    where = "beat_schedule"

    def __init__(self, app: Any) -> None:
        self._app = app

    def read(self, now: float) -> list[PlannedEntry]:
        app = self._app
        app.tasks  # noqa: B018  # tasks add entries to the schedule once the app is complete
        timezone = zone_name(app.timezone)
        found = dict(app.conf.beat_schedule or {})
        entries = list(found.items())[:ASKED]
        return [planned(str(name), entry, timezone) for name, entry in entries]


def planned(name: str, entry: Any, timezone: str) -> PlannedEntry:
    """An entry as it is set, a mapping or a ScheduleEntry."""
    try:
        get: Any = entry.get if isinstance(entry, Mapping) else partial(_attribute, entry)
        schedule = get("schedule")
        # Celery's own classes take that of whatever app is current in this thread.
        own_zone = getattr(schedule, "__dict__", {}).get("tz")
        options = dict(get("options") or {})
        return PlannedEntry(
            name=name,
            task=str(get("task") or ""),
            timing=timing_of(schedule),
            source=NAME,
            timezone=zone_name(own_zone) if own_zone is not None else timezone,
            args=_arguments(get("args")),
            kwargs=dict(get("kwargs") or {}),
            options=options,
        )
    except Exception as error:
        trouble = one_line(error)
        return PlannedEntry(
            name=name, task="", timing=OtherTiming("unreadable"), source=NAME, trouble=trouble
        )


def _attribute(entry: Any, name: str) -> Any:
    return getattr(entry, name, None)


def _arguments(args: Any) -> tuple[Any, ...]:
    return (args,) if isinstance(args, str) else tuple(args or ())


SOURCE = Source(for_app=ConfigReader)
