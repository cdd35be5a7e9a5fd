"""Opens the files that the program reads and writes: only regular ones, created with mode 0600.

A symbolic link could redirect a write to another file, and opening a pipe without a reader or a
writer blocks for ever.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO, TextIO

if TYPE_CHECKING:
    import pathlib

Path = str | os.PathLike[str]

OWNERS_ALONE = 0o600
_NEVER_WAIT = os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_LINK = "is a symbolic link, which is not followed"
_NO_FILE = "is not a regular file"
_NO_HARD_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
_REFUSED = {errno.ELOOP: _LINK, errno.EMLINK: _LINK, errno.ENXIO: _NO_FILE, errno.EISDIR: _NO_FILE}


def _working_folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return os.sep


STARTED_IN = _working_folder()
"""Where the program was started: `--workdir`, and a project at its import, may go elsewhere."""


class FileRefused(OSError):
    """The path is not a regular file; `strerror` says what it is."""


def open_to_append(path: Path) -> int:
    """A descriptor that appends to the file; creates it if needed (mode 0600).

    Raises OSError; FileRefused for a symbolic link or anything but a regular file.
    """
    return _opened(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW)


def append_rotating(path: pathlib.Path, text: str, limit: int) -> None:
    """Append whole lines with one write: two sessions may have the file open.

    A file of more than `limit` bytes is kept as `.jsonl.1` before. The folder is made (mode 0700).
    Raises OSError, as `open_to_append` does.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = open_to_append(path)
    try:
        full = os.fstat(file).st_size > limit
        if not full:
            os.write(file, text.encode())
    finally:
        os.close(file)
    if full:
        path.replace(path.with_suffix(".jsonl.1"))
        file = open_to_append(path)
        try:
            os.write(file, text.encode())
        finally:
            os.close(file)


def open_new(path: Path) -> TextIO:
    """A new text file to write to (mode 0600); raises OSError, FileExistsError if it exists."""
    return os.fdopen(open_new_bytes(path), "w", encoding="utf-8", errors="backslashreplace")


def open_new_bytes(path: Path) -> int:
    """A descriptor of a new file to write to (mode 0600); raises as `open_new` does."""
    return _opened(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW)


def refuse_others(path: Path) -> None:
    """Raise FileRefused where there is something, and it is no regular file."""
    if os.path.lexists(path) and not os.path.isfile(path):
        what = _LINK if os.path.islink(path) else _NO_FILE
        raise FileRefused(errno.EINVAL, what, os.fspath(path))


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """A new text file (mode 0600) that gets its name only once all of it is on the disk.

    It is written under another name in the same folder, which is removed if anything fails. Raises
    OSError; FileExistsError if there is anything of that name, a link included.
    """
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
    part = _beside(path)
    file = open_new(part)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _name(part, path)
    finally:
        with suppress(OSError):
            os.unlink(part)


def replace_file(path: pathlib.Path, text: str) -> None:
    """Put a text (mode 0600) in the place of a file, or of a link: all of it or nothing.

    The folder is made (mode 0700). Raises OSError.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = _beside(path)
    try:
        with open_new(part) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        with suppress(OSError):
            os.unlink(part)


def _beside(path: Path) -> str:
    """A name in the same folder that no other file has."""
    return os.path.join(os.path.dirname(path), f".celerytui-{os.urandom(8).hex()}.part")


def _name(part: str, path: Path) -> None:
    """Give a written file its name, unless another file has got it meanwhile."""
    try:
        os.link(part, path)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path) from error
        os.rename(part, path)


def open_to_read(path: Path, *, follow: bool) -> BinaryIO:
    """The file, opened for reading; symbolic links are followed only with `follow`.

    Raises OSError; FileRefused for anything but a regular file.
    """
    return os.fdopen(_opened(path, os.O_RDONLY | (0 if follow else os.O_NOFOLLOW)), "rb")


def _opened(path: Path, flags: int) -> int:
    try:
        file = os.open(path, flags | _NEVER_WAIT, OWNERS_ALONE)
    except OSError as error:
        reason = _REFUSED.get(error.errno or 0)
        if reason is None:
            raise
        raise FileRefused(error.errno, reason, path) from error
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise FileRefused(errno.EINVAL, _NO_FILE, path)
    return file
