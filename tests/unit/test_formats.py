"""Numbers and times are short, of a known width, and never raise."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from celerytui.columns import (
    cell_width,
    clean,
    common_worker_prefix,
    format_age,
    format_clock,
    format_count,
    format_drain,
    format_duration,
    format_id,
    format_load,
    format_percent,
    format_rate,
    format_span,
    format_step,
    format_until,
    format_when,
    meter,
    natural,
    short_name,
    short_worker,
    sparkline,
    state_glyph,
)
from celerytui.columns.formats import _parts
from celerytui.model import Queue, TaskState
from tests.unit.judged import judged

ANY_NUMBER = st.one_of(
    st.none(),
    st.floats(),
    st.integers(),
    st.sampled_from([10**400, -(10**400), 0, -0.0, math.inf, -math.inf, math.nan]),
    st.floats(-1e-3, 1e6),
)


@pytest.fixture(autouse=True)
def _in_utc_plus_two() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "XXX-2"
    time.tzset()
    _parts.cache_clear()  # local times are kept, and the zone changes only here
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()
    _parts.cache_clear()


@pytest.mark.parametrize(
    ("form", "width"),
    [
        (format_duration, 6),
        (format_span, 6),
        (format_step, 7),
        (format_age, 10),
        (format_until, 7),
        (format_rate, 10),
        (format_percent, 5),
        (lambda value, ascii: format_load((value,), ascii=ascii), 6),
        (lambda value, ascii: format_count(value, 6, ascii=ascii), 6),
        (lambda value, ascii: format_clock(value, True, ascii=ascii), 8),
        (lambda value, ascii: format_clock(value, True, now=1e9, ascii=ascii), 8),
        (lambda value, ascii: format_when(value, 1e9, True, ascii=ascii), 12),
    ],
)
def test_every_number_fits_and_none_raises(form: Callable[..., str], width: int) -> None:
    @given(ANY_NUMBER, st.booleans())
    @example(59.9499, False)
    @example(3599.9999, False)
    @example(9.995, True)
    @example(99999.5, False)
    @example(10_000 * 365 * 86400.0, False)
    def check(value: Any, ascii: bool) -> None:
        text = form(value, ascii=ascii)
        assert 0 < cell_width(text) <= width
        assert clean(text) == text
        assert not ascii or text.isascii()

    check()


def in_seconds(text: str) -> float:
    if text.startswith("<"):
        return 0.0
    units = {"ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400, "y": 365 * 86400}
    total, number = 0.0, ""
    for char in text.replace("ms", "µ"):
        if char in "0123456789.":
            number += char
        else:
            total += float(number) * units["ms" if char == "µ" else char]
            number = ""
    return total


@given(st.floats(0, 1e11), st.floats(0, 1e11))
def test_a_longer_time_never_reads_shorter(one: float, other: float) -> None:
    short, long = sorted((one, other))
    assert in_seconds(format_duration(short)) <= in_seconds(format_duration(long))


@given(st.floats(0.001, 1e11))
def test_a_duration_says_what_it_is(seconds: float) -> None:
    # Two figures at the least, but for 1ms to 10ms and 10y and up.
    assert in_seconds(format_duration(seconds)) == pytest.approx(seconds, rel=0.5)
    if 0.02 < seconds < 10 * 365 * 86400:
        assert in_seconds(format_duration(seconds)) == pytest.approx(seconds, rel=0.042)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "<1ms"),
        (0.0002, "<1ms"),
        (0.012, "12ms"),
        (0.94, "940ms"),
        (0.9996, "1.00s"),
        (1.2, "1.20s"),
        (9.996, "10.0s"),
        (14.2, "14.2s"),
        (59.96, "1m00s"),
        (125, "2m05s"),
        (3599.9, "59m59s"),
        (4320, "1h12m"),
        (3 * 86400 + 4 * 3600, "3d04h"),
        (364 * 86400, "364d"),
        (12 * 365 * 86400, "12y"),
        (math.inf, ">9999y"),
        (-1, "<1ms"),
        (None, "–"),
        (math.nan, "–"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert format_duration(seconds) == text


def test_a_running_duration_ends_in_an_ellipsis() -> None:
    assert format_duration(0.94, running=True) == "940ms…"
    assert format_duration(0.94, running=True, ascii=True) == "940ms~"
    assert format_duration(None, running=True) == "–"


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (0, "0/s"),
        (168.2, "168/s"),
        (1240, "1,240/s"),
        (13.1, "13/s"),
        (3.14, "3.1/s"),
        (2.0, "2/s"),
        (0.96, "1/s"),
        (0.094, "0.09/s"),
        (0.0951, "0.1/s"),
        (0.004, "<0.01/s"),
        (9.96, "10/s"),
        (2_500_000, "2.5M/s"),
        (None, "–"),
        (math.inf, "–"),
    ],
)
def test_rates(rate: float | None, text: str) -> None:
    assert format_rate(rate) == text


def test_growth_always_has_its_sign() -> None:
    assert format_rate(3.1, signed=True) == "+3.1/s"
    assert format_rate(-2.0, signed=True) == "-2/s"
    assert format_rate(0, signed=True) == "0/s"
    assert format_rate(0.001, signed=True) == "<+0.01/s"


@given(st.floats(-1e12, 1e12))
def test_a_rate_never_reads_as_nothing(rate: float) -> None:
    assert rate == 0 or not format_rate(rate).startswith(("0.0/", "0/", "-0.0/", "-0/"))


def test_counts() -> None:
    assert format_count(1204) == "1,204"
    assert format_count(1_204_000, 7) == "1.2M"
    assert format_count(999_999, 7) == "999,999"
    assert format_count(0) == "0"
    assert format_count(-1204) == "-1,204"
    assert format_count(None) == "–"
    assert format_count(None, ascii=True) == "-"
    assert format_count(10**17) == "100P"


def test_ages_and_what_is_to_come() -> None:
    assert format_age(3.7) == "3s ago"
    assert format_age(125) == "2m05s ago"
    assert format_age(0.2) == "<1s ago"
    assert format_age(-4) == "<1s ago"
    assert format_until(14.9) == "in 14s"
    assert format_until(0.2) == "in 1s"
    assert format_until(750) == "in 12m"
    assert format_until(3 * 86400) == "in 3d"
    assert format_until(-1) == "due"
    assert format_when(1_700_000_014, 1_700_000_000) == "in 14s"
    assert format_when(1_700_004_000, 1_700_000_000, True) == "at 23:20"
    assert format_when(1_700_604_800, 1_700_000_000, True) == "21 Nov 22:13"
    assert format_span(92) == "1m32s"
    assert format_span(6.9) == "6s"
    assert format_step(8.71) == "+8.71s"
    assert format_step(-0.003) == "-3ms"


def test_the_clock_is_local_or_utc() -> None:
    when = 1_700_000_000.0314  # 22:13:20 on 14 November 2023, UTC
    assert format_clock(when, True) == "22:13:20"
    assert format_clock(when) == "00:13:20"
    assert format_clock(when, True, millis=True) == "22:13:20.031"
    assert format_clock(1_700_000_000.9996, True, millis=True) == "22:13:21.000"
    assert format_clock(when, True, now=when + 60) == "22:13:20"
    assert format_clock(when, True, now=when + 7200) == "22:13:20"
    assert format_clock(when, True, now=when + 13 * 3600) == "14 Nov"
    assert format_clock(when, now=when + 7200) == "00:13:20"
    assert format_clock(when, True, now=when + 4e6) == "14 Nov"
    assert format_clock(when, True, now=when + 6e7) == "Nov 2023"
    assert format_clock(when, True, now=when + 7200, millis=True) == "14 Nov 22:13:20.031"
    assert format_clock(1e300) == "–"


def test_ids_names_and_workers() -> None:
    assert format_id("5f0c8d1e-3b7a-4c02-9e65-d41f07bb291a") == "5f0c…91a"
    assert format_id("5f0c8d1e-3b7a-4c02-9e65-d41f07bb291a", ascii=True) == "5f0c~91a"
    assert format_id("short") == "short"
    assert format_id("5f0c8d1e-3b7a-4c02-9e65-d41f07bb291a (uuid)") == "5f0c…91a"
    assert format_id("5f0c8d1e (no type)") == "5f0c…pe)"
    assert format_id("7 (int)") == "7 (int)"
    assert format_id(None) == "–"
    assert short_name("shop.billing.charge", 30) == "shop.billing.charge"
    assert short_name("shop.billing.charge", 16) == "…billing.charge"
    assert short_name("shop.billing.charge", 8) == "…charge"
    assert short_name("shop.billing.charge", 5) == "…arge"
    assert short_name("shop.billing.", 6) == "…ling."
    assert short_name(None, 5) == "–"
    assert common_worker_prefix(["celery@a", "celery@b"]) == "celery@"
    assert common_worker_prefix(["w1@a", "w2@a"]) == "@a"
    assert common_worker_prefix(["w1@a", "w2@b"]) == ""
    assert common_worker_prefix(["celery@a", "plain"]) == ""
    assert common_worker_prefix([]) == ""
    assert short_worker("celery@bill1", "celery@") == "bill1"
    assert short_worker("w1@a", "@a") == "w1"
    assert short_worker("celery@", "celery@") == "celery@"
    assert short_worker("w\x1b@host", "", 4) == "w…st"
    assert short_worker("celery@mail-7d9f-x2c", "celery@", 8) == "ma…f-x2c"
    assert short_worker("w0123456789", "", 5, ascii=True) == "w~789"
    assert short_worker(None) == ""


def test_names_with_numbers_are_in_the_order_of_counting() -> None:
    names = ["w10@h", "w9@h", "w1@h", "w100@h", "w01@h", "a2b10", "a2b9", "w", "", "2", "10"]
    assert sorted(names, key=natural) == [
        *("", "2", "10"),
        *("a2b9", "a2b10"),
        *("w", "w1@h", "w01@h", "w9@h", "w10@h", "w100@h"),
    ]


@given(st.lists(st.text(alphabet="a1029٣²@.-", max_size=6), max_size=8))
def test_any_names_have_an_order(names: list[str]) -> None:
    in_order = sorted(names, key=natural)
    assert sorted(in_order, key=natural) == in_order
    assert sorted(map(natural, names)) == [natural(name) for name in in_order]


@given(st.text(max_size=40), st.integers(1, 30))
def test_names_and_ids_fit(text: str, width: int) -> None:
    assert cell_width(short_name(text, width)) <= width
    assert cell_width(format_id(text, width)) <= width
    assert cell_width(short_worker(text, "", width)) <= width


def test_when_a_queue_is_empty() -> None:
    assert format_drain(Queue("q", ready=6, empty_in=6.0, growth=-1.0), 8) == "6s"
    assert format_drain(Queue("q", ready=6, growth=0.5), 8) == "never"
    assert format_drain(Queue("q", ready=6, growth=0.5), 12) == "not draining"
    assert format_drain(Queue("q", ready=0, growth=0.0), 8) == "–"
    unconsumed = judged(Queue("q", ready=6, growth=0.5, consumed=False))
    assert format_drain(unconsumed, 8) == "no consumer"


@given(ANY_NUMBER, st.integers(-1, 30), st.booleans())
def test_a_meter_is_as_wide_as_asked(part: Any, width: int, ascii: bool) -> None:
    assert len(meter(part, width, ascii=ascii)) == max(0, width)


def test_a_meter_shows_the_part() -> None:
    assert meter(0.5, 4) == "━━──"
    assert meter(0.01, 4) == "━───"
    assert meter(0.0, 4) == "────"
    assert meter(7, 4, ascii=True) == "===="
    assert meter(None, 3) == "   "


@given(st.lists(ANY_NUMBER, max_size=20), st.integers(-1, 15))
def test_a_sparkline_is_as_wide_as_asked(values: list[Any], width: int) -> None:
    text = sparkline(values, width)
    assert len(text) == max(0, width)
    assert "█" not in text


def test_a_sparkline_shows_levels_and_gaps() -> None:
    assert sparkline([0, None, 10], 4) == " ▁ ▆"
    assert sparkline([1, 1], 2, ascii=True) == "**"


def test_every_state_has_a_glyph_of_one_cell() -> None:
    for state in TaskState:
        assert cell_width(state_glyph(state)) == 1
        assert state_glyph(state, ascii=True).isascii()
