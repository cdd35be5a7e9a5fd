"""What a broker is here: data about one kind of it, and what the receiver asks of its reader."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from celerytui.model import Blockage
    from celerytui.wire.decode import EventDecoder
    from celerytui.wire.depths import DepthReader

OURS = (AttributeError, TypeError, ImportError)
"""How a name of a client's is missed that is gone or changed: the broker has no part in it."""

Clock = Callable[[], float]


class EventReader(Protocol):
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


class Denial(Struct, frozen=True):
    """A broker's own no: its words with passwords masked, and the command that grants it."""

    text: str
    remedy: str | None = None


class Held(Protocol):
    """A client's connection that is known from before its handshake, when it may block."""

    def abort(self) -> None:
        """Shuts its socket, from any thread; may raise anything."""

    def close(self, seconds: float) -> None:
        """Says farewell where it is connected, waiting no longer than that for the answer."""


class BlockWatch(Protocol):
    """Finds out over a connection of its own that the broker refuses messages; for one thread."""

    def look(self, *, silent: bool) -> Blockage | None:
        """What stands in the way now, None for nothing; waits some seconds for the broker at most.

        Only where nothing comes in, which is `silent`, may it send anything to find out. Raises
        whatever the client raises, and may then be asked again.
        """

    def close(self) -> None:
        """Closes the connection, in under a second; never raises."""


class ReplyReader(Protocol):
    """Takes workers' replies off a reply queue; for one thread."""

    def take(self) -> list[Any]:
        """The kombu messages that are there now, without waiting; raises what the client does."""


class UnackedReader(Protocol):
    """Tells when unacknowledged tasks come again, over a connection of its own; for one thread.

    `timeout` is how many seconds after its delivery a message is delivered again, as far as the
    app's configuration says.
    """

    timeout: float

    def due(self, ids: Collection[str]) -> Mapping[str, float | None]:
        """Task id -> when it is delivered again, None where the broker holds no delivery of it.

        An id that is missing was not looked for: there are too many to look at. Raises whatever
        the client raises.
        """

    def close(self) -> None:
        """Closes the connection; never raises."""


def _never(_conf: Any) -> str:
    return ""


def _leave(_connection: Any) -> None:
    pass


def _purge(channel: Any, queue: str) -> int:
    return int(channel.queue_purge(queue) or 0)


class Broker(Struct, frozen=True, kw_only=True):
    """One kind of broker; a field that is left out is what kombu does with any of them.

    `title` is its name in a sentence. A `connection` is kombu's, not necessarily connected, a
    `channel` one of its channels, `conf` the app's configuration.
    """

    title: str

    sends_events: bool = True
    """Whether Celery sends events over it at all, whatever kombu says of its exchanges."""

    in_process: bool = False
    """Whether it lives inside one process, so that no other one can be heard."""

    declares_queues: bool = False
    """Whether a message to a queue that nobody declared is lost."""

    when_late: Callable[[Any], str] = _never
    """Conf -> what becomes of events that are not read in time, in a few words; "" for nothing."""

    set_timeouts: Callable[[Any], None] = _leave
    """Gives a connection that is not yet open time limits that the app did not give it."""

    fast_events: Callable[[Any, Any, EventDecoder, Clock], EventReader | None] | None = None
    """App, connection, decoder, clock -> a faster reader than the general one.

    None where it cannot serve this app. It is imported here; whatever of `OURS` it raises, then or
    later, makes the general reader take over.
    """

    watch: Callable[[Any], Held] | None = None
    """Transport -> the connection that it makes next, for a client that blocks in its handshake."""

    denial: Callable[[BaseException, Any], Denial | None] | None = None
    """Error, connection -> what the broker refuses in it, None where nothing; a few seconds at
    most."""

    ping: Callable[[Any], None] | None = None
    """Asks a channel for a sign of life, where the protocol has no heartbeat of its own."""

    resume: Callable[[Any], Callable[[], None]] | None = None
    """Channel -> what has kombu go on with what that has read, after it stumbled over a message;
    whatever of `OURS` it raises, kombu waits for more."""

    own_depths: Callable[[Any, Callable[[], Any]], DepthReader] | None = None
    """Conf, what makes a connection -> a reader of queue depths that knows more than the
    general one, not connected."""

    watch_blocking: Callable[[Callable[[], Any]], BlockWatch] | None = None
    """What makes a connection -> who finds out that it refuses messages, not connected."""

    requeues_at_once: bool = False
    """Whether what a worker has not acknowledged is in its queue again as soon as that is gone."""

    unacked: Callable[[Callable[[], Any]], UnackedReader] | None = None
    """What makes a connection -> who tells when unacknowledged tasks come again, not connected."""

    bound: Callable[[Any, str], list[str]] | None = None
    """Channel, exchange -> the names of the queues bound to it, as far as the broker says."""

    replies: Callable[[Any, Any], ReplyReader] | None = None
    """Channel, kombu queue bound to it -> who takes many replies at a time off that."""

    prove_room: Callable[[Any], None] | None = None
    """Kombu queue, bound to a channel -> raises where a message to it would be refused: a full
    broker may pass on what workers are asked, and they end over the answer."""

    purge: Callable[[Any, str], int] = _purge
    """Channel, queue -> how many messages were deleted."""

    purge_by_name: Callable[[Any, str, str], Iterator[tuple[int, int]]] | None = None
    """Channel, queue, task's name -> after each page how many of its messages are gone, and how
    many were looked at, for as long as one goes on; None where the broker gives no message away
    without those before it."""

    def no_events(self, connection: Any) -> str | None:
        """None where it carries events between processes, else the reason; no I/O."""
        if self.sends_events and connection.supports_exchange_type("fanout"):
            return None
        return f"{self.title} carries no events"
