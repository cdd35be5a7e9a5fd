"""What is used of kombu and py-amqp that they promise to nobody, in one place.

Checked with kombu 5.3.0 and 5.7.0, py-amqp 5.1.1 and 5.4.2. A name that is missing raises
AttributeError or TypeError here; those who call say what becomes of it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any


class HeldConnection:
    """Py-amqp's connection, known from before it blocks in its handshake; None until then."""

    connection: Any = None

    def abort(self) -> None:
        """Shuts its socket, from any thread."""
        # Not `.transport`, which connects where there is none.
        self.connection._transport.sock.shutdown(socket.SHUT_RDWR)

    def close(self, seconds: float) -> None:
        """Closes it, without the channels' own farewells; nothing where it is not connected.

        Py-amqp waits for the broker's word for as long as its socket does.
        """
        connection = self.connection
        if connection is not None and connection.connected:
            with connection.transport.having_timeout(seconds):
                connection.close()


def watch(transport: Any) -> HeldConnection:
    """Get hold of the connection that a kombu transport makes next."""
    make = type(transport).Connection
    held = HeldConnection()

    def hold(**options: Any) -> Any:
        held.connection = make(**options)
        return held.connection

    transport.Connection = hold
    return held


def socket_of(connection: Any) -> Any:
    """The socket of a connected py-amqp connection."""
    return connection.transport.sock


def take_rest(connection: Any) -> bytes:
    """Take what py-amqp read of the stream without having looked at it."""
    transport = connection.transport
    rest: bytes = transport._read_buffer
    transport._read_buffer = b""
    return rest


def give_back(connection: Any, rest: bytes) -> None:
    """Have py-amqp read on with `rest`, which it then takes for the next of the stream."""
    connection.transport._read_buffer = rest


def note_receipt(connection: Any) -> None:
    """Tell py-amqp that something came: it takes the heartbeat for missed otherwise."""
    connection.bytes_recv += 1


def pass_on(connection: Any, kind: int, channel: int, payload: bytes) -> None:
    """Have py-amqp deal with one frame."""
    connection.on_inbound_frame((kind, channel, payload))


def send_declare(channel: Any, queue: str) -> None:
    """Ask whether a queue is there, without waiting for the answer."""
    from amqp import spec

    channel.send_method(
        spec.Queue.Declare, "BsbbbbbF", (0, queue, True, False, False, False, False, None)
    )


def take_declared(channel: Any) -> tuple[int, int]:
    """Wait for the next answer to `send_declare`: messages and consumers of that queue.

    Raises one of the connection's channel errors where the queue is refused.
    """
    from amqp import spec

    _, messages, consumers = channel.wait(spec.Queue.DeclareOk, returns_tuple=True)
    return messages, consumers


def on_blocked(connection: Any, tell: Callable[[str | None], object]) -> None:
    """Have a py-amqp connection call `tell` with the broker's reason, None once that is over.

    Py-amqp itself drops the reason that a `connection.blocked` brings.
    """
    from amqp import spec

    blocked, callbacks = spec.Connection.Blocked, connection._callbacks
    connection._METHODS = {**connection._METHODS, blocked: spec.method(blocked, "s")}
    callbacks[blocked] = tell
    callbacks[spec.Connection.Unblocked] = lambda: tell(None)
