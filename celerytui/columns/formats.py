"""How numbers, times and names are written: short, and within a known width.

Everything here takes any value without raising. What is not known is written `–` (`-` in ASCII).
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Sequence
from functools import lru_cache

from celerytui.columns.glyphs import UNICODE, signs
from celerytui.columns.text import cell_width, clean, cut
from celerytui.health.queues import UNCONSUMED, never_drains
from celerytui.model import Queue, TaskState, id_value

UNKNOWN = UNICODE.unknown
NOT_DRAINING = "not draining"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400


def _unknown(ascii: bool) -> str:
    return signs(ascii).unknown


def _finite(value: float | None) -> bool:
    try:
        return isinstance(value, (int, float)) and math.isfinite(value)
    except OverflowError:  # an int beyond every float
        return False


def format_count(number: int | None, width: int | None = None, *, ascii: bool = False) -> str:
    """`1,204`; from where that is wider than `width` cells, `1.2M`."""
    if number is None or not _finite(number):
        return _unknown(ascii)
    number = int(number)
    text = f"{number:,}" if abs(number) < 10**15 else _scaled(number)
    return text if width is None or len(text) <= width else _scaled(number)


def _scaled(number: float) -> str:
    size = abs(number)
    for power, unit in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if size >= power:
            part = number / power
            if abs(part) >= 9999.5:
                return f"{'-' if number < 0 else '>'}9999{unit}"
            return f"{part:.1f}{unit}" if abs(part) < 9.95 else f"{part:.0f}{unit}"
    return f"{number:.0f}"


def format_duration(seconds: float | None, *, running: bool = False, ascii: bool = False) -> str:
    """At most six cells: `<1ms 12ms 940ms 1.20s 14.2s 2m05s 1h12m 3d04h`, and `…` if running."""
    if seconds is None or seconds != seconds:
        return _unknown(ascii)
    ending = signs(ascii).ellipsis if running else ""
    return _duration(seconds) + ending


def _duration(seconds: float) -> str:
    if seconds < 0.001:
        return "<1ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 9.995:
        return f"{seconds:.2f}s"
    if seconds < 59.95:
        return f"{seconds:.1f}s"
    return _long(max(60.0, seconds))


def _long(seconds: float) -> str:
    if seconds < _HOUR:
        return f"{int(seconds) // _MINUTE}m{int(seconds) % _MINUTE:02}s"
    if seconds < _DAY:
        return f"{int(seconds) // _HOUR}h{int(seconds) % _HOUR // _MINUTE:02}m"
    if seconds < 100 * _DAY:
        return f"{int(seconds) // _DAY}d{int(seconds) % _DAY // _HOUR:02}h"
    if seconds < 10 * _YEAR:
        return f"{int(seconds) // _DAY}d"
    if seconds < 10_000 * _YEAR:
        return f"{int(seconds) // _YEAR}y"
    return ">9999y"


def format_step(seconds: float | None, *, ascii: bool = False) -> str:
    """The time from one step to the next, signed: `+8.71s`."""
    if seconds is None or seconds != seconds:
        return _unknown(ascii)
    return ("-" if seconds < 0 else "+") + _duration(abs(seconds))


def format_span(seconds: float | None, *, ascii: bool = False) -> str:
    """A duration in whole seconds, at most six cells: `<1s 6s 1m32s 1h12m 3d04h`."""
    if seconds is None or seconds != seconds:
        return _unknown(ascii)
    if seconds < 1:
        return "<1s"
    return f"{int(seconds)}s" if seconds < _MINUTE else _long(seconds)


def format_age(seconds: float | None, *, ascii: bool = False) -> str:
    """How long ago: `3s ago`, `2m05s ago`."""
    if seconds is None or seconds != seconds:
        return _unknown(ascii)
    return format_span(seconds) + " ago"


def format_until(seconds: float | None, *, ascii: bool = False) -> str:
    """What is to come, at most seven cells: `in 14s`, `in 12m`, `in 3d`; `due` when it is over."""
    if seconds is None or seconds != seconds:
        return _unknown(ascii)
    if seconds <= 0:
        return "due"
    if seconds < _MINUTE:
        return f"in {max(1, int(seconds))}s"
    for size, limit, unit in ((_MINUTE, _HOUR, "m"), (_HOUR, _DAY, "h"), (_DAY, _YEAR, "d")):
        if seconds < limit:
            return f"in {int(seconds) // size}{unit}"
    return f"in {int(seconds) // _YEAR}y" if seconds < 100 * _YEAR else "in >99y"


def format_when(when: float | None, now: float, utc: bool = False, *, ascii: bool = False) -> str:
    """A time to come, near `in 14s`, later today `at 11:00`, else `21 Nov 11:00`."""
    if when is None or not _finite(when):
        return _unknown(ascii)
    if when - now < _HOUR:
        return format_until(when - now, ascii=ascii)
    parts, today = _parts(math.floor(when), utc), _parts(math.floor(now), utc)
    if parts is None:
        return _unknown(ascii)
    clock = f"{parts[3]:02}:{parts[4]:02}"
    if today is not None and parts[:3] == today[:3]:
        return f"at {clock}"
    return f"{parts[2]} {MONTHS[parts[1] - 1]} {clock}"


@lru_cache(maxsize=512)
def _parts(second: int, utc: bool) -> tuple[int, ...] | None:
    try:
        parts = time.gmtime(second) if utc else time.localtime(second)
    except (OverflowError, ValueError, OSError):
        return None
    return tuple(parts[:6]) if 1 <= parts[0] <= 9999 else None


def format_clock(
    when: float | None,
    utc: bool = False,
    *,
    now: float | None = None,
    millis: bool = False,
    ascii: bool = False,
) -> str:
    """`10:04:12`, with `millis` `10:04:12.031`; given `now`, another day is `21 Nov`.

    What was less than half a day before stays a clock after midnight, except with `millis`.
    """
    if when is None or not _finite(when):
        return _unknown(ascii)
    # Rounded to whole milliseconds first, so that .9996 does not lose its second.
    second, thousandth = (
        divmod(math.floor(when * 1000 + 0.5), 1000)
        if millis
        else (
            math.floor(when),
            0,
        )
    )
    parts = _parts(second, utc)
    if parts is None:
        return _unknown(ascii)
    clock = f"{parts[3]:02}:{parts[4]:02}:{parts[5]:02}"
    if millis:
        clock += f".{thousandth:03}"
    today = None if now is None or not _finite(now) else _parts(math.floor(now), utc)
    if today is None or parts[:3] == today[:3]:
        return clock
    if now is not None and not millis and 0 <= now - when < _DAY / 2:
        return clock
    day = f"{parts[2]} {MONTHS[parts[1] - 1]}"
    if millis:
        return f"{day} {clock}" if parts[0] == today[0] else f"{day} {parts[0]} {clock}"
    return day if parts[0] == today[0] else f"{MONTHS[parts[1] - 1]} {parts[0]}"


def format_rate(
    rate: float | None, *, signed: bool = False, unit: str = "/s", ascii: bool = False
) -> str:
    """`168/s`, `3.1/s`, `0.04/s`, `<0.01/s`, `0/s`; with `signed` `+3.1/s`."""
    if rate is None or not _finite(rate):
        return _unknown(ascii)
    sign = "-" if rate < 0 else "+" if signed and rate > 0 else ""
    size = abs(rate)
    if size == 0:
        return "0" + unit
    if size < 0.01:
        # `-<0.01` would read as noise: the sign goes behind the comparison.
        return f"<{sign}0.01{unit}" if sign else f"<0.01{unit}"
    if size < 0.095:
        return f"{sign}{size:.2f}{unit}"
    if size < 9.95:
        return f"{sign}{f'{size:.1f}'.removesuffix('.0')}{unit}"
    return sign + (f"{size:,.0f}" if size < 99_999.5 else _scaled(size)) + unit


def format_size(size: int) -> str:
    """Bytes as `940 kB`, `15 MB`, `1.2 GB`."""
    for power, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= power * 0.9995:
            amount = size / power
            return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:,.0f} {unit}"
    return f"{size} B"


def format_percent(part: float | None, *, ascii: bool = False) -> str:
    """A part of one in at most four cells: `48%`, `<1%`."""
    if part is None or not _finite(part):
        return _unknown(ascii)
    percent = part * 100
    if 0 < percent < 0.5:
        return "<1%"
    return f"{percent:.0f}%" if -99.5 < percent < 999.5 else (">999%" if percent > 0 else "<-99%")


def format_load(loadavg: Sequence[float] | None, *, ascii: bool = False) -> str:
    """The one-minute load in at most five cells: `3.12`, `12.3`, `140`."""
    if not loadavg or not _finite(loadavg[0]):
        return _unknown(ascii)
    load = max(0.0, loadavg[0])
    if load < 9.995:
        return f"{load:.2f}"
    if load < 99.95:
        return f"{load:.1f}"
    return f"{load:.0f}" if load < 99_999.5 else _scaled(load)


def format_drain(queue: Queue, width: int, *, ascii: bool = False) -> str:
    """When a queue will be empty: `6s`, `not draining` while it grows, else `no consumer`."""
    if UNCONSUMED.on(queue):
        return "no consumer"
    if queue.empty_in is not None:
        return format_span(queue.empty_in, ascii=ascii)
    if never_drains(queue):
        return NOT_DRAINING if width >= len(NOT_DRAINING) else "never"
    return _unknown(ascii)


def format_id(text: str | None, width: int = 8, *, ascii: bool = False) -> str:
    """An id in at most `width` cells, cut in the middle: `5f0c…91a`.

    One that is no text is cut without its type, with which all of them would end alike.
    """
    if text is None:
        return _unknown(ascii)
    shown = clean(text)
    if cell_width(shown) > width and id_value(text) is not text:
        shown = clean(text.rpartition(" (")[0])
    return cut(shown, width, where="middle", ellipsis=signs(ascii).ellipsis)


def short_name(name: str | None, width: int, *, ascii: bool = False) -> str:
    """A task name in at most `width` cells, cut from the left at a dot: `…billing.charge`."""
    if name is None:
        return _unknown(ascii)
    ellipsis = signs(ascii).ellipsis
    text = clean(name)
    if cell_width(text) <= width:
        return text
    rest = text
    while (dot := rest.find(".")) >= 0:
        rest = rest[dot + 1 :]
        if rest and cell_width(rest) < width:
            return ellipsis + rest
    return cut(text, width, where="left", ellipsis=ellipsis)


def common_worker_prefix(hostnames: Iterable[str]) -> str:
    """The part of their names that all workers share.

    `celery@` where that is what they are all called, else `@host` where they all run on one host,
    else the empty string. Of a worker alone only Celery's own `celery@` is left out.
    """
    distinct = set(hostnames)
    if len(distinct) == 1:  # one name alone shows nothing of what others would share
        return "celery@" if next(iter(distinct)).startswith("celery@") else ""
    names = [name.partition("@") for name in distinct]
    prefixes = {head + at if at else "" for head, at, _ in names}
    suffixes = {at + host for _, at, host in names}
    if len(prefixes) == 1:
        return prefixes.pop()
    return suffixes.pop() if len(suffixes) == 1 else ""


def short_worker(
    hostname: str | None, prefix: str = "", width: int | None = None, *, ascii: bool = False
) -> str:
    """A worker's name without the part that all share, in at most `width` cells.

    Where it is cut more of its end stays: names of many workers begin alike.
    """
    if not hostname:
        return ""
    short = hostname.removeprefix(prefix) if prefix.endswith("@") else hostname.removesuffix(prefix)
    text = clean(short or hostname)
    if width is None:
        return text
    return cut(text, width, where="third", ellipsis=signs(ascii).ellipsis)


@lru_cache(maxsize=16384)
def natural(name: str) -> tuple[tuple[str, int, str], ...]:
    """A key that sorts names as people count: `worker9` before `worker10`."""
    parts = re.split("([0-9]+)", name)  # compiled at its first use: the first frame needs none
    numbers = [*(digits.lstrip("0") for digits in parts[1::2]), ""]
    return tuple(
        (word, len(number), number) for word, number in zip(parts[::2], numbers, strict=True)
    )


def state_glyph(state: TaskState, *, ascii: bool = False) -> str:
    """The one-cell glyph of a task's state."""
    return signs(ascii).states[state]


def meter(part: float | None, width: int, *, ascii: bool = False) -> str:
    """A bar of `width` cells: `━` for the part (of one), `─` for the rest; blank if unknown."""
    if part is None or not _finite(part) or width <= 0:
        return " " * max(0, width)
    full = round(min(1.0, max(0.0, part)) * width)
    if part > 0:
        full = max(1, full)
    glyphs = signs(ascii)
    return glyphs.running * full + glyphs.waiting * (width - full)


def sparkline(values: Sequence[float | None], width: int, *, ascii: bool = False) -> str:
    """The newest values as `▁▂▃▄▅▆▇`, one a cell, the newest at the right; a space is no data."""
    levels = signs(ascii).spark
    shown = list(values)[-width:] if width > 0 else []
    known = [value for value in shown if value is not None and _finite(value)]
    top = max(known, default=0) * 1.3
    text = ""
    for value in shown:
        if value is None or not _finite(value):
            text += " "
        else:
            step = 0 if top <= 0 or value <= 0 else max(1, math.ceil(value / top * 7) - 1)
            text += levels[min(6, step)]
    return " " * (max(0, width) - len(text)) + text
