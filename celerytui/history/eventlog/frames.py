"""The frames of an event log: a short description, then some lines of JSON, compressed alone.

A description is one of zstd's skippable frames, so that `zstd -d` gives the lines of a whole file,
and whoever wants to know what is where reads the descriptions only. Whatever a process was writing
when it was killed is the end of the file, and is not read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, Literal

import msgspec
from msgspec import Struct

from celerytui.errors import HistoryError

try:
    import zstandard
except ImportError:  # the extra "replay" is not installed
    zstandard = None  # type: ignore[assignment]  # asked for before it is used

SUFFIX = ".jsonl.zst"
MARKER = 0x184D2A5C
"""One of the numbers that zstd leaves to others: decoders pass over what it begins."""
_HEAD = struct.Struct("<II")
_MARKED = struct.pack("<I", MARKER)
_LONGEST_INFO = 64 * 1024
_LONGEST_FRAME = 1 << 30
_LONGEST_LINES = 1 << 29
LEVEL = 3
_SEARCHED = 1 << 20

Kind = Literal["header", "key", "events"]


class Header(Struct, frozen=True):
    """The first line of a file: what was recorded, with what.

    `broker` is its URL without passwords, `began` when this file was begun, in Unix seconds, and
    `part` its number among those of one recording.
    """

    version: int
    app: str
    broker: str
    began: float
    part: int
    celerytui: str
    celery: str
    max_tasks: int
    anonymised: bool = False


class FrameInfo(Struct, frozen=True, array_like=True):
    """What is in the frame that follows: times in Unix seconds, counts, its `length` in bytes.

    `tasks` counts events of tasks, `failures` those of them that failed, `alerts` those raised.
    `marks` are (time, text), `gaps` (since, until) that ended in it, `dropped` how many events
    were not recorded for want of time.
    """

    kind: Kind
    since: float
    until: float
    length: int
    events: int = 0
    tasks: int = 0
    failures: int = 0
    alerts: int = 0
    dropped: int = 0
    marks: tuple[tuple[float, str], ...] = ()
    gaps: tuple[tuple[float, float], ...] = ()


class Frame(Struct, frozen=True):
    """Where a frame's lines begin in the file, and what is in it."""

    offset: int
    info: FrameInfo


def need_zstandard() -> None:
    """Raise HistoryError where the library is not there."""
    if zstandard is None:
        raise HistoryError("event logs need zstandard: pip install 'celerytui[replay]'")


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(FrameInfo).decode


class Compressor:
    """Makes frames; for one thread."""

    def __init__(self) -> None:
        need_zstandard()
        self._zstd = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)

    def frame(self, info: FrameInfo, lines: bytes) -> bytes:
        """The bytes of a frame with its description; `info.length` is filled in."""
        packed = self._zstd.compress(lines)
        described = _encode(msgspec.structs.replace(info, length=len(packed)))
        return _HEAD.pack(MARKER, len(described)) + described + packed


class Decompressor:
    """Reads frames; for one thread."""

    def __init__(self) -> None:
        need_zstandard()
        self._zstd = zstandard.ZstdDecompressor()

    def lines(self, file: BinaryIO, frame: Frame) -> list[bytes]:
        """The lines of a frame; ValueError where it is damaged."""
        file.seek(frame.offset)
        packed = file.read(frame.info.length)
        try:
            if zstandard.frame_content_size(packed) > _LONGEST_LINES:
                raise ValueError("a frame is larger than any that is written")
            found: bytes = self._zstd.decompress(packed)
        except zstandard.ZstdError as error:
            raise ValueError(str(error)) from error
        return found.splitlines()


def frames(file: BinaryIO, size: int) -> Iterator[Frame | int]:
    """The whole frames of a file of that size in order; a number is of bytes that are damaged."""
    offset = 0
    while offset + _HEAD.size <= size:
        file.seek(offset)
        found = _described(file.read(_HEAD.size + _LONGEST_INFO))
        if found is None:
            after = _next(file, offset + 1, size)
            yield (size if after is None else after) - offset
            if after is None:
                return
            offset = after
            continue
        begins, info = offset + found[0], found[1]
        if begins + info.length > size:
            return
        yield Frame(begins, info)
        offset = begins + info.length


def _described(head: bytes) -> tuple[int, FrameInfo] | None:
    """Where the lines begin and what is in them, None where there is no description."""
    if len(head) < _HEAD.size:
        return None
    marker, length = _HEAD.unpack_from(head)
    if marker != MARKER or length > _LONGEST_INFO or len(head) < _HEAD.size + length:
        return None
    try:
        info = _decode(head[_HEAD.size : _HEAD.size + length])
    except (msgspec.DecodeError, ValueError):
        return None
    sane = 0 <= info.length <= _LONGEST_FRAME and 0 <= info.since <= info.until < 1e12
    return (_HEAD.size + length, info) if sane else None


def _next(file: BinaryIO, offset: int, size: int) -> int | None:
    """Where the next description may begin."""
    while offset < size:
        file.seek(offset)
        piece = file.read(_SEARCHED)
        at = piece.find(_MARKED)
        while at >= 0:
            file.seek(offset + at)
            if _described(file.read(_HEAD.size + _LONGEST_INFO)) is not None:
                return offset + at
            at = piece.find(_MARKED, at + 1)
        offset += max(1, len(piece) - len(_MARKED) + 1)
    return None
