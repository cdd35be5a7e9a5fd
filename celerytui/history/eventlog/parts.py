"""The files of one event log: FILE, and what it was continued in when it had become large."""

from __future__ import annotations

import errno
import fcntl
import re
from pathlib import Path

from celerytui.files import open_to_read
from celerytui.history.eventlog.frames import SUFFIX


def name_of(path: Path, part: int) -> Path:
    """The name of a part: `x.jsonl.zst`, then `x.2.jsonl.zst`."""
    if part == 1:
        return path
    stem, suffix = _split(path)
    return path.with_name(f"{stem}.{part}{suffix}")


def parts(path: Path) -> list[tuple[int, Path]]:
    """The parts that there are, with their numbers, in order; raises OSError."""
    stem, suffix = _split(path)
    numbered = re.compile(rf"{re.escape(stem)}\.(\d{{1,9}}){re.escape(suffix)}")
    found = [(1, path)] if path.exists() else []
    for one in path.parent.iterdir():
        match = numbered.fullmatch(one.name)
        if match is not None and int(match[1]) > 1:
            found.append((int(match[1]), one))
    return sorted(found)


def claim(file: int) -> bool:
    """Have it be known that this file is being written; False where somebody else has said so.

    Where the file system knows no locks nobody is known to write.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)
    return True


def is_written(path: Path) -> bool:
    """Whether somebody writes this part now; raises OSError."""
    with open_to_read(path, follow=True) as file:
        return not claim(file.fileno())


def _split(path: Path) -> tuple[str, str]:
    name = path.name
    suffix = SUFFIX if name.endswith(SUFFIX) else path.suffix
    return name[: len(name) - len(suffix)], suffix
