"""Every row is exactly as wide as asked, whatever stands in it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from celerytui.ui.draw.frame import frame_bottom, frame_top, section
from celerytui.ui.draw.glyphs import ASCII, UNICODE, Glyphs
from celerytui.ui.draw.spans import (
    Line,
    Span,
    cut_spans,
    cut_text,
    fit_spans,
    slice_spans,
    span_width,
    to_strip,
    wrap_spans,
)
from celerytui.ui.draw.theme import PALETTES

DARK = PALETTES["dark"]
widths = st.integers(min_value=1, max_value=60)
texts = st.text(max_size=20) | st.sampled_from(
    ["日本語", "a\x1b[31mb", "e\u0301x", "👩‍👩‍👧", "\ufe0f", ""]
)
spans = st.lists(st.tuples(texts, st.sampled_from(["", "muted", "failure bold"])), max_size=5)
clean_texts = st.text(st.characters(codec="utf-8", exclude_categories=["C", "M", "Z"]), max_size=12)
clean_spans = st.lists(st.tuples(clean_texts, st.just("")), max_size=4)


def plain(row: list[Span]) -> str:
    return "".join(text for text, _ in row)


def has_controls(text: str) -> bool:
    return any(unicodedata.category(char) in ("Cc", "Cs") for char in text)


@given(widths, spans, spans, st.lists(st.tuples(st.integers(-2, 70), texts, st.none() | widths)))
def test_a_line_has_exactly_its_width_and_no_control_characters(
    width: int, left: list[Span], right: list[Span], puts: list[tuple[int, str, int | None]]
) -> None:
    line = Line(width).left(*left).right(*right)
    for x, text, room in puts:
        line.put(x, text, "muted", room, "right")
    row = line.spans()
    assert span_width(row) == width
    assert sum(cell_len(text) for text, _ in row) == width
    assert not has_controls(plain(row))
    assert to_strip(line, DARK).cell_length == width


@given(widths, st.lists(st.tuples(st.integers(0, 70), texts, widths), min_size=1))
def test_a_row_of_columns_has_exactly_its_width(
    width: int, puts: list[tuple[int, str, int]]
) -> None:
    line = Line(width)
    for x, text, room in puts:
        line.put(x, text, "", room)
    assert span_width(line.spans()) == width


@given(clean_spans, st.integers(0, 40))
def test_cutting_never_passes_the_width_and_keeps_what_fits(row: list[Span], width: int) -> None:
    cut = cut_spans(row, width)
    assert span_width(cut) <= width
    if span_width(row) <= width:
        assert plain(cut) == plain(row)
    elif width:
        assert plain(cut).endswith("…")


@given(clean_spans, widths)
def test_fitting_gives_exactly_the_width(row: list[Span], width: int) -> None:
    for align in ("left", "right", "center"):
        assert span_width(fit_spans(row, width, align)) == width


@given(clean_spans, st.integers(0, 30), st.integers(0, 30))
def test_a_slice_takes_its_cells_and_no_more(row: list[Span], start: int, size: int) -> None:
    end = start + size
    want = max(0, min(end, span_width(row)) - start)
    assert span_width(slice_spans(row, start, end)) == want


def test_the_right_part_wins_and_the_left_is_cut() -> None:
    line = Line(20).left(("a long title", "strong")).right(("12,022", "text"), (" of 9", "muted"))
    assert plain(line.spans()) == "a long … 12,022 of 9"


def test_an_ellipsis_marks_a_cut_at_a_boundary_of_spans() -> None:
    assert plain(cut_spans([("abc", "a"), ("def", "b")], 3)) == "ab…"
    assert plain(cut_spans([("abc", "a"), ("", "b")], 3)) == "abc"


def test_what_is_put_lies_over_the_rest() -> None:
    line = Line(10).left(("aaaaaaaaaa", "")).put(3, "日", "strong")
    assert plain(line.spans()) == "aaa日aaaaa"
    assert plain(Line(6).left(("日日日", "")).put(1, "x", "").spans()) == " x日日"


def test_columns_align_inside_their_cells() -> None:
    line = Line(16).put(0, "name", "", 6).put(8, "12", "", 6, "right")
    assert plain(line.spans()) == "name        12  "


def test_foreign_text_is_cleaned() -> None:
    row = Line(12).left(("\x1b[31mred\n", "")).put(8, "a\x00b", "").spans()
    assert not has_controls(plain(row))
    assert "red" in plain(row)


def test_a_wide_character_is_never_cut_in_half() -> None:
    assert cut_text("日本語", 4) == "日 …"
    assert cut_text("日本語", 6) == "日本語"
    assert cut_text("abc", 0) == ""


def test_neighbours_of_one_role_become_one_segment() -> None:
    strip = to_strip([("a", "muted"), ("b", "muted"), ("c", "")], DARK, "cursor")
    segments = list(strip)
    assert [segment.text for segment in segments] == ["ab", "c"]
    assert segments[0].style == DARK.style("muted", "cursor")
    assert segments[1].style == DARK.style("text", "cursor")


def test_a_frame_looks_like_the_pictures() -> None:
    top = frame_top(30, [("Workers", "strong")], [("1 lost", "failure")])
    assert plain(top) == "╭─ Workers ───────── 1 lost ─╮"
    assert plain(frame_bottom(12)) == "╰──────────╯"
    assert plain(frame_bottom(12, glyphs=ASCII)) == "+----------+"
    rule = frame_top(20, [("Tasks", "accent bold")], corners=False, border="border.focused")
    assert plain(rule) == "─ Tasks ────────────"
    assert plain(section(20, "Links", [("5 tasks", "muted")])) == "Links ────── 5 tasks"


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@given(width=st.integers(1, 40), title=clean_spans, right=clean_spans, corners=st.booleans())
def test_frames_have_exactly_their_width(
    glyphs: Glyphs, width: int, title: list[Span], right: list[Span], corners: bool
) -> None:
    assert span_width(frame_top(width, title, right, glyphs=glyphs, corners=corners)) == width
    assert span_width(frame_bottom(width, right, glyphs=glyphs)) == width
    assert span_width(section(width, plain(title), right, glyphs=glyphs)) == width


roles = st.sampled_from(["", "muted", "text"])
narrow_texts = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)


@given(
    st.lists(st.tuples(clean_texts | narrow_texts, roles), max_size=6),
    st.integers(2, 12),
    st.integers(2, 12),
)
def test_wrapped_rows_have_every_character_in_its_role(
    row: list[Span], width: int, rest: int
) -> None:
    wrapped = wrap_spans(row, width, 1_000, rest_width=rest)
    assert [(char, role) for part in wrapped for text, role in part for char in text] == [
        (char, role) for text, role in row for char in text
    ]
    assert all(
        span_width(part) <= (rest if number else width) for number, part in enumerate(wrapped)
    )
    few = wrap_spans(row, width, 2, rest_width=rest)
    assert len(few) <= 2
    assert plain(few[0]) == plain(wrapped[0])
