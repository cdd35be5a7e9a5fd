"""Charts are exactly as large as asked, keep rates as rates, and show all that is above zero."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.model import Series
from celerytui.ui.draw.charts import area_chart, area_samples
from celerytui.ui.draw.glyphs import ASCII, UNICODE, Glyphs, glyphs
from celerytui.ui.draw.samples import Scale, mean, resample, round_up, smooth, spread
from celerytui.ui.draw.spans import Span, span_width

numbers = st.none() | st.floats(allow_nan=True) | st.floats(0, 1000)
series = st.lists(numbers, max_size=80)
rates = st.lists(st.floats(0, 1000), min_size=1, max_size=400)
sets = st.sampled_from([UNICODE, ASCII, glyphs(braille=False)])


def plain(row: list[Span]) -> str:
    return "".join(text for text, _ in row)


@given(st.floats(1e-6, 1e12))
def test_a_scale_is_a_round_number_at_or_above_and_not_far(value: float) -> None:
    top = round_up(value)
    assert value <= top <= value * 2.0000001
    first = f"{top:.6e}"
    assert first[0] in "12458"
    assert set(first[1 : first.index("e")]) <= {".", "0"}


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 20)), max_size=30))
def test_a_scale_is_never_too_small(steps: list[tuple[float, float]]) -> None:
    scale, now = Scale(), 0.0
    for value, wait in steps:
        now += wait
        assert scale.update(value, now) >= value


def test_a_scale_shrinks_only_once_it_was_wrong_for_half_a_minute() -> None:
    scale = Scale()
    assert scale.update(388, 0) == 400
    assert scale.update(10, 1) == 400
    assert scale.update(10, 30.9) == 400
    assert scale.update(300, 31) == 400
    assert scale.update(10, 40) == 400
    assert scale.update(10, 70) == 10
    assert scale.update(11, 71) == 20


@given(rates, st.integers(1, 200))
def test_smoothing_keeps_a_rate_a_rate(values: list[float], count: int) -> None:
    out = smooth(values, count)
    assert len(out) == count
    known = [value for value in out if value is not None]
    assert len(known) == count
    assert min(values) - 1e-6 <= min(known)
    assert max(known) <= max(values) + 1e-6
    if count <= len(values):
        assert math.isclose(mean(known), mean(values), rel_tol=1e-6, abs_tol=1e-6)


@given(series, st.integers(0, 100))
def test_resampling_has_its_count_and_loses_no_peak(values: list[float | None], count: int) -> None:
    out = resample(values, count)
    assert len(out) == count
    known = [value for value in values if value is not None and math.isfinite(value)]
    if known and count > 0:
        assert max((v for v in out if v is not None), default=None) == max(known)


@settings(max_examples=60)
@given(
    series,
    st.none() | series,
    st.integers(1, 60),
    st.integers(1, 9),
    sets,
    st.booleans(),
    st.none() | st.floats(0.1, 1e5),
    series,
    st.dictionaries(st.floats(0, 1), st.text(max_size=30), max_size=4),
)
def test_an_area_chart_is_exactly_as_large_as_asked(
    done: list[float | None],
    failed: list[float | None] | None,
    width: int,
    height: int,
    chosen: Glyphs,
    axis: bool,
    scale: float | None,
    line: list[float | None],
    marks: dict[float, str],
) -> None:
    strips = [("retried", line, "retry"), ("revoked", done, "muted")]
    rows = area_chart(
        done, failed, width, height, glyphs=chosen, axis=axis, scale=scale,
        line=line, strips=strips, marks=marks,
    )  # fmt: skip
    assert len(rows) == height
    for row in rows:
        assert span_width(row) == width
        assert plain(row).isprintable()


@pytest.mark.parametrize("value", [5e-324, 1e-200, 1.0000000000000002e308, 1.7e308, -1e308])
def test_absurd_numbers_are_drawn_and_not_fatal(value: float) -> None:
    for count in (1, 7, 50):
        rows = area_chart([value] * count, [value] * count, 20, 4)
        assert [span_width(row) for row in rows] == [20] * 4
    assert math.isfinite(Scale().update(value, 0.0))


def test_a_chart_has_its_scales_and_times_where_the_picture_has_them() -> None:
    rows = area_chart([300.0] * 300, [0.0] * 300, 90, 6, scale=400, failed_scale=4)
    text = [plain(row) for row in rows]
    assert text[0].startswith("  400/s ")
    assert text[3].startswith("      0 ⣿")
    assert text[4].startswith(" failed ")
    assert text[5].split() == ["5m", "4m", "3m", "2m", "1m", "now"]
    assert text[5].endswith("now")
    assert text[5].index("5m") == 8


def test_the_top_cell_is_bright_and_the_body_dark() -> None:
    rows = area_chart([3.0] * 4, None, 2, 4, scale=4, axis=False)
    assert rows[0] == [("  ", "")]
    assert rows[1] == [("⣿⣿", "success")]
    assert rows[2] == rows[3] == [("⣿⣿", "success.body")]


def test_whatever_is_above_zero_shows_one_dot() -> None:
    rows = area_chart([0.001, 0.0, 0.0, 400.0], [0.001, 0, 0, 9], 2, 2, scale=400, axis=False)
    assert rows[0] == [("⡀⢸", "success")]
    assert rows[1] == [("⠁⢸", "failure")]


def test_a_gap_is_a_gap_and_a_mark_where_it_begins() -> None:
    values: list[float | None] = [4, 4, 4, 4, None, None, None, None, 4, 4]
    rows = area_chart(values, None, 5, 1, scale=4, axis=False)
    assert rows == [[("⣿⣿", "success"), ("┆", "gap"), (" ", ""), ("⣿", "success")]]


def test_before_the_first_value_there_is_nothing_to_mark() -> None:
    rows = area_chart([None, None, 4, 4], None, 2, 1, scale=4, axis=False)
    assert plain(rows[0]) == " ⣿"


def test_ascii_and_blocks() -> None:
    rows = area_chart([4, 2, 0, 1], [0, 1, 0, 0], 4, 3, scale=4, axis=False, glyphs=ASCII)
    assert [plain(row) for row in rows] == ["#   ", "## #", " #  "]
    rows = area_chart([4, 2, 0, 1], None, 4, 1, scale=4, axis=False, glyphs=glyphs(braille=False))
    assert plain(rows[0]) == "█▄ ▂"


def test_how_many_samples_a_chart_draws() -> None:
    assert area_samples(90) == 164
    assert area_samples(90, ASCII) == 82
    assert area_samples(10) == 20


def test_a_mark_is_a_line_through_all_rows_with_its_text_at_the_axis() -> None:
    rows = area_chart([3.0] * 300, [0.0] * 300, 90, 7, scale=4, marks={0.5: "v1.2"})
    place = 8 + 41
    assert [plain(row)[place] for row in rows[:-1]] == ["│"] * 6
    assert plain(rows[-1])[place + 1 : place + 5] == "v1.2"
    assert ("│", "accent") in rows[0]
    assert plain(rows[-1]).split() == ["5m", "4m", "3m", "v1.2", "2m", "1m", "now"]


@pytest.mark.parametrize(
    ("seconds", "width", "shown"),
    [
        (300, 160, "5m 4m30s 4m 3m30s 3m 2m30s 2m 1m30s 1m 30s now"),
        (5400, 100, "1h30m 1h15m 1h 45m 30m 15m now"),
        (86_400, 60, "1d 12h now"),
    ],
)
def test_the_axis_names_times_in_one_unit_or_two(seconds: int, width: int, shown: str) -> None:
    rows = area_chart([3.0] * 300, None, width, 3, scale=4, seconds=seconds)
    assert plain(rows[-1]).split() == shown.split()


def test_a_mark_is_named_above_where_there_is_no_axis_and_nothing_is_drawn() -> None:
    low = area_chart([1.0] * 40, None, 28, 2, scale=4, axis=False, marks={0.2: "release of today"})
    assert plain(low[0])[8:] == "    │release of tod…"
    full = area_chart([4.0] * 40, None, 28, 1, scale=4, axis=False, marks={0.2: "v1.2"})
    assert plain(full[0])[8:] == "⣿⣿⣿⣿│" + "⣿" * 15


def test_marks_close_together_have_the_room_that_there_is() -> None:
    marks = {0.5: "v1.2", 0.52: "v1.2.1", 0.99: "at the edge"}
    rows = area_chart([3.0] * 300, [0.0] * 300, 90, 7, scale=4, marks=marks)
    assert "v1.2 " in plain(rows[-1])
    assert "v1.2.1" in plain(rows[-1])
    assert plain(rows[-1]).endswith("at the edge now")
    assert plain(rows[0]).count("│") == 3


def test_a_line_is_drawn_over_the_area_on_its_scale() -> None:
    rows = area_chart([1.0] * 4, None, 2, 2, scale=8, axis=False, line=[8.0, 8.0, 4.0, 1.0])
    assert [plain(row) for row in rows] == ["⠉ ", "⣀⣁"]
    assert rows[0][0] == ("⠉", "strong")
    rows = area_chart([1.0] * 2, None, 2, 2, scale=4, axis=False, line=[4.0, 1.0], glyphs=ASCII)
    assert [plain(row) for row in rows] == ["- ", "##"]


def test_strips_hang_below_by_their_names_where_there_is_room() -> None:
    strips = [("retried", [0.0, 5.0] * 20, "retry"), ("revoked", [1.0] * 40, "muted")]

    def names(height: int) -> list[str]:
        rows = area_chart([1.0] * 40, [1.0] * 40, 60, height, axis=False, strips=strips)
        return [plain(row)[:7].strip() for row in rows if plain(row)[:7].strip().isalpha()]

    assert names(3) == ["failed"]
    assert names(6) == ["failed", "retried"]
    assert names(7) == ["failed", "retried", "revoked"]


rate_slots = st.lists(st.none() | st.floats(0, 1000), min_size=1, max_size=60)


@given(rate_slots, st.integers(1, 20), st.integers(1, 80))
def test_spread_keeps_what_there_was(values: list[float | None], width: int, count: int) -> None:
    series = Series(100.0, float(width), tuple(values))
    end = 100.0 + width * len(values)
    out = spread(series, 100.0, end, count)
    assert len(out) == count
    if all(value is not None for value in values):
        known = [value for value in out if value is not None]
        assert len(known) == count
        assert math.isclose(
            mean(known), mean([value or 0.0 for value in values]), rel_tol=1e-6, abs_tol=1e-6
        )
    peaks = [one for one in spread(series, 100.0, end, count, peaks=True) if one is not None]
    known = [one for one in values if one is not None]
    assert max(peaks, default=None) == max(known, default=None)


def test_spread_puts_each_slot_where_its_time_is() -> None:
    series = Series(100.0, 10.0, (1.0, 2.0, None, 4.0))
    assert spread(series, 90.0, 150.0, 6) == [None, 1.0, 2.0, None, 4.0, None]
    assert spread(series, 105.0, 125.0, 2) == [1.5, 2.0]
    assert spread(series, 105.0, 125.0, 2, peaks=True) == [2.0, 2.0]
