"""A schedule in plain words: `every 30s`, `03:30`, `Sun 04:00`, `once 27 Nov 08:00`."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo

from celerytui.model import Clocked, Crontab, Interval, OtherTiming, PlannedEntry, Solar, Timing
from celerytui.schedule.zones import zone

DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"))
_STEP = re.compile(r"\*/(\d+)")
_NUMBER = re.compile(r"\d+")
_WORD_DAY = {day.lower(): day for day in DAYS}
_WORD_MONTH = {month.lower(): month for month in MONTHS}


def schedule_words(timing: Timing, tz: tzinfo) -> str:
    """The schedule in a few words; times in its own zone, whose name is not in it."""
    if isinstance(timing, Interval):
        return f"every {_span(timing.every)}"
    if isinstance(timing, Clocked):
        at = datetime.fromtimestamp(timing.at, tz)
        return f"once {at.day} {MONTHS[at.month - 1]} {at.year} {at:%H:%M}"
    if isinstance(timing, Solar):
        north = "N" if timing.latitude >= 0 else "S"
        east = "E" if timing.longitude >= 0 else "W"
        place = f"{abs(timing.latitude):g}{north} {abs(timing.longitude):g}{east}"
        return f"{timing.event.replace('_', ' ')} at {place}"
    if isinstance(timing, Crontab):
        return _crontab(timing)
    assert isinstance(timing, OtherTiming)
    return timing.text


def plan_words(plan: PlannedEntry) -> str:
    """The schedule of an entry, with its zone where another would mean other times."""
    words = schedule_words(plan.timing, zone(plan.timezone))
    return f"{words} {plan.timezone}" if in_zone(plan.timing) else words


def time_words(at: float, timezone: str) -> str:
    """A time in a zone, with its name there: `Sat 28 Nov 03:30:00 CET`."""
    when = datetime.fromtimestamp(at, zone(timezone))
    day = f"{DAYS[when.isoweekday() % 7]} {when.day} {MONTHS[when.month - 1]}"
    return f"{day} {when:%H:%M:%S} {when.tzname()}"


def in_zone(timing: Timing) -> bool:
    """Whether the words of the schedule mean something else in another time zone."""
    if isinstance(timing, Clocked):
        return True
    return isinstance(timing, Crontab) and not (
        _is_step(timing.minute) and (timing.hour, *_days(timing)) == ("*",) * 4
    )


def _is_step(field: str) -> bool:
    return field == "*" or _STEP.fullmatch(field) is not None


def _days(timing: Crontab) -> tuple[str, str, str]:
    return timing.day_of_week, timing.day_of_month, timing.month_of_year


def _span(seconds: float) -> str:
    """`30s`, `1m30s`, `1h`, `0.5s`."""
    if seconds < 60 or seconds != int(seconds):
        return f"{seconds:g}s"
    text, rest = "", int(seconds)
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        text += f"{count}{unit}" if count else ""
    return text + (f"{rest}s" if rest else "")


def _crontab(timing: Crontab) -> str:
    days = _day_words(timing)
    return " ".join([*days, _time_words(timing, bool(days))])


def _day_words(timing: Crontab) -> list[str]:
    found = []
    if timing.day_of_week != "*":
        found.append(_named(timing.day_of_week, _WORD_DAY, lambda n: DAYS[n % 7] if n < 8 else ""))
    if timing.day_of_month != "*":
        step = _STEP.fullmatch(timing.day_of_month)
        found.append(f"every {step[1]} days" if step else f"day {timing.day_of_month}")
    if timing.month_of_year != "*":
        step = _STEP.fullmatch(timing.month_of_year)
        named = _named(
            timing.month_of_year, _WORD_MONTH, lambda n: MONTHS[n - 1] if 0 < n < 13 else ""
        )
        found.append(f"every {step[1]} months" if step else f"in {named}")
    return found


def _named(field: str, words: dict[str, str], name: object) -> str:
    """A field with its numbers and short names as names; as it is where one has none."""
    assert callable(name)

    def part(match: re.Match[str]) -> str:
        text = match[0].lower()
        if text.isdigit():
            return name(int(text)) or text if len(text) < 3 else text
        return words.get(text[:3], match[0])

    if "/" in field:
        return field
    return re.sub(r"[A-Za-z]+|\d+", part, field)


def _time_words(timing: Crontab, on_days: bool) -> str:
    minute, hour = timing.minute, timing.hour
    if _NUMBER.fullmatch(minute):
        return _at_minute(f"{int(minute):02}", hour)
    step = _STEP.fullmatch(minute)
    often = f"every {step[1]}m" if step else "every 1m" if minute == "*" else f"at :{minute}"
    if hour == "*":
        return often
    hour_step = _STEP.fullmatch(hour)
    if hour_step:
        return f"{often} of every {hour_step[1]}h"
    return f"{often} from {hour}h" if _NUMBER.fullmatch(hour) else f"{often} in hours {hour}"


def _at_minute(minute: str, hour: str) -> str:
    if _NUMBER.fullmatch(hour):
        return f"{int(hour):02}:{minute}"
    step = _STEP.fullmatch(hour)
    if hour == "*":
        return f"every 1h at :{minute}"
    if step:
        return f"every {step[1]}h at :{minute}"
    if all(map(_NUMBER.fullmatch, hour.split(","))):
        return ", ".join(f"{int(one):02}:{minute}" for one in hour.split(","))
    return f"at :{minute} in hours {hour}"
