"""One conversation with the workers: commands out, replies back, on a connection of its own.

Celery's own client publishes through the app's pool, whose sockets have no timeouts, and waits for
each command before the next. Here many commands go out first and their replies are collected
together, with every wait bounded. The protocol is kombu's pidbox.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import kombu
from msgspec import Struct

from celerytui.errors import BrokerUnavailable
from celerytui.masking import one_line
from celerytui.wire import pickles
from celerytui.wire.broker import OURS, Broker, ReplyReader
from celerytui.wire.connections import write_connection
from celerytui.wire.generic.replies import KombuReplyReader
from celerytui.wire.outages import reason_of, without_reprs
from celerytui.wire.registry import broker_of

FIRST_PAUSE = 0.002
LONGEST_PAUSE = 0.05
SOCKET_SECONDS = 5.0
CLOSE_SECONDS = 0.4
PROVED_SECONDS = 0.5
"""For so long a broker that took something is not asked whether it still has room."""
REPLY_QUEUE_EXPIRES = 60.0
LONGEST_COLLECT = 5.0
"""In timeouts: replies that keep trickling in hold a collection no longer than that."""
MAX_HOSTS = 10_000

logger = logging.getLogger(__name__)

_kombu: Any = kombu  # it is typed in name only: calls of its classes are untyped


class Ask(Struct):
    """A command that was sent: who is still awaited, and hostname -> what was answered.

    `awaited` is None where nobody knows who will answer: it is complete only when time is up.
    """

    ticket: str
    awaited: set[str] | None
    answers: dict[str, Any]

    @property
    def complete(self) -> bool:
        """Whether everybody who is awaited has answered."""
        return self.awaited is not None and not self.awaited


class Pidbox:
    """Sends commands to workers and collects their replies; connects on the first one.

    Every method raises BrokerUnavailable, its text masked and in one line, when the broker cannot
    be reached or goes away; the conversation is then over. `stopped` ends a wait early.

    Replies are read in the app's own `accept_content`, but for pickle: `refused` says that one
    came. Where `closed` says why, nothing is sent. `left` are reply queues that earlier ones had to
    leave on the broker when it went away; they are deleted.
    """

    def __init__(
        self,
        app: Any,
        timeout: float,
        stopped: threading.Event,
        closed: str | None = None,
        left: deque[str] | None = None,
    ) -> None:
        self.timeout = timeout
        self._closed = closed
        self._app = app
        self._stopped = stopped
        self._connection: Any = None
        self._channel: Any = None
        self._producer: Any = None
        self._reply_queue: Any = None
        self._oid: str | None = None
        self._left = deque() if left is None else left
        self._replies: Any = None
        self._proved_at = 0.0
        self._prove: Callable[[Any], None] | None = None
        self._socket: Any = None
        self._over = False
        self._asks: dict[str, Ask] = {}
        self.refused = False

    @cached_property
    def _mailbox(self) -> Any:
        # An app whose settings allow no remote control raises here.
        return self._app.control.mailbox

    def send(
        self,
        command: str,
        arguments: Mapping[str, Any],
        *,
        destination: Sequence[str] | None = None,
        awaited: Sequence[str] | None = None,
    ) -> Ask:
        """Send a command to `destination` (None: to all) and return without waiting.

        `awaited` are the hostnames whose replies complete it; by default the destination.
        """
        who = destination if awaited is None else awaited
        ask = Ask(uuid.uuid4().hex, None if who is None else set(who), {})
        if self._closed is not None:
            raise BrokerUnavailable(self._closed)
        with self.guarded():
            self._open()
            self._prove_room()
            self._producer.publish(
                {
                    "method": command,
                    "arguments": dict(arguments),
                    "destination": None if destination is None else list(destination),
                    "pattern": None,
                    "matcher": None,
                    "ticket": ask.ticket,
                    "reply_to": {
                        "exchange": self._mailbox.reply_exchange.name,
                        "routing_key": self._reply_queue.routing_key,
                    },
                },
                exchange=self._mailbox.exchange.name,
                declare=[self._mailbox.exchange],
                # No clock of ours goes out: one poisoned by a hostile event would infect workers.
                headers={"clock": 0, "expires": 0},
                serializer=self._mailbox.serializer,
                retry=False,
            )
        self._asks[ask.ticket] = ask
        return ask

    def collect(self, asks: Sequence[Ask]) -> None:
        """Take replies until all of `asks` are complete or none came for `timeout` seconds."""
        begin = last = time.monotonic()
        pause = FIRST_PAUSE
        with self.guarded():
            while not all(ask.complete for ask in asks):
                if self._take_replies():
                    last, pause = time.monotonic(), FIRST_PAUSE
                    if last - begin > LONGEST_COLLECT * self.timeout:
                        return
                elif time.monotonic() - last > self.timeout or self._stopped.wait(pause):
                    return
                else:
                    pause = min(pause * 1.5, LONGEST_PAUSE)

    def ask(
        self, command: str, arguments: Mapping[str, Any], destination: Sequence[str]
    ) -> dict[str, Any]:
        """Send one command to these workers; hostname -> answer, without those who are silent."""
        ask = self.send(command, arguments, destination=destination)
        self.collect([ask])
        return ask.answers

    def channel(self) -> Any:
        """A channel of its own on the conversation's connection."""
        with self.guarded():
            self._open()
            return self._connection.channel()

    def bound(self) -> list[str] | None:
        """The names of all that have a mailbox, workers and beats; None if the broker won't say.

        Some may be gone.
        """
        with self.guarded():
            read = self.broker.bound
            if read is None:
                return None
            exchange = self._mailbox.exchange.name
            queues = read(self._connection.default_channel, exchange)
            ending = f".{exchange}"
            return [name.removesuffix(ending) for name in queues if name.endswith(ending)]

    @property
    def broker(self) -> Broker:
        """What kind of broker it is."""
        with self.guarded():
            self._open()
            return broker_of(self._connection)

    @property
    def channel_errors(self) -> tuple[type[BaseException], ...]:
        """What the broker's client raises where it refuses one thing and goes on."""
        return tuple(self._connection.channel_errors)

    @property
    def connection_errors(self) -> tuple[type[BaseException], ...]:
        """What the broker's client raises where the connection is lost."""
        with self.guarded():
            self._open()
            return (*self._connection.connection_errors, OSError)

    @property
    def broker_errors(self) -> tuple[type[BaseException], ...]:
        """Both of them."""
        return (*self.connection_errors, *self.channel_errors)

    @contextlib.contextmanager
    def guarded(self, errors: tuple[type[BaseException], ...] = (Exception,)) -> Iterator[None]:
        """Make these errors BrokerUnavailable, and the conversation over."""
        try:
            yield
        except BrokerUnavailable:
            raise
        except errors as exc:
            reason = self._reason(exc)
            self._abandon()
            raise BrokerUnavailable(reason) from exc

    def close(self) -> None:
        """Leave nothing behind on the broker; takes under a second whatever the broker does."""
        connection, self._connection = self._connection, None
        self._over = True
        if connection is None:
            return
        with contextlib.suppress(Exception):
            if self._socket is not None:
                self._socket.settimeout(CLOSE_SECONDS)
            elif self._oid is not None:
                # On amqp it is exclusive and goes with the connection; elsewhere nobody cleans up.
                self._left.append(self._oid)
                if self._reply_queue is not None:
                    self._reply_queue.delete()
                    self._left.remove(self._oid)
        with contextlib.suppress(Exception):
            connection.release()

    def _open(self) -> None:
        if self._over:
            raise BrokerUnavailable("the connection was lost")
        if self._producer is not None:
            return
        self._connection = connection = write_connection(self._app)
        connection.ensure_connection(max_retries=max(0, len(connection.alt or ()) - 1))
        self._socket = getattr(connection.connection, "sock", None)
        if self._socket is not None:
            self._socket.settimeout(SOCKET_SECONDS)
        channel = connection.channel()
        if self._socket is None:
            self._clear_up(channel)
        self._oid = str(uuid.uuid4())
        self._reply_queue = self._queue(self._oid, channel)
        self._reply_queue.declare()
        self._proved_at = time.monotonic()
        broker = broker_of(connection)
        self._prove = broker.prove_room
        self._replies = _reply_reader(broker, channel, self._reply_queue)
        self._producer = _kombu.Producer(channel, auto_declare=False)

    def _prove_room(self) -> None:
        """Write to the broker first, where a worker that cannot answer would end over it."""
        prove = self._prove
        if prove is not None and time.monotonic() - self._proved_at > PROVED_SECONDS:
            prove(self._reply_queue)
            self._proved_at = time.monotonic()

    def _queue(self, oid: str, channel: Any) -> Any:
        return _kombu.Queue(
            f"{oid}.{self._mailbox.reply_exchange.name}",
            exchange=self._mailbox.reply_exchange,
            routing_key=oid,
            durable=False,
            exclusive=True,
            auto_delete=True,
            expires=REPLY_QUEUE_EXPIRES,
        )(channel)

    def _clear_up(self, channel: Any) -> None:
        """Delete what conversations left that were cut off by the loss of the broker."""
        while self._left:
            queue = self._queue(self._left[0], channel)
            queue.declare()  # kombu deletes the bindings that it knows of
            queue.delete()
            self._left.popleft()

    def _take_replies(self) -> bool:
        """Take what replies there are, whatever they hold; whether there was one."""
        messages = self._replies.take()
        for message in messages:
            # A reply that does not decode is an answer of nobody.
            with contextlib.suppress(Exception):
                self._take(message)
        return bool(messages)

    def _take(self, message: Any) -> None:
        headers, body = message.headers, self._decoded(message)
        ticket = headers.get("ticket") if isinstance(headers, dict) else None
        ask = self._asks.get(ticket) if isinstance(ticket, str) else None
        if ask is not None and isinstance(body, dict):
            for hostname, answer in body.items():
                if isinstance(hostname, str) and len(ask.answers) < MAX_HOSTS:
                    ask.answers.setdefault(hostname, answer)
                    if ask.awaited is not None:
                        ask.awaited.discard(hostname)

    def _decoded(self, message: Any) -> Any:
        from kombu.serialization import loads

        content_type = message.content_type
        accept = pickles.readable(self._mailbox.accept)
        if pickles.is_refused(content_type):
            self.refused = True
            raise ValueError(pickles.REFUSED)
        read: Any = loads
        with pickles.foreign():
            try:
                encoding = message.content_encoding
                return read(message.body, content_type, encoding, accept=accept)
            except Exception:
                # The worker's app may mark types that ours does not know.
                if content_type != "application/json" or content_type not in accept:
                    raise
                return json.loads(message.body)

    @property
    def silence(self) -> str:
        """What is said of a worker whose answer did not come."""
        if self.refused:
            return f"its reply is {pickles.REFUSED}"
        return f"no reply within {self.timeout:g} s"

    def _reason(self, error: BaseException) -> str:
        """Why there is no conversation: also the command that grants what the broker refuses."""
        connection = self._connection
        if connection is None:
            return without_reprs(one_line(error))
        reason = reason_of(error, broker_of(connection), connection)
        return reason.text if reason.remedy is None else f"{reason.text} ({reason.remedy})"

    def _abandon(self) -> None:
        self._reply_queue = None
        self.close()


def _reply_reader(broker: Broker, channel: Any, queue: Any) -> ReplyReader:
    try:
        if broker.replies is not None:
            return broker.replies(channel, queue)
    except OURS as exc:
        logger.warning("replies are read one by one: %s: %s", type(exc).__name__, one_line(exc))
    return KombuReplyReader(channel, queue)
