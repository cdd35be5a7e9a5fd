"""A connection of a reader's own: made on first use with one try, closed in under a second."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

SOCKET_SECONDS = 5.0
CLOSE_SECONDS = 0.4


class OwnConnection:
    """A kombu connection and one channel of it; for one thread."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._connection: Any = None
        self._channel: Any = None
        self._socket: Any = None

    @property
    def connected(self) -> bool:
        """Whether one was made and not closed."""
        return self._connection is not None

    @property
    def connection(self) -> Any:
        """The kombu connection, made on first use with one try at each of the broker's URLs."""
        if self._connection is None:
            self._connection = connection = self._connect()
            connection.ensure_connection(max_retries=max(0, len(connection.alt or ()) - 1))
            # Only amqp has one: its calls would wait for a frozen broker without end.
            self._socket = getattr(connection.connection, "sock", None)
            if self._socket is not None:
                self._socket.settimeout(SOCKET_SECONDS)
        return self._connection

    @property
    def channel(self) -> Any:
        """The one channel, opened on first use."""
        if self._channel is None:
            self._channel = self.connection.channel()
        return self._channel

    def drop_channel(self) -> None:
        """Forget the channel, which the broker closed; the next use opens another."""
        self._channel = None

    def close(self, *, farewell: bool = True) -> None:
        """Close the connection; takes under a second whatever the broker does.

        Without `farewell`, which the broker would not read, it is only cut.
        """
        connection, self._connection, self._channel = self._connection, None, None
        if connection is None:
            return
        with contextlib.suppress(Exception):
            if self._socket is not None:
                self._socket.settimeout(CLOSE_SECONDS)
        with contextlib.suppress(Exception):
            if farewell:
                connection.release()
            else:
                connection.collect()
        self._socket = None
