"""From an app to connections of our own, with time limits, and to what its broker is."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from celerytui import connect
from celerytui.errors import BrokerUnavailable
from celerytui.masking import mask
from celerytui.wire.registry import broker_of

if TYPE_CHECKING:
    from celerytui.wire.broker import BlockWatch, Broker, UnackedReader
    from celerytui.wire.depths import DepthReader

CONNECT_SECONDS = 4.0
"""How long a connection may take where the app does not say, as in Celery's defaults."""
AMQP_HEARTBEAT_SECONDS = 10
RETRY_SECONDS = 0.2


def read_connection(app: Any) -> Any:
    """A connection of our own for consuming, not yet opened, never from the app's pool."""
    return _bounded(app, app.connection_for_read)


def write_connection(app: Any) -> Any:
    """Like `read_connection`, for publishing."""
    return _bounded(app, app.connection_for_write)


def ready(app: Any) -> Any:
    """`connect.ready`, and what reads and watches the app's broker imported as well."""
    app = connect.ready(app)
    for imports in (open_depths, block_watch, unacked_reader):
        with contextlib.suppress(Exception):
            imports(app)
    return app


def open_depths(app: Any, broker: Broker | None = None) -> DepthReader:
    """The reader of queue depths for the app's broker; it connects on the first reading.

    `broker` is of which kind the one is that answers, where the app has several.
    """

    def make_connection() -> Any:
        return read_connection(app)

    open_own = (broker or broker_of(make_connection())).own_depths
    if open_own is not None:
        reader = open_own(app.conf, make_connection)
    else:
        from celerytui.wire.generic.depths import KombuDepthReader

        reader = KombuDepthReader(app.conf, make_connection)
    if connect.names_no_queue(app):
        reader.guess(app.conf.task_default_queue)
    return reader


def block_watch(app: Any) -> BlockWatch | None:
    """Who finds out that the app's broker refuses messages, not connected; None for nobody."""

    def make_connection() -> Any:
        return write_connection(app)

    watch = broker_of(make_connection()).watch_blocking
    return None if watch is None else watch(make_connection)


def unacked_reader(app: Any) -> tuple[Broker, UnackedReader | None]:
    """The app's broker, and who tells when its unacknowledged tasks come again, not connected."""

    def make_connection() -> Any:
        return read_connection(app)

    broker = broker_of(make_connection())
    return broker, None if broker.unacked is None else broker.unacked(make_connection)


def when_late(app: Any) -> str:
    """What the broker does where events are not read in time, in a few words; "" for nothing."""
    return broker_of(app.connection_for_read()).when_late(app.conf)


def answers_within(
    app: Any,
    timeout: float,
    *,
    left: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Return once the broker accepts a connection; raise BrokerUnavailable after `timeout` s.

    `left` is how many of these are left.
    """
    connection = read_connection(app)
    deadline = clock() + (timeout if left is None else left)
    reason = "no answer"
    try:
        while (more := deadline - clock()) > 0:
            _hurry(connection, more)
            try:
                connection.ensure_connection(max_retries=0)
                return
            except Exception as error:
                # Whatever it is, also a client library of the wrong version, it is the reason.
                reason = str(error) or type(error).__name__
                connection.maybe_switch_next()
            time.sleep(max(0.0, min(RETRY_SECONDS, deadline - clock())))
    finally:
        connection.release()
    raise BrokerUnavailable(
        f"no broker answered at {connect.broker_url(app)} within {timeout:g}s: {mask(reason)}"
    )


def _bounded(app: Any, make: Callable[..., Any]) -> Any:
    connect.learn_secrets(app)
    connection = make(
        connect_timeout=app.conf.broker_connection_timeout or CONNECT_SECONDS,
        heartbeat=AMQP_HEARTBEAT_SECONDS,
    )
    broker_of(connection).set_timeouts(connection)
    return connection


def _hurry(connection: Any, seconds: float) -> None:
    """Let one try of `connection` take no longer than `seconds`."""
    connection.connect_timeout = min(connection.connect_timeout or seconds, seconds)
    options = connection.transport_options
    for name in ("socket_timeout", "socket_connect_timeout"):
        if name in options:
            options[name] = min(options[name] or seconds, seconds)
