"""A file of lines in the user's state directory, to which sessions append."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from celerytui.files import FileRefused, append_rotating, open_to_read


class LineFile:
    """What keeps its entries as lines of a file: whole lines, so that several may have it open.

    The file is created on the first entry (mode 0600), and renamed to `.1` when it is full. If it
    cannot be read or written, `trouble` says why in one line. Without a `path` nothing is written.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.trouble: str | None = None

    def _lines(self) -> Iterator[bytes]:
        """The lines of the file and of the one before it, oldest first."""
        if self.path is None:
            return
        for path in (self.path.with_suffix(".jsonl.1"), self.path):
            try:
                with open_to_read(path, follow=False) as file:
                    yield from file
            except FileNotFoundError:
                continue
            except OSError as error:
                self.trouble = _trouble("read", path, error)

    def _append(self, text: str, limit: int) -> None:
        """Add whole lines to the file, which is full with more than `limit` bytes."""
        if self.path is None:
            return
        try:
            append_rotating(self.path, text, limit)
            self.trouble = None
        except OSError as error:
            self.trouble = _trouble("write", self.path, error)


def _trouble(verb: str, path: Path, error: OSError) -> str:
    """What is wrong with the file, its path and the remedy, in one short line."""
    with contextlib.suppress(ValueError, RuntimeError):
        path = Path("~") / path.relative_to(Path.home())
    refused = isinstance(error, FileRefused)
    remedy = "move it away" if refused else "check its permissions and the disk"
    return f"cannot {verb} {path}: {error.strerror}; {remedy}"
