"""Redis: pub/sub for events, lists and hashes for queues."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from celerytui.wire.broker import Broker, Clock

if TYPE_CHECKING:
    from celerytui.wire.broker import BlockWatch, Denial, EventReader, ReplyReader, UnackedReader
    from celerytui.wire.decode import EventDecoder
    from celerytui.wire.depths import DepthReader

SOCKET_SECONDS = 5.0
"""Without it a Redis that accepts and is silent blocks a read for ever. More than BRPOP's 1 s."""


def _set_timeouts(connection: Any) -> None:
    # The dict is this connection's own: Celery copies it for each.
    options = connection.transport_options
    limits = {"socket_timeout": SOCKET_SECONDS, "socket_connect_timeout": SOCKET_SECONDS}
    for name, seconds in limits.items():
        options.setdefault(name, seconds)
    if isinstance(options.get("sentinel_kwargs"), dict):
        options["sentinel_kwargs"] = limits | options["sentinel_kwargs"]


def _fast_events(
    app: Any, connection: Any, decoder: EventDecoder, clock: Clock
) -> EventReader | None:
    if (
        not decoder.only_json
        # It sends each event twice, and kombu leaves one out.
        or connection.transport_options.get("sentinel_fanout_compat")
        or importlib.util.find_spec("hiredis") is None
    ):
        return None
    from celerytui.wire.redis.events import RedisEventReader

    return RedisEventReader(app, connection, decoder, clock)


def _denial(error: BaseException, connection: Any) -> Denial | None:
    from celerytui.wire.redis.denials import denial_of

    return denial_of(error, connection)


def _ping(channel: Any) -> None:
    from celerytui.wire.redis.private import ping

    ping(channel)


def _resume(channel: Any) -> Callable[[], None]:
    from celerytui.wire.redis.private import resume

    return resume(channel)


def _own_depths(conf: Any, connect: Callable[[], Any]) -> DepthReader:
    from celerytui.wire.redis.depths import RedisDepthReader

    return RedisDepthReader(conf, connect)


def _purge_by_name(channel: Any, queue: str, task: str) -> Iterator[tuple[int, int]]:
    from celerytui.wire.redis.purge import purge_by_name

    return purge_by_name(channel, queue, task)


def _watch_blocking(connect: Callable[[], Any]) -> BlockWatch:
    from celerytui.wire.redis.blocking import RedisBlockWatch

    return RedisBlockWatch(connect)


def _replies(channel: Any, queue: Any) -> ReplyReader:
    from celerytui.wire.redis.replies import RedisReplyReader

    return RedisReplyReader(channel, queue)


def _prove_room(queue: Any) -> None:
    # Kombu writes nothing for a queue that it knows to be bound.
    queue.channel.state.queue_bindings_delete(queue.name)
    queue.declare()


def _bound_queues(channel: Any, exchange: str) -> list[str]:
    from celerytui.wire.redis.depths import bound_queues

    return bound_queues(channel, exchange)


def _unacked(connect: Callable[[], Any]) -> UnackedReader:
    from celerytui.wire.redis.redelivery import RedisUnackedReader

    return RedisUnackedReader(connect)


REDIS = Broker(
    title="Redis",
    when_late=lambda conf: "Redis ends a subscription that is too far behind",
    set_timeouts=_set_timeouts,
    fast_events=_fast_events,
    denial=_denial,
    ping=_ping,
    resume=_resume,
    own_depths=_own_depths,
    watch_blocking=_watch_blocking,
    unacked=_unacked,
    bound=_bound_queues,
    replies=_replies,
    prove_room=_prove_room,
    purge_by_name=_purge_by_name,
)
