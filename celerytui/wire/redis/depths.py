"""Queue depths on Redis: the lists of each queue's priorities, and the shared hash of the unacked.

Everything that a project may have set (separator, priority steps, key prefix, names of the unacked
keys, database, TLS, sentinels) is taken from kombu's own channel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from celerytui.masking import one_line
from celerytui.model import QueueDepth
from celerytui.wire.depths import Clock, QueueReader
from celerytui.wire.redis.unacked import Unacked


class RedisReader(QueueReader):
    """Reads all queues in one pipeline; Redis does not know who consumes."""

    def __init__(self, app: Any, clock: Clock) -> None:
        super().__init__(app, clock)
        self._exchanges = sorted(exchange_names(app.conf))
        self._unacked = Unacked()

    def depths(self, names: Sequence[str]) -> list[QueueDepth]:
        """`ready` of these queues, and `unacked` while that is little enough to be looked at."""
        channel = self.channel
        prefix = channel.global_keyprefix
        client = self._client()
        bindings = [prefix + channel.keyprefix_queue % (name,) for name in self._exchanges]
        with client.pipeline(transaction=False) as pipe:
            for name in names:
                for key in _keys(channel, name):
                    pipe.llen(key)
            for key in bindings:
                pipe.smembers(key)
            answers = iter(pipe.execute(raise_on_error=False))
        ready = {name: [next(answers) for _ in _keys(channel, name)] for name in names}
        self._listed = {name for found in answers for name in _bound(found, channel.sep)}
        unacked = None
        if channel.ack_emulation:
            unacked = self._unacked.count(client, prefix, channel)
        return [_depth(name, ready[name], unacked) for name in names]

    def _client(self) -> Any:
        # Kombu's own client prefixes the keys of some commands and not of others.
        from redis import Redis

        return Redis(connection_pool=self.channel.pool)


def exchange_names(conf: Any) -> set[str]:
    """The exchanges that the configured queues are bound to."""
    names = {conf.task_default_exchange or conf.task_default_queue}
    queues = conf.task_queues
    if isinstance(queues, Mapping):
        names |= {options.get("exchange") for options in queues.values() if options}
    else:
        exchanges = [getattr(queue, "exchange", None) for queue in queues or ()]
        names |= {getattr(exchange, "name", None) for exchange in exchanges}
    return {name for name in names if isinstance(name, str) and name}


def _keys(channel: Any, name: str) -> Iterator[str]:
    for step in channel.priority_steps:
        yield channel.global_keyprefix + channel._q_for_pri(name, step)


def _bound(members: Any, sep: str) -> Iterator[str]:
    """The queues in one exchange's table of `routing key, pattern, queue`."""
    if isinstance(members, set):
        for member in members:
            text = member.decode(errors="replace") if isinstance(member, bytes) else str(member)
            yield text.split(sep)[-1]


def _depth(name: str, sizes: list[Any], unacked: Mapping[str, int] | None) -> QueueDepth:
    errors = [size for size in sizes if isinstance(size, Exception)]
    if errors:
        return QueueDepth(name, error=one_line(errors[0]))
    return QueueDepth(
        name, ready=sum(sizes), unacked=None if unacked is None else unacked.get(name, 0)
    )
