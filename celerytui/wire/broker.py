"""What the receiver asks of a wire: one class a kind of broker stands behind it."""

from __future__ import annotations

from typing import Protocol


class Reader(Protocol):
    """Brings what the workers send from one kind of broker into a decoder.

    All but `abort` are called by one thread. `open` and `read` raise any exception when the
    connection cannot be had or is lost; the reader may then be closed and opened again.
    """

    def open(self) -> None:
        """Connects and subscribes, or raises; one try, of a few seconds at most."""

    def read(self, seconds: float) -> None:
        """Adds what has come to the decoder; waits up to `seconds` where nothing has."""

    def close(self, *, lost: bool) -> None:
        """Leaves nothing on the broker, unless the connection is `lost`; never raises."""

    def abort(self) -> None:
        """Called by any thread: makes an `open` that waits for a silent broker raise at once."""


class Silence(ConnectionError):
    """The broker stopped answering; `since` is the clock's time when it last did."""

    def __init__(self, message: str, since: float) -> None:
        super().__init__(message)
        self.since = since
