"""Rows as text in a file: CSV for spreadsheets, and JSON lines."""

from __future__ import annotations

import csv
import io
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

Document = dict[str, Any]
"""One row: plain values by field, as in the document of `snapshot`."""

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""What a text begins with that a spreadsheet takes for a formula, or strips from before one."""
HARMLESS = "'"
"""Before such a text it makes a spreadsheet take it for a text."""


class ExportFormat(ABC):
    """A way to write rows; one object for each file, since a head comes before the first rows."""

    suffix: ClassVar[str]

    @abstractmethod
    def text(self, rows: Sequence[Document]) -> str:
        """More rows as text; the first ones say which fields there are."""


NESTED = {"progress": ("current", "total", "message")}
"""Objects that only some rows have, with their fields: the first row may have none."""


class Csv(ExportFormat):
    """CSV with a head, as in RFC 4180; fields in fields are `outer.inner`, lists are JSON.

    Texts that a spreadsheet would take for a formula are made harmless; numbers are left alone.
    """

    suffix = ".csv"

    def __init__(self) -> None:
        self._fields: list[str] | None = None

    def text(self, rows: Sequence[Document]) -> str:
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        for row in map(_flat, rows):
            if self._fields is None:
                self._fields = list(row)
                writer.writerow(self._fields)
            writer.writerow([_cell(row.get(field)) for field in self._fields])
        return out.getvalue()


class JsonLines(ExportFormat):
    """A JSON object on each line: ASCII only, so that it is valid whatever text it contains."""

    suffix = ".jsonl"

    def text(self, rows: Sequence[Document]) -> str:
        return "".join(f"{_json(row)}\n" for row in rows)


FORMATS: dict[str, type[ExportFormat]] = {"CSV": Csv, "JSON lines": JsonLines}
"""The formats by the names by which they are chosen."""


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return HARMLESS + text if text.startswith(FORMULA_SIGNS) else text


def _cell(value: Any) -> str:
    if isinstance(value, str):
        # Python 3.10 and others end a CSV file at a NUL.
        return harmless(value.replace("\0", "\\0"))
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _json(value) if isinstance(value, (list, dict)) else str(value)


def _flat(row: Document, above: str = "") -> Document:
    flat: Document = {}
    for key, value in row.items():
        if value is None and key in NESTED:
            value = dict.fromkeys(NESTED[key])
        if isinstance(value, dict) and value:
            flat.update(_flat(value, f"{above}{key}."))
        else:
            flat[f"{above}{key}"] = value
    return flat


def _json(value: Any) -> str:
    try:
        text = json.dumps(value, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(value))
    # The one control character that JSON lets through; it can only stand inside a string.
    return text.replace("\x7f", "\\u007f")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
