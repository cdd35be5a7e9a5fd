"""The schedule that celery-beatx keeps in Redis: a hash of JSON, and a lock."""

from __future__ import annotations

import json
from typing import Any

from celerytui.masking import mask_url, one_line
from celerytui.model import Interval, OtherTiming, PlannedEntry, Solar, Timing
from celerytui.schedule.redis_client import is_redis, redis_client
from celerytui.schedule.source import (
    ASKED,
    SYNCED,
    Sign,
    Source,
    SourceReader,
    scheduler_of,
)
from celerytui.schedule.timings import FIELDS, crontab, stamp
from celerytui.schedule.zones import zone, zone_name

NAME = "celery-beatx"
ENTRIES = "celery:schedule"
LOCK = "celery:beat-lock"


class BeatxReader(SourceReader):
    """Reads the hash; entries cannot be disabled there."""

    name = NAME

    def __init__(self, url: str, timezone: str) -> None:
        self._url = url
        self._timezone = timezone
        self._client: Any = None
        self._locked: float | None = None
        self.where = mask_url(url)

    def read(self, now: float) -> list[PlannedEntry]:
        if self._client is None:
            self._client = redis_client(self._url, {})
        self._locked = now if self._client.exists(LOCK) else None
        found = []
        for name, text in self._client.hscan_iter(ENTRIES, count=500):
            found.append(self._planned(name, text))
            if len(found) >= ASKED:
                break
        return found

    def sign(self, now: float) -> Sign | None:
        if self._client is None:
            return None
        # It is renewed in each loop, and lasts a second longer than one.
        held = "is not held by anybody" if self._locked is None else "is held"
        return Sign(self._locked is not None, self._locked, f"its lock {LOCK} {held}")

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _planned(self, name: str, text: str) -> PlannedEntry:
        try:
            entry = json.loads(text)
            count = entry.get("total_run_count")
            last = stamp(entry.get("last_run_at"), zone(self._timezone))
            return PlannedEntry(
                name=name,
                task=str(entry.get("task") or ""),
                timing=_timing(entry.get("schedule")),
                source=NAME,
                timezone=self._timezone,
                args=tuple(entry.get("args") or ()),
                kwargs=dict(entry.get("kwargs") or {}),
                options=dict(entry.get("options") or {}),
                last_run_at=last if count else None,
                total_runs=count if isinstance(count, int) else None,
                lag=SYNCED,
            )
        except Exception as error:
            timing = OtherTiming("unreadable")
            return PlannedEntry(
                name=name, task="", timing=timing, source=NAME, trouble=one_line(error)
            )


def _timing(schedule: Any) -> Timing:
    kind, value = schedule["__type__"], schedule["__value__"]
    if kind == "schedule":
        return Interval(float(value["run_every"]))
    if kind == "crontab":
        return crontab(dict(zip(FIELDS, value.split("\t"), strict=True)))
    if kind == "solar":
        return Solar(str(value["event"]), float(value["lat"]), float(value["lon"]))
    return OtherTiming(str(kind))


def _for_app(app: Any) -> SourceReader | None:
    url = str(app.conf.get("beat_store") or "")
    if "beatx" not in scheduler_of(app) or not is_redis(url):
        return None
    return BeatxReader(url, zone_name(app.timezone))


SOURCE = Source(for_app=_for_app)
