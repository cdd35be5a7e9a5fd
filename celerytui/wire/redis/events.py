"""Events straight from Redis' pub/sub socket: read in large pieces, past kombu's work per message.

Kombu makes the connection, so that each of the app's settings holds (db, prefixes, user, TLS,
sentinel, unix socket); then one subscription of our own stands in for its queue. There is no
binding to declare: kombu publishes a fanout message without looking for one.
"""

from __future__ import annotations

import contextlib
import ssl
import time
from binascii import a2b_base64
from collections.abc import Callable
from typing import Any

import hiredis
import msgspec
from celery.events.event import get_exchange
from msgspec import Struct, field
from redis.backoff import NoBackoff
from redis.retry import Retry

from celerytui.wire.broker import Clock, Silence
from celerytui.wire.decode import JSON, EventDecoder
from celerytui.wire.redis import private
from celerytui.wire.redis.denials import refuse_cluster

PIECE = 64 * 1024
"""Bytes read at a time: what they become still is in the processor's cache when it is stored."""
PING_SECONDS = 5.0
ANSWER_SECONDS = 5.0


class Properties(Struct, gc=False):
    """Of a kombu message's properties, the one that is needed."""

    body_encoding: str | None = None


class Envelope(Struct, gc=False):
    """A kombu message as it is published; msgspec takes the base64 off its body."""

    body: bytes
    properties: Properties
    content_type: str | None = field(name="content-type", default=None)
    content_encoding: str | None = field(name="content-encoding", default=None)


_open_envelope: Callable[[Any], Envelope] = msgspec.json.Decoder(Envelope).decode


class RedisEventReader:
    """A subscription to the event exchange's channels, on a connection of its own."""

    def __init__(self, app: Any, connection: Any, decoder: EventDecoder, clock: Clock) -> None:
        self._app = app
        self._kombu = connection
        self._decoder = decoder
        self._clock = clock
        self._made: list[Any] = []
        self._redis: Any = None
        self._socket: Any = None
        self._replies = Replies(decoder)
        self._piece = memoryview(bytearray(PIECE))
        self._last_answer = 0.0
        self._heard = 0.0
        self._pinged: float | None = None

    def open(self) -> None:
        """Connects and subscribes."""
        self._made.clear()
        try:
            # Redis-py tries each command four times otherwise, with waits of seconds between.
            private.watch_connections(
                self._kombu.transport, self._made, retry=Retry(NoBackoff(), 0)
            )
            self._kombu.ensure_connection(max_retries=0)
            channel = self._kombu.default_channel
            exchange = get_exchange(self._kombu, name=self._app.conf.event_exchange)
            pattern = private.event_pattern(channel, exchange.name)
            self._redis = private.new_connection(channel)
            self._redis.connect()
            refuse_cluster(self._redis)
        finally:
            with contextlib.suppress(Exception):
                self._kombu.release()
        self._subscribe(pattern)

    def read(self, seconds: float) -> None:
        """Reads once; pings where nothing came for 5 s."""
        try:
            self._socket.settimeout(seconds)
            count = self._socket.recv_into(self._piece)
        except (TimeoutError, BlockingIOError, ssl.SSLWantReadError):
            self._check()
            return
        self._feed(count)

    def close(self, *, lost: bool) -> None:
        """Closes the socket; that is all that Redis needs to forget us."""
        connection, self._redis = self._redis, None
        self._socket = None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.disconnect()

    def abort(self) -> None:
        """Shuts the sockets of the connections that are being made."""
        for connection in list(self._made):
            with contextlib.suppress(Exception):
                private.shut(connection)

    def _subscribe(self, pattern: str) -> None:
        self._socket = private.socket_of(self._redis)
        self._redis.send_command("PSUBSCRIBE", pattern, check_health=False)
        self._socket.settimeout(ANSWER_SECONDS)
        self._replies = Replies(self._decoder)
        while not self._replies.begun:
            self._feed(self._socket.recv_into(self._piece))

    def _feed(self, count: int) -> None:
        if not count:
            raise ConnectionError("Connection closed by server.")
        self._hear()
        self._replies.feed(self._piece[:count])

    def _hear(self) -> None:
        self._heard = time.monotonic()
        self._last_answer = self._clock()
        self._pinged = None

    def _check(self) -> None:
        """A broker that is frozen, or gone without a word, does not answer a ping."""
        now = time.monotonic()
        if self._pinged is not None:
            if now - self._pinged >= ANSWER_SECONDS:
                raise Silence(f"No answer to a ping for {ANSWER_SECONDS:g} s", self._last_answer)
        elif now - self._heard >= PING_SECONDS:
            self._pinged = now
            self._socket.settimeout(ANSWER_SECONDS)
            self._socket.sendall(b"*1\r\n$4\r\nPING\r\n")


class Replies:
    """Cuts published messages out of a stream of replies, whatever the pieces that it comes in.

    Their bodies go to `decoder`; what else Redis says (pongs, notices) is passed by. `begun` is
    whether it said anything yet, as it does to confirm a subscription.
    """

    def __init__(self, decoder: EventDecoder) -> None:
        self.begun = False
        self._decoder = decoder
        self._parser = hiredis.Reader()

    def feed(self, piece: Any) -> None:
        """Takes the next bytes of the stream.

        Raises ConnectionError where Redis refuses, hiredis.ProtocolError where it is no Redis.
        """
        decoder = self._decoder
        self._parser.feed(piece)
        gets = self._parser.gets
        while (reply := gets()) is not False:
            self.begun = True
            if not isinstance(reply, list) or len(reply) != 4 or reply[0] != b"pmessage":
                if isinstance(reply, hiredis.ReplyError):
                    raise ConnectionError(str(reply))
                continue
            data = reply[3]
            try:
                envelope = _open_envelope(data)
            except (ValueError, RecursionError):
                self._open_slowly(data)
                continue
            if envelope.properties.body_encoding != "base64":
                self._open_slowly(data)
            elif envelope.content_type == JSON:
                decoder.add_json(envelope.body)
            else:
                decoder.add(envelope.body, envelope.content_type, envelope.content_encoding)

    def _open_slowly(self, data: Any) -> None:
        """An envelope of another shape than kombu gives them today, or a malformed one."""
        try:
            envelope = msgspec.json.decode(data)
            body = envelope["body"]
            if (envelope.get("properties") or {}).get("body_encoding") == "base64":
                body = a2b_base64(body)
            self._decoder.add(body, envelope["content-type"], envelope.get("content-encoding"))
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            self._decoder.add_invalid()
