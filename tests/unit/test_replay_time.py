"""Times of a recording as they are typed: on the command line and in the form."""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from celerytui.replay_time import full_time, read_replay_time
from celerytui.ui.draw.spans import Line, span_width
from celerytui.ui.draw.time_axis import TimeAxis, put_labels

BEGINS = 1795424460.4
"""2026-11-23 09:01:00.4 UTC."""
DAY = 86_400.0


@pytest.fixture
def berlin() -> Iterator[None]:
    """Local time as in Berlin."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Europe/Berlin"
    time.tzset()
    yield
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10:30", 5339.6),
        ("9:30:05", 1744.6),
        ("09:30:05.5", 1745.1),
        ("2026-11-24 08:00", DAY - 3660.4),
        ("2026-11-24T08:00:01Z", DAY - 3659.4),
        ("2026-11-24T09:00:01+01:00", DAY - 3659.4),
        ("08:00", DAY - 3660.4),
        ("2026-11-24", 53939.6),
        ("+5m", 3900.0),
        ("-30s", 3570.0),
        ("+1h30m", 9000.0),
        ("-9h", 0.0),
        ("+9d", 2 * DAY),
        (" 09:01 ", 0.0),
        ("2026-11-25 09:01:30", 2 * DAY),
    ],
)
def test_a_time_is_the_nearest_that_is_meant(text: str, seconds: float) -> None:
    found = read_replay_time(text, BEGINS + 3600, BEGINS, BEGINS + 2 * DAY, utc=True)
    assert found - BEGINS == pytest.approx(seconds, abs=1e-3)


def test_a_time_without_a_zone_is_local(berlin: None) -> None:
    def read(text: str) -> float:
        return read_replay_time(text, BEGINS, BEGINS, BEGINS + DAY, utc=False)

    assert read("11:30") - BEGINS == pytest.approx(5339.6)
    assert read("2026-11-23 11:30") == read("11:30") == read("2026-11-23T10:30Z")
    assert full_time(BEGINS, utc=False) == "2026-11-23 10:01:00"


@pytest.mark.parametrize("text", ["", "noon", "25:00", "10:61", "10:00:60", "+", "+5x", "2026"])
def test_what_is_no_time_is_said(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a (time|step)"):
        read_replay_time(text, BEGINS, BEGINS, BEGINS + DAY, utc=True)


@given(
    st.text(max_size=30)
    | st.from_regex(r"[+-]?\d{1,4}[:\-ms ]\d{1,2}([:\-]\d\d)?", fullmatch=True),
    st.floats(0, 4e9),
    st.floats(0, 4e7),
    st.booleans(),
)
@example("9999-12-31 23:59", 0.0, 10.0, False)
@example("0001-01-01", 0.0, 10.0, False)
def test_any_text_gives_a_time_of_the_recording_or_none(
    text: str, begins: float, seconds: float, utc: bool
) -> None:
    with contextlib.suppress(ValueError):
        found = read_replay_time(text, begins, begins, begins + seconds, utc=utc)
        assert begins <= found <= begins + seconds


@given(st.floats(0, 4e9), st.floats(0, 1e8), st.integers(1, 300), st.booleans())
def test_every_cell_begins_in_itself_and_times_have_room(
    begins: float, seconds: float, width: int, utc: bool
) -> None:
    axis = TimeAxis(begins, begins + seconds, width)
    assert axis.cell(-math.inf) == axis.cell(begins) == 0
    assert axis.cell(math.inf) == width - 1
    if seconds / width > 1e-3:
        assert [axis.cell(axis.begin_of(cell)) for cell in range(width)] == [*range(width)]
    names = axis.names(utc=utc)
    assert len(names) <= width
    assert all(0 <= cell < width for cell, _, _ in names)


labels = st.lists(
    st.tuples(st.integers(-5, 90), st.text("abc17", max_size=9)),
    max_size=12,
)


@given(labels, st.integers(1, 80), st.integers(0, 80), st.integers(0, 20))
def test_labels_never_lie_over_each_other(
    wanted: list[tuple[int, str]], width: int, taken: int, aside: int
) -> None:
    line = Line(width)
    named = [(cell, text, f"r{n}") for n, (cell, text) in enumerate(wanted)]
    used = put_labels(line, named, [range(taken)], aside=aside)
    spans = line.spans()
    assert span_width(spans) == width
    shown = [(text, role) for text, role in spans if role.startswith("r")]
    assert all(text == wanted[int(role[1:])][1] for text, role in shown)
    assert not "".join(text for text, _ in spans)[: min(taken, width)].strip()
    assert used[0] == range(taken)
    assert len(used) == 1 + len(shown)


@pytest.mark.parametrize(
    ("cell", "shown"),
    [(2, "        v1.2             11:01"), (28, "                    v1.2 11:01")],
)
def test_a_label_stands_beside_what_has_its_place(cell: int, shown: str) -> None:
    line = Line(30)
    taken = put_labels(line, [(29, "11:01", "faint")], [range(7)])
    put_labels(line, [(cell, "v1.2", "accent")], taken, aside=9)
    assert "".join(text for text, _ in line.spans()) == shown
    hidden = Line(30)
    put_labels(hidden, [(2, "v1.2", "accent")], [range(15)], aside=9)
    assert not "".join(text for text, _ in hidden.spans()).strip()
