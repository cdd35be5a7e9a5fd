"""Events from RabbitMQ: py-amqp makes the connection, deliveries are read past it.

Py-amqp reads each of a message's three frames with three calls of the socket, some 40 us a
message. Here the socket is read in large pieces and deliveries are cut out of them; every other
frame goes to py-amqp, which keeps the heartbeat, TLS and the closing.
"""

from __future__ import annotations

import logging
import ssl
import struct
import time
from collections.abc import Callable
from typing import Any

from celerytui.wire.amqp import private
from celerytui.wire.broker import Broker, Clock, Held
from celerytui.wire.decode import JSON, EventDecoder
from celerytui.wire.generic.events import KombuEventReader

logger = logging.getLogger(__name__)

PIECE = 64 * 1024
"""Bytes read at a time: what they become still is in the processor's cache when it is stored."""

METHOD, HEADER, BODY = 1, 2, 3
FRAME_END = 0xCE
# RabbitMQ's largest message; a frame that claims to be longer is none.
FRAME_LIMIT = 2**29
DELIVER = b"\x00\x3c\x00\x3c"
HAS_CONTENT_TYPE = 0x8000
HAS_CONTENT_ENCODING = 0x4000

# AMQP 0-9-1, 2.3: type, channel, size; a header frame goes on with class, weight, the length of
# the body and which properties follow, the first being the content type as a short string.
_frame = struct.Struct(">BHI").unpack_from
_header = struct.Struct(">BHIHHQH").unpack_from
_JSON = JSON.encode()


class AmqpEventReader(KombuEventReader):
    """The same queue as `KombuEventReader`'s, read in large pieces."""

    def __init__(
        self, app: Any, connection: Any, decoder: EventDecoder, clock: Clock, broker: Broker
    ) -> None:
        super().__init__(app, connection, decoder, clock, broker)
        self._amqp: Any = None
        self._socket: Any = None
        self._piece = memoryview(bytearray(PIECE))
        self._deliveries = Deliveries(decoder, self._pass_on)

    def open(self) -> None:
        """Connects and consumes with py-amqp, then takes its socket over."""
        super().open()
        self._amqp = self._connection.connection
        self._socket = private.socket_of(self._amqp)
        self._deliveries.rest.clear()
        # Py-amqp reads no further than the frame that it waits for; what it holds is the next.
        self._deliveries.feed(private.take_rest(self._amqp))

    def read(self, seconds: float) -> None:
        """Reads once; keeps the heartbeat going."""
        try:
            self._socket.settimeout(seconds)
            count = self._socket.recv_into(self._piece)
        except (TimeoutError, BlockingIOError, ssl.SSLWantReadError):
            pass
        else:
            if not count:
                raise ConnectionError("Server unexpectedly closed connection")
            private.note_receipt(self._amqp)
            self._last_answer = self._clock()
            self._deliveries.feed(self._piece[:count])
        if time.monotonic() >= self._next_check:
            self._check()

    def close(self, *, lost: bool) -> None:
        """Gives the socket back to py-amqp, which reads on to the broker's farewell."""
        try:
            # Asked for its transport, a py-amqp connection that is not connected connects.
            if not lost and self._amqp is not None and self._amqp.connected:
                self._socket.settimeout(None)
                private.give_back(self._amqp, bytes(self._deliveries.rest))
        except Exception as exc:
            logger.info("giving the socket back: %s", type(exc).__name__)
        self._amqp = self._socket = None
        super().close(lost=lost)

    def _watch(self) -> Held:
        # Unlike the general reader, which goes on without: to miss it means to give way to that.
        return private.watch(self._connection.transport)

    def _pass_on(self, kind: int, channel: int, payload: bytes) -> None:
        private.pass_on(self._amqp, kind, channel, payload)

    def _check(self) -> None:
        # It may send, which must not fail for the short patience of a read.
        self._socket.settimeout(None)
        super()._check()


class Deliveries:
    """Cuts deliveries out of a stream of frames, whatever the pieces that it comes in.

    Their bodies go to `decoder`, each other frame's type, channel and payload to `pass_on`. `rest`
    is what is not complete yet; it begins with a delivery's first frame or with another frame.
    """

    def __init__(self, decoder: EventDecoder, pass_on: Callable[[int, int, bytes], object]) -> None:
        self.rest = bytearray()
        self._decoder = decoder
        self._pass_on = pass_on

    def feed(self, piece: bytes | memoryview) -> None:
        """Takes the next bytes of the stream; raises ConnectionError where they are no frames."""
        self.rest += piece
        self._take_frames()

    def _take_frames(self) -> None:
        buffer = self.rest
        end = len(buffer)
        at = 0
        while end - at >= 8:
            kind, channel, size = _frame(buffer, at)
            after = at + size + 8
            if after > end and size <= FRAME_LIMIT:
                break
            if size > FRAME_LIMIT or buffer[after - 1] != FRAME_END:
                raise ConnectionError("The server sent what is no frame")
            if kind == METHOD and buffer[at + 7 : at + 11] == DELIVER:
                after = self._take_content(buffer, after, end)
                if not after:
                    break
            else:
                self._pass_on(kind, channel, bytes(buffer[at + 7 : after - 1]))
            at = after
        del buffer[:at]

    def _take_content(self, buffer: bytearray, at: int, end: int) -> int:
        """Takes the header and the body that begin at `at`; where they end, 0 if not yet there."""
        if end - at < 22:
            return 0
        kind, _, size, _, _, length, flags = _header(buffer, at)
        if kind != HEADER:
            raise ConnectionError("A delivery from the server has no header")
        content_type: Any = None
        if flags & HAS_CONTENT_TYPE:
            content_type = buffer[at + 22 : at + 22 + buffer[at + 21]]
        first = at + size + 8
        if end - first < length:
            return 0
        body, after = _join(buffer, first, end, length)
        if not after:
            return 0
        if content_type == _JSON:
            self._decoder.add_json(body)
        else:
            self._take_other(body, content_type, buffer, at, flags)
        return after

    def _take_other(
        self, body: bytearray, content_type: Any, buffer: bytearray, at: int, flags: int
    ) -> None:
        """Takes a body in the app's own serializer, or in one that is not accepted."""
        if content_type is None:
            self._decoder.add_invalid()
            return
        encoding = None
        if flags & HAS_CONTENT_ENCODING:
            start = at + 22 + len(content_type)
            encoding = buffer[start + 1 : start + 1 + buffer[start]].decode("utf-8", "replace")
        self._decoder.add(bytes(body), content_type.decode("utf-8", "replace"), encoding)


def _join(buffer: bytearray, at: int, end: int, length: int) -> tuple[bytearray, int]:
    """A body of `length` bytes in the frames from `at`, and their end; 0 if not all is there."""
    body = bytearray()
    while len(body) < length:
        if end - at < 8:
            return body, 0
        kind, _, size = _frame(buffer, at)
        after = at + size + 8
        if after > end:
            return body, 0
        if kind != BODY or buffer[after - 1] != FRAME_END:
            raise ConnectionError("A delivery from the server has no body")
        if size == length:
            return buffer[at + 7 : after - 1], after
        body += buffer[at + 7 : after - 1]
        at = after
    return body, at
