"""RabbitMQ, and what else speaks AMQP 0-9-1."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from celerytui.wire.broker import Broker, Clock

if TYPE_CHECKING:
    from celerytui.wire.broker import BlockWatch, Denial, EventReader, Held, ReplyReader
    from celerytui.wire.decode import EventDecoder
    from celerytui.wire.depths import DepthReader


def _when_late(conf: Any) -> str:
    ttl = conf.event_queue_ttl
    return f"RabbitMQ drops what waits for {ttl:g} s" if ttl else ""


def _fast_events(
    app: Any, connection: Any, decoder: EventDecoder, clock: Clock
) -> EventReader | None:
    if connection.transport.driver_name != "py-amqp":
        return None
    from celerytui.wire.amqp.events import AmqpEventReader

    return AmqpEventReader(app, connection, decoder, clock, AMQP)


def _denial(error: BaseException, connection: Any) -> Denial | None:
    from celerytui.wire.amqp.denials import denial_of

    return denial_of(error, connection)


def _watch(transport: Any) -> Held:
    from celerytui.wire.amqp.private import watch

    return watch(transport)


def _own_depths(conf: Any, connect: Callable[[], Any]) -> DepthReader:
    from celerytui.wire.amqp.depths import AmqpDepthReader

    return AmqpDepthReader(conf, connect)


def _replies(channel: Any, queue: Any) -> ReplyReader:
    from celerytui.wire.amqp.replies import AmqpReplyReader

    return AmqpReplyReader(channel, queue)


def _watch_blocking(connect: Callable[[], Any]) -> BlockWatch:
    from celerytui.wire.amqp.blocking import AmqpBlockWatch

    return AmqpBlockWatch(connect)


AMQP = Broker(
    title="RabbitMQ",
    declares_queues=True,
    when_late=_when_late,
    fast_events=_fast_events,
    denial=_denial,
    watch=_watch,
    own_depths=_own_depths,
    watch_blocking=_watch_blocking,
    replies=_replies,
    requeues_at_once=True,
)
