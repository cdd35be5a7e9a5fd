"""Time zones by name."""

from __future__ import annotations

import contextlib
import time
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

LOCAL = "local"
"""The name of the zone that this machine is in, where an app names none."""
HALF_YEARS = tuple(datetime(2026, month, 1, tzinfo=timezone.utc) for month in (1, 4, 7, 10))
LOCALTIME = Path("/etc/localtime")


@lru_cache(maxsize=256)
def zone(name: str) -> tzinfo:
    """The zone of that name, UTC where there is none."""
    if name == LOCAL:
        return _local()
    if name != "UTC":
        # What is no name of a zone may be one of a folder, or of nothing that there can be.
        with contextlib.suppress(Exception):
            return ZoneInfo(name)
    return timezone.utc


def is_zone(name: str) -> bool:
    """Whether there is a zone of that name."""
    return name in ("UTC", LOCAL) or isinstance(zone(name), ZoneInfo)


def same_zone(one: str, other: str) -> bool:
    """Whether clocks show the same in both, in winter and in summer."""
    return one == other or all(
        at.astimezone(zone(one)).utcoffset() == at.astimezone(zone(other)).utcoffset()
        for at in HALF_YEARS
    )


def zone_name(of: object) -> str:
    """The name of a zone as an app has it: a text, a ZoneInfo, one of pytz, or another."""
    name = getattr(of, "key", None) or getattr(of, "zone", None) or str(of or "UTC")
    if isinstance(name, str) and is_zone(name):
        return name
    return LOCAL if "local" in type(of).__name__.lower() else "UTC"


def _local() -> tzinfo:
    with contextlib.suppress(Exception), LOCALTIME.open("rb") as file:
        return ZoneInfo.from_file(file, key=LOCAL)
    return timezone(timedelta(seconds=-time.timezone), time.tzname[0])
