"""Reads the pickles of Celery's own scheduler without loading any: nothing in them is executed.

A pickle names functions that its reader calls. Here each name becomes an inert object: those of
Celery's schedules are plain data, and any other is a placeholder which only remembers its name.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from celerytui.counts import counted
from celerytui.masking import one_line
from celerytui.model import Interval, OtherTiming, Solar, Timing
from celerytui.schedule.timings import crontab
from celerytui.schedule.zones import LOCAL, zone, zone_name
from celerytui.wire.pickles import check_sizes

LARGEST = 16 * 2**20
"""Bytes of a pickle that are read."""
MOST_STEPS = 2**20
"""Steps of a pickle: 10,000 entries have some 300,000."""
MOST_NAMES = 1_000
"""Names of the project's own in a pickle."""
LONGEST_NAME = 200


class StoredEntry:
    """An entry as it is stored: its fields in the order in which Celery writes them."""

    def __init__(self, *values: Any) -> None:
        names = ("name", "task", "last_run_at", "total_run_count", "schedule",
                 "args", "kwargs", "options")  # fmt: skip
        self.fields: dict[str, Any] = dict(zip(names, values, strict=False))

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, dict):
            self.fields.update({str(name): value for name, value in state.items()})


class Placeholder:
    """What stands for an object of a class that is not known here, or that cannot be made.

    `what` is the name of the class, or what is wrong.
    """

    what = ""
    why = "a class of the project: not read"

    def __new__(cls, *args: Any, **more: Any) -> Placeholder:
        return object.__new__(cls)

    def __init__(self, *args: Any, **more: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        pass

    def __call__(self, *args: Any, **more: Any) -> Placeholder:
        return self

    def append(self, one: Any) -> None:
        """Take no notice."""

    def extend(self, many: Any) -> None:
        """Take no notice."""

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"<{self.what}>"


class _Maker:
    """Stands for a name that a pickle calls; a pickle cannot change it."""

    __slots__ = ("_make",)
    _make: Callable[..., Any]

    def __init__(self, make: Callable[..., Any]) -> None:
        object.__setattr__(self, "_make", make)

    def __call__(self, *args: Any) -> Any:
        try:
            return self._make(*args)
        except Exception as error:
            # What one entry has wrong costs no other.
            failed = Placeholder()
            failed.what, failed.why = one_line(error)[:LONGEST_NAME], "unreadable"
            return failed

    @property
    def makes_zones(self) -> bool:
        """Whether what it makes is a time zone by its name."""
        return self._make is _named_zone

    def __setattr__(self, name: str, value: Any) -> None:
        raise pickle.UnpicklingError("a pickle must not change what it calls")

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("a pickle must not change what it calls")


class _Crontab:
    """A crontab, whose state follows its arguments."""

    def __init__(self, *values: Any) -> None:
        minute, hour, weekday, day, month = (*values, *("*",) * 5)[:5]
        self.timing = crontab(
            {
                "minute": minute,
                "hour": hour,
                "day_of_week": weekday,
                "day_of_month": day,
                "month_of_year": month,
            }
        )

    def __setstate__(self, state: Any) -> None:
        pass


def _schedule(run_every: Any = None, *more: Any) -> Timing:
    if isinstance(run_every, timedelta):
        return Interval(run_every.total_seconds())
    if isinstance(run_every, (int, float)):
        return Interval(float(run_every))
    return OtherTiming(repr(run_every))


def _solar(event: Any, latitude: Any, longitude: Any, *more: Any) -> Solar:
    return Solar(str(event), float(latitude), float(longitude))


def _named_zone(name: Any = "UTC", *more: Any) -> Any:
    return zone(name if isinstance(name, str) else "UTC")


def _encoded(text: Any, encoding: Any = "latin1") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError("bytes in an unknown encoding")
    return text.encode("latin-1")


KNOWN: dict[tuple[str, str], Callable[..., Any]] = {
    ("celery.beat", "ScheduleEntry"): StoredEntry,
    ("celery.schedules", "schedule"): _schedule,
    ("celery.schedules", "crontab"): _Crontab,
    ("celery.schedules", "solar"): _solar,
    ("celery.utils.time", "LocalTimezone"): lambda *_: zone(LOCAL),
    ("datetime", "datetime"): datetime,
    ("datetime", "timedelta"): timedelta,
    ("datetime", "timezone"): timezone,
    ("zoneinfo", "ZoneInfo"): _named_zone,
    ("zoneinfo", "ZoneInfo._unpickle"): _named_zone,
    ("backports.zoneinfo", "ZoneInfo._unpickle"): _named_zone,
    ("pytz", "_UTC"): lambda: zone("UTC"),
    ("pytz", "_p"): _named_zone,
    ("builtins", "set"): set,
    ("builtins", "frozenset"): frozenset,
    ("_codecs", "encode"): _encoded,
}


class _Reader(pickle.Unpickler):
    """An unpickler in which every name is inert."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self._names: dict[str, type[Placeholder]] = {}

    def find_class(self, module: str, name: str) -> Any:
        """What a name stands for: never the object that has it."""
        # The name that pickles of the oldest protocols have.
        module = "builtins" if module == "__builtin__" else module
        if (module, name) == ("builtins", "getattr"):
            return _Maker(self._part)
        make = KNOWN.get((module, name))
        return self._placeholder(f"{module}.{name}") if make is None else _Maker(make)

    def _part(self, of: Any, name: Any) -> Any:
        """What stands for a part of an object: the time zones are made by one of their class."""
        if isinstance(of, _Maker) and of.makes_zones and name == "_unpickle":
            return of
        return self._placeholder(f"{getattr(of, 'what', 'an object')}.{name}")

    def _placeholder(self, what: str) -> type[Placeholder]:
        what = what[:LONGEST_NAME]
        if what not in self._names:
            if len(self._names) >= MOST_NAMES:
                raise pickle.UnpicklingError(f"more than {counted(MOST_NAMES, 'name')} of classes")
            self._names[what] = type("Placeholder", (Placeholder,), {"what": what})
        return self._names[what]


def read_pickle(data: bytes) -> Any:
    """The plain data of a pickle, with `StoredEntry`s and `Placeholder`s; raises ValueError.

    No code is loaded or executed, whatever it says, and it takes memory by its own size.
    """
    if len(data) > LARGEST:
        raise ValueError(f"it is too large: {len(data):,} B, and at most {LARGEST:,} B are read")
    try:
        check_sizes(data, MOST_STEPS)
        return _Reader(data).load()
    except Exception as error:
        raise ValueError(f"it cannot be read: {type(error).__name__}: {error}") from error


def stored_timing(schedule: Any) -> Timing:
    """The schedule of a stored entry; one of a class of the project's is only named."""
    if isinstance(schedule, _Crontab):
        return schedule.timing
    if isinstance(schedule, (Interval, Solar, OtherTiming)):
        return schedule
    if isinstance(schedule, Placeholder):
        return OtherTiming(f"{schedule.what}, {schedule.why}")
    return _schedule(schedule)


def stored_zone(at: Any) -> str | None:
    """The name of the zone of a stored time, None where it has none."""
    found = getattr(at, "tzinfo", None)
    return None if found is None else zone_name(found)
