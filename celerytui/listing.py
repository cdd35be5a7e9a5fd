"""The `tasks` command: the tasks of a history that match, as lines."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, Protocol, TextIO

from celerytui.columns import clean, format_clock, format_count, format_percent
from celerytui.document import Document, recorded_row
from celerytui.errors import OutputError, UsageError
from celerytui.export import Csv
from celerytui.history.history import Found, History
from celerytui.model import Task
from celerytui.output import json_line, task_lines
from celerytui.parquet import ParquetFile
from celerytui.query import Filter, literals

Shape = Literal["table", "jsonl", "csv"]
SHOWN_AFTER_SECONDS = 0.7
"""A search that is over sooner needs no progress shown."""
SHOWN_EVERY_SECONDS = 0.1
WIDTH_WITHOUT_TERMINAL = 160


class Writer(Protocol):
    """Makes text of tasks, some at a time."""

    def text(self, tasks: Sequence[Task]) -> str: ...


def read_since(text: str, now: float) -> float:
    """The moment of --since: that long ago, or a time; raises UsageError."""
    try:
        return now - literals.duration(text)
    except literals.LiteralError:
        pass
    try:
        return literals.moment(text)(now)
    except literals.LiteralError as error:
        raise UsageError(
            f"--since {text!r}: not how long ago, as 2d or 90m, nor a time, as 2026-11-23T10:00"
        ) from error


def print_tasks(
    history: History,
    wanted: Filter,
    stream: TextIO | None,
    *,
    shape: Shape,
    since: float | None,
    limit: int | None,
    now: float,
    show: Callable[[str], None] | None = None,
) -> None:
    """Write the tasks that match to the stream, as they are found; raises OutputError.

    `show` takes the line of the progress of a long search.
    """
    if stream is None:
        raise OutputError("cannot write to standard output: it is closed")
    writer, progress = _WRITERS[shape](stream, now), _Progress(show, now)
    try:
        for tasks in _matching(history, wanted, since, limit, now, progress):
            progress.clear()
            stream.write(writer.text(tasks))
            stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"cannot write to standard output: {error.strerror}") from error
    finally:
        progress.clear()


def write_parquet(
    history: History,
    wanted: Filter,
    path: str,
    *,
    since: float | None,
    limit: int | None,
    now: float,
    show: Callable[[str], None] | None = None,
) -> None:
    """Write the tasks that match to a new Parquet file; raises UsageError, OutputError."""
    progress = _Progress(show, now)
    try:
        with ParquetFile(path) as file:
            for tasks in _matching(history, wanted, since, limit, now, progress):
                file.write(tasks)
    finally:
        progress.clear()


def _matching(
    history: History,
    wanted: Filter,
    since: float | None,
    limit: int | None,
    now: float,
    progress: _Progress,
) -> Iterator[Sequence[Task]]:
    count = 0
    for found in history.search(wanted, now, since=since):
        tasks = found.tasks if limit is None else found.tasks[: limit - count]
        count += len(tasks)
        if tasks:
            yield tasks
        if count == limit:
            return
        progress.take(found, count)


class _Table:
    def __init__(self, stream: TextIO, now: float) -> None:
        self._stream = stream
        self._now = now
        self._width = shutil.get_terminal_size((WIDTH_WITHOUT_TERMINAL, 24)).columns
        self._head = True

    def text(self, tasks: Sequence[Task]) -> str:
        head, self._head = self._head, False
        return task_lines(tasks, self._now, self._width, self._stream, head=head)


class _JsonLines:
    def __init__(self, _stream: TextIO, _now: float) -> None:
        pass

    def text(self, tasks: Sequence[Task]) -> str:
        return "".join(json_line(recorded_row(task)) for task in tasks)


class _Csv:
    def __init__(self, _stream: TextIO, _now: float) -> None:
        self._format = Csv()

    def text(self, tasks: Sequence[Task]) -> str:
        return self._format.text([_cleaned(recorded_row(task)) for task in tasks])


_WRITERS: dict[Shape, Callable[[TextIO, float], Writer]] = {
    "table": _Table,
    "jsonl": _JsonLines,
    "csv": _Csv,
}


def _cleaned(row: Document) -> Document:
    return {
        name: clean(value, newlines=True) if isinstance(value, str) else value
        for name, value in row.items()
    }


class _Progress:
    def __init__(self, show: Callable[[str], None] | None, now: float) -> None:
        self._show = show
        self._now = now
        self._due = time.monotonic() + SHOWN_AFTER_SECONDS
        self._shown = False

    def take(self, found: Found, count: int) -> None:
        if self._show is None or time.monotonic() < self._due:
            return
        self._due = time.monotonic() + SHOWN_EVERY_SECONDS
        self._shown = True
        share = found.looked_at / found.rows if found.rows else 1.0
        parts = [
            f"{_bar(share)} {format_percent(share)}",
            f"{format_count(found.looked_at)} of {format_count(found.rows)} rows",
            f"{format_count(count)} found",
        ]
        if found.back_to is not None:
            parts.append(f"searched back to {format_clock(found.back_to, False, now=self._now)}")
        self._show("  ".join(parts))

    def clear(self) -> None:
        if self._shown and self._show is not None:
            self._shown = False
            self._show("")


def _bar(share: float, width: int = 20) -> str:
    done = round(share * width)
    return "━" * done + "─" * (width - done)
