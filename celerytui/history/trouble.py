"""What goes wrong with a database, in words."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from celerytui.files import FileRefused

# By what SQLite says, for names of errors are only there from Python 3.11 on.
_SAID = (
    ("database is locked", "is locked by another program"),
    ("database or disk is full", "cannot grow: the disk is full"),
    ("attempt to write a readonly database", "is read-only"),
    ("unable to open database file", "cannot be opened: check that the folder is there and yours"),
    ("disk i/o error", "cannot be read or written: the disk reports an error"),
    ("malformed", "is damaged"),
    ("not a database", "is not a history"),
)


def explain(error: Exception, folder: Path, what: str = "history") -> str:
    """What is wrong, and where, as one line."""
    if isinstance(error, OSError):
        where = error.filename if isinstance(error.filename, str | os.PathLike) else folder
        said = os.strerror(error.errno) if error.errno is not None else str(error)
        if isinstance(error, FileRefused):
            said = error.strerror or said
        elif error.errno in (errno.EEXIST, errno.ENOTDIR) and not os.path.isdir(folder):
            said = "it is a file, not a folder"
        elif error.errno == errno.ENOSPC:
            said = "the disk is full"
        return f"{what} in {where}: {said}"
    text = str(error)
    for part, words in _SAID:
        if part in text.lower():
            return f"history in {folder} {words}"
    return f"history in {folder}: {text}"
