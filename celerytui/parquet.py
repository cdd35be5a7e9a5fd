"""Tasks as a Parquet file, for analysis: by pyarrow, which is an extra."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import Any

from celerytui.document import Document, recorded_row
from celerytui.errors import OutputError, UsageError
from celerytui.files import OWNERS_ALONE
from celerytui.model import Task

ROWS_AT_ONCE = 50_000
"""Rows of one group: what is held in memory."""
_TIMES = frozenset(("eta", "expires", "sent", "received", "started", "finished"))
_NUMBERS = frozenset(("runtime", "waited", "client_clock", "worker_clock"))


class ParquetFile:
    """A new file, `path`; a context manager, which removes it again if it does not come to its end.

    Times are timestamps in UTC, durations seconds, lists and objects JSON. Raises UsageError where
    pyarrow is not installed or the file is there already, OutputError where it cannot be written.
    """

    def __init__(self, path: str) -> None:
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError as error:
            raise UsageError(
                "--parquet needs pyarrow, which is not installed: pip install 'celerytui[parquet]'"
            ) from error
        self._arrow = pyarrow
        self._path = path
        self._rows: list[Document] = []
        self._schema = pyarrow.schema([(name, _type(pyarrow, name)) for name in _FIELDS])
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNERS_ALONE)
        except FileExistsError as error:
            raise UsageError(f"--parquet: {path} is there already") from error
        except OSError as error:
            raise OutputError(f"cannot write to {path}: {error.strerror}") from error
        self._file = os.fdopen(descriptor, "wb")
        self._writer = pyarrow.parquet.ParquetWriter(self._file, self._schema, compression="zstd")

    def __enter__(self) -> ParquetFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                with self._told():
                    self._flush()
                    self._writer.close()
                    self._file.close()
        except OutputError:
            kind = OutputError
            raise
        finally:
            if kind is not None:
                for open_still in (self._writer, self._file):
                    with contextlib.suppress(Exception):
                        open_still.close()
                with contextlib.suppress(OSError):
                    os.unlink(self._path)

    def write(self, tasks: Iterable[Task]) -> None:
        """Add these tasks."""
        self._rows += [_plain(recorded_row(task)) for task in tasks]
        if len(self._rows) >= ROWS_AT_ONCE:
            with self._told():
                self._flush()

    def _flush(self) -> None:
        rows, self._rows = self._rows, []
        if rows:
            self._writer.write_table(self._arrow.Table.from_pylist(rows, schema=self._schema))

    @contextlib.contextmanager
    def _told(self) -> Any:
        try:
            yield
        except OSError as error:
            said = error.strerror or str(error)
            raise OutputError(f"cannot write to {self._path}: {said}") from error


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
