"""Prints the output of commands: the only writer of stdout."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO, TypeVar

from msgspec.structs import replace

from celerytui.columns import (
    TASK_COLUMNS,
    CellContext,
    Column,
    clean,
    columns_for,
    common_worker_prefix,
    cut,
    header_cells,
    row_cells,
)
from celerytui.document import Document
from celerytui.errors import OutputError
from celerytui.masking import mask
from celerytui.model import (
    Task,
)

T = TypeVar("T")

NARROWEST = 40
WIDTH_WITHOUT_TERMINAL = 160
_GUTTER = 2


# -- JSON --------------------------------------------------------------------------------------


@contextmanager
def standard_output(stream: TextIO | None) -> Iterator[TextIO]:
    """The stream of a command's document, flushed at the end.

    Raises OutputError where it is closed (None) or takes no more; a BrokenPipeError, which says
    that the reader has seen enough, goes through.
    """
    if stream is None:
        raise OutputError("cannot write to standard output: it is closed")
    try:
        yield stream
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"cannot write to standard output: {error.strerror}") from error


def table_width() -> int:
    """Columns of a table on standard output; 160 where that is no terminal."""
    return shutil.get_terminal_size((WIDTH_WITHOUT_TERMINAL, 24)).columns


def print_json(document: Document, stream: TextIO) -> None:
    """Write one JSON document and a newline: ASCII only, valid whatever text it contains."""
    stream.write(json_line(document))


def json_line(document: Document) -> str:
    """One JSON document as a line: ASCII only, valid whatever text it contains."""
    text = json.dumps(_valid(document), allow_nan=False, ensure_ascii=True)
    # The one control character that JSON lets through; it can only stand inside a string.
    return text.replace("\x7f", "\\u007f") + "\n"


def _valid(value: Any) -> Any:
    """The value without what JSON cannot represent: lone surrogates, NaN, infinity."""
    if isinstance(value, str):
        return value if value.isascii() else _whole(value)
    if isinstance(value, dict):
        return {_valid(str(key)): _valid(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_valid(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    # Beyond 64 bits readers of JSON disagree, and Python itself refuses to print enormous ones.
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 64:
        return None
    return value


def _whole(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


# -- tables ------------------------------------------------------------------------------------


def print_rows(
    head: Sequence[str],
    title: str,
    columns: Sequence[Column[T]],
    rows: Sequence[T],
    context: CellContext,
    nothing: str,
    stream: TextIO,
    width: int,
) -> None:
    """Write lines of text and one table, no wider than `width` cells (40 at the least)."""
    width = max(NARROWEST, width)
    context = replace(context, ascii=context.ascii or not takes_unicode(stream))
    lines = [line for text in head for line in wrapped(mask(text), width)]
    write_lines([*lines, "", *section(title, columns, rows, context, width, nothing)], stream)


def write_lines(lines: list[str], stream: TextIO) -> None:
    """Write lines of text, without the empty ones at the end; raises OSError."""
    encoding = stream.encoding or "utf-8"
    while lines and not lines[-1]:
        lines.pop()
    for line in lines:
        # A name may have what the stream's encoding has not.
        stream.write(line.encode(encoding, "replace").decode(encoding) + "\n")


def print_task_table(
    title: str, tasks: Sequence[Task], nothing: str, stream: TextIO, width: int, now: float
) -> None:
    """Write a table of tasks under its title, or what stands for it where there are none."""
    width = max(NARROWEST, width)
    ascii = not takes_unicode(stream)
    context = CellContext(
        now=now,
        ascii=ascii,
        worker_prefix=common_worker_prefix(task.worker for task in tasks if task.worker),
    )
    lines = section(cut(clean(title), width), TASK_COLUMNS, tasks, context, width, nothing)
    write_lines(lines, stream)


def takes_unicode(stream: TextIO) -> bool:
    """Whether the stream's encoding has the signs that are not ASCII."""
    try:
        "…▸━".encode(stream.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def task_lines(tasks: Sequence[Task], now: float, width: int, stream: TextIO, *, head: bool) -> str:
    """Tasks as the lines of a table for people, after a line of titles with `head`."""
    layout = columns_for(TASK_COLUMNS, max(NARROWEST, width) + _GUTTER)
    ascii = not takes_unicode(stream)
    context = CellContext(now=now, utc=False, ascii=ascii)
    lines = [_line(header_cells(layout, ascii=ascii))] if head else []
    for task in tasks:
        # What had not ended is shown as it was when it was seen last.
        at = context if task.state.finished else CellContext(task.seen, ascii=ascii)
        lines.append(_line(row_cells(layout, task, at)))
    encoding = stream.encoding or "utf-8"
    return "".join(line.encode(encoding, "replace").decode(encoding) + "\n" for line in lines)


def section(
    title: str,
    columns: Sequence[Column[T]],
    rows: Sequence[T],
    context: CellContext,
    width: int,
    nothing: str,
) -> list[str]:
    """The lines of one table and an empty one; `nothing` stands for it where it has no rows."""
    if not rows:
        return [title, *wrapped(nothing, width), ""]
    # There is no cursor here and so no gutter for it.
    layout = columns_for(columns, width + _GUTTER)
    lines = [title, _line(header_cells(layout, ascii=context.ascii))]
    lines += [_line(row_cells(layout, row, context)) for row in rows]
    return [*lines, ""]


def _line(drawn: Iterable[Any]) -> str:
    return "".join(" " * cell.gap + cell.text for cell in drawn).rstrip()


def wrapped(text: str, width: int) -> list[str]:
    """A text of anybody's as lines of at most `width` cells, broken at spaces."""
    lines, line = list[str](), ""
    for word in clean(text).split(" "):
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [cut(one, width) for one in [*lines, line]]
