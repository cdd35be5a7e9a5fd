"""Writes rows to files in threads of its own: piece by piece, so that nobody waits for it."""

from __future__ import annotations

import errno
import itertools
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec import Struct

from celerytui.engine.job import Work
from celerytui.export import FORMATS, Document
from celerytui.files import whole_file
from celerytui.interpreter import let_go

logger = logging.getLogger(__name__)

PIECE = 100
"""Rows that are made and written at a time: some milliseconds."""
TELL_SECONDS = 0.2


class Exported(Struct, frozen=True):
    """What came of an export: `rows` are in the file, `gone` were evicted before their turn.

    There is a file only where there is no `error`.
    """

    label: str
    path: str
    rows: int
    gone: int = 0
    error: str | None = None
    cancelled: bool = False


class Export(Work):
    """Rows on their way into a file; its steps are the rows.

    `rows` gives None for one that is gone; it is read by the thread that writes.
    """

    def __init__(
        self,
        label: str,
        path: str,
        kind: str,
        rows: Iterable[Document | None],
        total: int,
        since: float,
    ) -> None:
        super().__init__(label, since, f"writing {os.path.basename(path)}")
        self.path = path
        self.format = FORMATS[kind]()
        self.rows = iter(rows)
        self.total = total


class _Stopped(Exception):
    """The export was cancelled."""


class Exporter:
    """The exports that are `running`, oldest first, one thread for each."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self.running: list[Export] = []
        self._tell = tell
        self._threads: list[threading.Thread] = []

    def start(self, export: Export, done: Callable[[Exported], Any]) -> None:
        """Write a file; `done` is called in the thread that wrote it. Returns at once."""
        self.running.append(export)
        thread = threading.Thread(
            target=self._run, args=(export, done), name="celerytui-export", daemon=True
        )
        self._threads = [*self.waiting(), thread]
        thread.start()
        self._tell()

    def waiting(self) -> list[threading.Thread]:
        """The threads that have not ended."""
        self._threads = [one for one in self._threads if one.is_alive()]
        return self._threads

    def stop(self) -> list[threading.Thread]:
        """Have all exports end, and their files go; gives the threads to be waited for."""
        for export in list(self.running):
            export.cancel()
        return self._threads

    def _run(self, export: Export, done: Callable[[Exported], Any]) -> None:
        rows = gone = 0
        error: str | None = None
        try:
            rows, gone = self._write(export)
        except _Stopped:
            error = "cancelled; no file was written"
        except (OSError, ValueError) as problem:
            error = _reason(export.path, problem)
        except Exception as problem:
            logger.exception("an export failed")
            error = f"{type(problem).__name__}, see --log-file"
        finally:
            self.running.remove(export)
        cancelled = error is not None and export.cancelled
        done(Exported(export.label, export.path, rows, gone, error, cancelled))
        self._tell()

    def _write(self, export: Export) -> tuple[int, int]:
        """How many rows were written, and how many were gone."""
        gone, told = 0, time.monotonic()
        with whole_file(export.path) as file:
            for piece in _pieces(export.rows):
                found = [row for row in piece if row is not None]
                file.write(export.format.text(found))
                gone += len(piece) - len(found)
                export.done += len(piece)
                if export.cancelled:
                    raise _Stopped
                if time.monotonic() - told >= TELL_SECONDS:
                    told = time.monotonic()
                    self._tell()
                let_go()
        return export.done - gone, gone


def _pieces(rows: Iterator[Document | None]) -> Iterator[list[Document | None]]:
    while piece := list(itertools.islice(rows, PIECE)):
        yield piece


def _reason(path: str, error: OSError | ValueError) -> str:
    """Why there is no file, and the remedy, in one line."""
    folder = os.path.dirname(path)
    if not isinstance(error, OSError):
        return f"{path!r} cannot be a file's name"
    if os.path.isdir(path):
        return f"{path} is a folder; add a file name"
    if isinstance(error, FileExistsError):
        return f"{path} exists; choose another name"
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return f"there is no folder {folder}; create it or choose another"
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"cannot write {path}: {error.strerror}; free some space or choose another folder"
    return f"cannot write {path}: {error.strerror}; choose another folder"
