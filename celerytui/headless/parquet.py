"""Tasks as a Parquet file, for analysis: by pyarrow, which is an extra."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timezone
from typing import Any, BinaryIO

from celerytui.document import Document, recorded_row
from celerytui.errors import OutputError, UsageError
from celerytui.files import whole_file
from celerytui.model import Task

ROWS_AT_ONCE = 50_000
"""Rows of one group: what is held in memory."""
_TIMES = frozenset(("eta", "expires", "sent", "received", "started", "finished"))
_NUMBERS = frozenset(("runtime", "waited", "client_clock", "worker_clock"))


@contextmanager
def parquet_file(path: str) -> Iterator[ParquetFile]:
    """A new file, which has its name only once it is whole.

    Raises UsageError where pyarrow is not installed or the file is there already, OutputError where
    it cannot be written.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UsageError(
            "--parquet needs pyarrow, which is not installed: pip install 'celerytui[parquet]'"
        ) from error
    try:
        with whole_file(path) as file, closing(ParquetFile(pyarrow, file.buffer)) as made:
            yield made
            made.flush()
    except FileExistsError as error:
        raise UsageError(f"--parquet: {path} is there already") from error
    except OSError as error:
        raise OutputError(f"cannot write to {path}: {error.strerror or error}") from error


class ParquetFile:
    """Writes tasks: times as timestamps in UTC, durations in seconds, lists and objects as JSON."""

    def __init__(self, arrow: Any, file: BinaryIO) -> None:
        self._arrow = arrow
        self._rows: list[Document] = []
        self._schema = arrow.schema([(name, _type(arrow, name)) for name in _FIELDS])
        self._writer = arrow.parquet.ParquetWriter(file, self._schema, compression="zstd")

    def write(self, tasks: Iterable[Task]) -> None:
        """Add these tasks; raises OSError."""
        self._rows += [_plain(recorded_row(task)) for task in tasks]
        if len(self._rows) >= ROWS_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write what waits; raises OSError."""
        rows, self._rows = self._rows, []
        if rows:
            self._writer.write_table(self._arrow.Table.from_pylist(rows, schema=self._schema))

    def close(self) -> None:
        """Write the end; raises OSError."""
        self._writer.close()


_FIELDS: Sequence[str] = tuple(recorded_row(Task("", 0)))


def _type(arrow: Any, name: str) -> Any:
    if name in _TIMES:
        return arrow.timestamp("us", tz="UTC")
    if name in _NUMBERS:
        return arrow.float64()
    return arrow.int64() if name == "retries" else arrow.string()


def _plain(row: Document) -> Document:
    found = dict(row)
    for name in _TIMES:
        if row[name] is not None:
            found[name] = _moment(row[name])
    for name, value in row.items():
        if isinstance(value, (list, dict)):
            found[name] = json.dumps(value) if value else None
    return found


def _moment(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None
