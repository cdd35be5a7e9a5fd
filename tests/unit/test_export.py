"""What is exported can be read back as it was, and does nothing where a spreadsheet opens it."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celerytui.export import FORMATS, Csv, JsonLines, harmless

TEXTS = st.text(max_size=30) | st.sampled_from(["=1+1", "+1", "-1", "@sum(a1)", "\t=1", "\r=1", ""])
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "id": TEXTS,
            "name": PLAIN,
            "runtime": st.fixed_dictionaries({"p50": PLAIN, "max": PLAIN}),
            "workers": st.lists(TEXTS, max_size=3),
        }
    ),
    min_size=1,
    max_size=8,
)
SIGNS = ("=", "+", "-", "@", "\t", "\r")


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def cell(value: Any) -> str:
    """A value as it has to stand in a cell."""
    if value is None or value in (float("inf"), float("-inf")):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        text = value.replace("\0", "\\0")
        return "'" + text if text[:1] in SIGNS and text else text
    return json.dumps(value).replace("\x7f", "\\u007f") if isinstance(value, list) else str(value)


@given(ROWS, st.integers(1, 8))
def test_csv_has_each_row_under_the_same_head(rows: list[dict[str, Any]], piece: int) -> None:
    written = Csv()
    text = "".join(written.text(rows[at : at + piece]) for at in range(0, len(rows), piece))
    found = read_csv(text)
    assert found == [
        {
            "id": cell(row["id"]),
            "name": cell(row["name"]),
            "runtime.p50": cell(row["runtime"]["p50"]),
            "runtime.max": cell(row["runtime"]["max"]),
            "workers": cell(row["workers"]),
        }
        for row in rows
    ]


@given(st.dictionaries(st.text(min_size=1, max_size=9), TEXTS, min_size=1, max_size=5))
def test_no_text_in_a_cell_is_a_formula(row: dict[str, str]) -> None:
    _, *rows = csv.reader(io.StringIO(Csv().text([row]), newline=""))
    cells = [one for line in rows for one in line]
    assert not any(one.startswith(SIGNS) for one in cells)


def test_a_number_stays_a_number() -> None:
    assert read_csv(Csv().text([{"growth": -3.5, "id": "-3.5"}])) == [
        {"growth": "-3.5", "id": "'-3.5"}
    ]


@pytest.mark.parametrize("sign", SIGNS)
def test_what_would_be_a_formula_is_a_text(sign: str) -> None:
    assert harmless(f"{sign}cmd|' /c calc'!A0") == f"'{sign}cmd|' /c calc'!A0"
    assert harmless(f"a{sign}b") == f"a{sign}b"


def without_infinity(value: Any) -> Any:
    """``value`` with null for every number that JSON can't hold."""
    if isinstance(value, dict):
        return {key: without_infinity(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [without_infinity(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@given(ROWS)
def test_json_lines_hold_the_rows_as_they_are(rows: list[dict[str, Any]]) -> None:
    text = JsonLines().text(rows)
    assert text.isascii()
    assert "\x7f" not in text
    lines = text.splitlines()
    assert [json.loads(line, parse_constant=pytest.fail) for line in lines] == [
        json.loads(json.dumps(without_infinity(row))) for row in rows
    ]


@pytest.mark.parametrize("name", FORMATS)
def test_no_rows_are_no_text(name: str) -> None:
    assert FORMATS[name]().text([]) == ""


def test_formats_have_endings_of_their_own() -> None:
    suffixes = [one.suffix for one in FORMATS.values()]
    assert suffixes == [".csv", ".jsonl"]
