"""What is used of kombu and redis-py that they promise to nobody, in one place.

Checked with kombu 5.3.0 and 5.7.0, redis-py 4.5.2 and 8.1.0. A name that is missing raises
AttributeError or TypeError here; those who call say what becomes of it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any


def watch_connections(transport: Any, made: list[Any], **changed: Any) -> None:
    """Have a kombu transport add each redis-py connection that it makes to `made`.

    `changed` are keyword arguments that the connections get instead of their own.
    """
    channel_type = transport.Channel

    def watched(connection_type: Any) -> Any:
        class Watched(connection_type):  # type: ignore[misc]  # known when it runs
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **(kwargs | changed))
                made.append(self)

        return Watched

    class WatchedChannel(channel_type):  # type: ignore[misc, valid-type]  # likewise
        connection_class = watched(channel_type.connection_class)
        connection_class_ssl = watched(channel_type.connection_class_ssl)

    transport.Channel = WatchedChannel


def new_connection(channel: Any) -> Any:
    """A redis-py connection with all that the app set, not yet connected, outside of any pool."""
    return channel.pool.make_connection()


def socket_of(connection: Any) -> Any:
    """The socket of a redis-py connection, None where it is not connected."""
    return connection._sock


def shut(connection: Any) -> None:
    """Make whoever waits for a redis-py connection, in another thread, stop waiting."""
    connection._sock.shutdown(socket.SHUT_RDWR)


def event_pattern(channel: Any, exchange: str) -> str:
    """The pattern to which kombu itself would subscribe for a queue bound with "#"."""
    topic: str = channel._get_publish_topic(exchange, "*")
    return f"{channel.global_keyprefix}{topic}"


def client(channel: Any) -> Any:
    """A redis-py client that leaves keys alone: kombu's own prefixes those of some commands."""
    from redis import Redis

    return Redis(connection_pool=channel.pool)


def resume(channel: Any) -> Callable[[], None]:
    """What takes published messages that were read and not looked at: kombu waits for more."""
    client, receive = channel.subclient, channel.handlers["LISTEN"]

    def take() -> None:
        if client.connection is not None and client.connection.can_read(timeout=0):
            receive()

    return take


def ping(channel: Any) -> None:
    """Ask Redis for a sign of life over kombu's own client."""
    channel.client.ping()


def priority_keys(channel: Any, queue: str) -> list[str]:
    """The lists in which a queue's messages wait, one for each priority, the first first."""
    prefix = channel.global_keyprefix
    return [prefix + channel._q_for_pri(queue, step) for step in channel.priority_steps]


def binding_key(channel: Any, exchange: str) -> str:
    """The set of what is bound to an exchange: `routing key, pattern, queue`."""
    key: str = channel.global_keyprefix + channel.keyprefix_queue % (exchange,)
    return key


def binding_parts(channel: Any, member: Any) -> list[str]:
    """A binding's routing key, pattern and queue."""
    text = member.decode(errors="replace") if isinstance(member, bytes) else str(member)
    return text.split(channel.sep)


def message_type(channel: Any) -> Any:
    """What kombu makes a message of a queue's list of: its payload, and the `channel`."""
    return channel.Message


def unacked_key(channel: Any) -> str | None:
    """The hash of the messages that are not acknowledged, None where kombu keeps none."""
    if not channel.ack_emulation:
        return None
    key: str = channel.global_keyprefix + channel.unacked_key
    return key


def index_key(channel: Any) -> str | None:
    """The sorted set of when each unacknowledged message was delivered, None as `unacked_key`."""
    if not channel.ack_emulation:
        return None
    key: str = channel.global_keyprefix + channel.unacked_index_key
    return key


def visibility_timeout(channel: Any) -> float:
    """Seconds after which a message is delivered again."""
    return float(channel.visibility_timeout)
