"""What a result backend holds, decoded into plain values; no class of the project is imported.

The formats are those of kombu's serializers and of `celery.backends.base.compress_payload`.
"""

from __future__ import annotations

import base64
import bz2
import io
import json
import lzma
import math
import pickle
import zlib
from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from celerytui.masking import one_line
from celerytui.wire import pickles

JSON = "application/json"
MSGPACK = "application/x-msgpack"
YAML = "application/x-yaml"
TEXT = "text/plain"
COMPRESSED = b"\x00celery-compressed\x00"
MAX_BYTES = 64 * 1024 * 1024
"""The longest payload that is decoded, and that one is expanded to."""
MAX_PARTS = 500_000
"""Values in one payload: an alias of YAML and a memo of pickle repeat what they name."""
MAX_STEPS = 5 * MAX_PARTS
"""Steps of a pickle, which has some for each value."""
MAX_YAML = 1024 * 1024
"""The longest YAML: reading that takes a second."""
MAX_DEPTH = 200
MAX_BITS = 1_024


class Undecodable(ValueError):
    """A payload that cannot be read; the text says why in one line."""


def decode(payload: Any, content_type: str, encoding: str = "utf-8") -> Any:
    """The plain value of a payload (bytes or text): None, numbers, texts, lists, dicts.

    Bytes that are not in the encoding become replacement characters. Raises Undecodable.
    """
    if payload is None:
        return None
    if isinstance(payload, (memoryview, bytearray)):
        payload = bytes(payload)
    if not isinstance(payload, (bytes, str)):
        raise Undecodable(f"neither bytes nor text but {type(payload).__name__}")
    if len(payload) > MAX_BYTES:
        raise Undecodable(f"longer than {MAX_BYTES // 1024**2} MB")
    if isinstance(payload, bytes) and payload.startswith(COMPRESSED):
        payload = _expanded(payload)
    read = _READERS.get(content_type)
    if read is None:
        raise Undecodable(f"content type {content_type[:60]!r} is not supported")
    try:
        return _Plain().of(read(payload, encoding))
    except Undecodable:
        raise
    except RecursionError as error:
        raise Undecodable("nested too deeply") from error
    except Exception as error:
        kind = content_type.rpartition("/")[2].removeprefix("x-")
        raise Undecodable(f"not valid {kind}: {type(error).__name__}") from error


def decode_any(payload: Any, declared: str | None, encoding: str = "utf-8") -> Any:
    """Like `decode`, for a payload that does not say what it is.

    `declared` is the content type of the app's serializer, which may be another by now than it was
    then; Celery before 5.7 kept pickles of plain values in SQL, whatever the serializer was.
    """
    if isinstance(payload, (memoryview, bytearray)):
        payload = bytes(payload)
    if not isinstance(payload, (bytes, str)):
        return decode(payload, declared or JSON, encoding)
    guess = guess_type(payload)
    if declared is None or (guess == pickles.PICKLE and declared != MSGPACK):
        return decode(payload, guess, encoding)
    try:
        return decode(payload, declared, encoding)
    except Undecodable:
        if guess == declared:
            raise
        try:
            return decode(payload, guess, encoding)
        except Undecodable:
            pass
        raise


def plain(value: Any) -> Any:
    """A value of a database's own types as plain values; raises Undecodable."""
    return _Plain().of(value)


def plain_fields(
    fields: Mapping[str, Any], read: Callable[[str, Any], Any] | None = None
) -> tuple[dict[str, Any], str | None]:
    """The plain values of a meta's fields, and which of them could not be made and why.

    `read` makes one of a field's name and value, `plain` by default.
    """
    found, flaw = dict[str, Any](), None
    for name, value in fields.items():
        try:
            found[name] = plain(value) if read is None else read(name, value)
        except Undecodable as error:
            flaw = flaw or f"{name}: {one_line(error)}"
    return found, flaw


def guess_type(payload: bytes | str) -> str:
    """The content type that a payload's first byte speaks for."""
    first = bytes_of(payload[:1]) if payload else b"n"
    if first == b"\x80":
        return pickles.PICKLE
    if first >= b"\x80":
        return MSGPACK
    if first == b"-" and bytes_of(payload[1:2]) in (b" ", b"\n", b"-"):
        return YAML
    return JSON if first in _JSON_BEGINS else YAML


_JSON_BEGINS = [bytes([one]) for one in b'{["-0123456789tfn NI \t\r\n\0']


def unpacked(content: Any, encoding: str) -> Any:
    """What django-celery-results keeps: base64 where the serializer made bytes."""
    if content and encoding == "binary":
        try:
            return base64.b64decode(content)
        except (ValueError, TypeError) as error:
            raise Undecodable("not valid base64") from error
    return content


def text_of(payload: Any, encoding: str) -> str:
    """A payload as text, whatever bytes it has."""
    if isinstance(payload, str):
        return payload
    try:
        return str(payload, encoding or "utf-8", "replace")
    except LookupError:
        return str(payload, "utf-8", "replace")


def sound(text: str) -> str:
    """The text, a lone surrogate in it replaced: nothing could write it."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def bytes_of(payload: Any) -> bytes:
    """A payload as bytes; a lone surrogate is replaced."""
    return payload if isinstance(payload, bytes) else str(payload).encode("utf-8", "replace")


def _expanded(payload: bytes) -> bytes:
    content_type, _, body = payload[len(COMPRESSED) :].partition(b"\x00")
    name = content_type.decode("ascii", "replace")
    expander = _EXPANDERS.get(name)
    if expander is None:
        raise Undecodable(f"compressed as {name[:60]!r}, which is not supported")
    try:
        expanded = expander(body)
    except Exception as error:
        raise Undecodable(f"not valid {name}: {type(error).__name__}") from error
    if len(expanded) > MAX_BYTES:
        raise Undecodable(f"longer than {MAX_BYTES // 1024**2} MB when expanded")
    return expanded


def _zlib(body: bytes) -> bytes:
    return zlib.decompressobj().decompress(body, MAX_BYTES + 1)


def _bzip2(body: bytes) -> bytes:
    return bz2.BZ2Decompressor().decompress(body, MAX_BYTES + 1)


def _lzma(body: bytes) -> bytes:
    return lzma.LZMADecompressor().decompress(body, MAX_BYTES + 1)


_EXPANDERS: dict[str, Callable[[bytes], bytes]] = {
    "application/x-gzip": _zlib,
    "application/x-bz2": _bzip2,
    "application/x-lzma": _lzma,
}
"""What kombu calls gzip is zlib's format."""


def _json(payload: Any, encoding: str) -> Any:
    raw = payload if isinstance(payload, bytes) else None
    try:
        return msgspec.json.decode(payload if raw is None else raw)
    except (msgspec.DecodeError, UnicodeError):
        # NaN, which kombu writes, and bytes that are not UTF-8.
        return json.loads(text_of(payload, encoding))


def _msgpack(payload: Any, _encoding: str) -> Any:
    return msgspec.msgpack.decode(bytes_of(payload))


def _yaml(payload: Any, encoding: str) -> Any:
    if len(payload) > MAX_YAML:
        raise Undecodable(f"longer than {MAX_YAML // 1024**2} MB of YAML")
    try:
        import yaml
    except ImportError as error:
        raise Undecodable("YAML, and PyYAML is not installed") from error
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(text_of(payload, encoding), Loader=loader)


def _text(payload: Any, encoding: str) -> Any:
    return text_of(payload, encoding)


class _DataAlone(pickle.Unpickler):
    """Loads a pickle of plain values, and no other: it has no way to a class or a function."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        raise Undecodable(pickles.REFUSED)

    def persistent_load(self, pid: Any, /) -> Any:
        raise Undecodable(pickles.REFUSED)


def _pickle(payload: Any, _encoding: str) -> Any:
    raw = bytes_of(payload)
    if pickles.is_refused(pickles.PICKLE):
        try:
            pickles.check_sizes(raw, MAX_STEPS)
        except ValueError as error:
            raise Undecodable(f"not valid pickle: {one_line(error)}") from error
        return _DataAlone(io.BytesIO(raw)).load()
    return pickle.loads(raw)


_READERS: dict[str, Callable[[Any, str], Any]] = {
    JSON: _json,
    "json": _json,
    MSGPACK: _msgpack,
    "msgpack": _msgpack,
    YAML: _yaml,
    "yaml": _yaml,
    TEXT: _text,
    pickles.PICKLE: _pickle,
    "pickle": _pickle,
}


class _Plain:
    """Makes plain values of what was decoded, and counts them."""

    def __init__(self) -> None:
        self._left = MAX_PARTS

    def of(self, value: Any, depth: int = 0) -> Any:
        """The value without types of its own: what JSON has."""
        if isinstance(value, str):
            return sound(value)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            # Python refuses to write thousands of digits.
            return value if value.bit_length() <= MAX_BITS else hex(value)
        if isinstance(value, float):
            return value if math.isfinite(value) else repr(value)
        self._left -= 1
        if depth > MAX_DEPTH or self._left < 0:
            raise Undecodable("nested too deeply" if self._left >= 0 else "too many values")
        if isinstance(value, dict):
            self._left -= len(value)
            return self._dict(value, depth)
        if isinstance(value, (list, tuple, set, frozenset)):
            self._left -= len(value)
            return [self.of(one, depth + 1) for one in value]
        if isinstance(value, (bytes, bytearray)):
            return bytes(value).decode("utf-8", "replace")
        return _other(value)

    def _dict(self, value: dict[Any, Any], depth: int) -> Any:
        # How kombu writes a date, a UUID or a Decimal into JSON.
        if value.keys() == {"__type__", "__value__"}:
            return self.of(value["__value__"], depth + 1)
        return {str(self.of(key, depth + 1)): self.of(one, depth + 1) for key, one in value.items()}


def _other(value: Any) -> Any:
    if isinstance(value, (date, time)):
        return value.isoformat()
    return str(value) if isinstance(value, (Decimal, UUID)) else repr(value)
