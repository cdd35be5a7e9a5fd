"""Queue depths on Redis: the lists of each queue's priorities, and the shared hash of the unacked.

Everything that a project may have set (separator, priority steps, key prefix, names of the unacked
keys, database, TLS, sentinels) is taken from kombu's own channel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from celerytui.masking import one_line
from celerytui.model import QueueDepth
from celerytui.wire.broker import OURS
from celerytui.wire.generic.depths import KombuDepthReader
from celerytui.wire.redis import private
from celerytui.wire.redis.unacked import Unacked


class RedisDepthReader(KombuDepthReader):
    """Reads all queues in one pipeline; Redis does not know who consumes.

    Where kombu has changed too much for that, it is asked for one queue after the other.
    """

    def __init__(self, conf: Any, connect: Callable[[], Any]) -> None:
        super().__init__(conf, connect)
        self._exchanges = sorted(exchange_names(conf))
        self._unacked = Unacked()

    def depths(self, names: Sequence[str]) -> list[QueueDepth]:
        """`ready` of these queues, and `unacked` while that is little enough to be looked at."""
        try:
            return self._in_one_go(names)
        except OURS as exc:
            self.note_missing("queues are read one by one", exc)
            return super().depths(names)

    def _in_one_go(self, names: Sequence[str]) -> list[QueueDepth]:
        channel = self.channel
        client = private.client(channel)
        keys = {name: private.priority_keys(channel, name) for name in names}
        bindings = [private.binding_key(channel, name) for name in self._exchanges]
        with client.pipeline(transaction=False) as pipe:
            for name in names:
                for key in keys[name]:
                    pipe.llen(key)
            for key in bindings:
                pipe.smembers(key)
            answers = iter(pipe.execute(raise_on_error=False))
        ready = {name: [next(answers) for _ in keys[name]] for name in names}
        self._listed = {name for found in answers for name in _bound(channel, found)}
        unacked = self._count_unacked(client)
        return [_depth(name, ready[name], unacked) for name in names]

    def _count_unacked(self, client: Any) -> Mapping[str, int] | None:
        try:
            return self._unacked.count(client, self.channel)
        except OURS as exc:
            self.note_missing("unacked messages are not known", exc)
            return None


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


def _bound(channel: Any, members: Any) -> Iterator[str]:
    """The queues in one exchange's table."""
    if isinstance(members, set):
        for member in members:
            yield private.binding_parts(channel, member)[-1]


def bound_queues(channel: Any, exchange: str) -> list[str]:
    """The queues bound to an exchange, some of which may be left over."""
    members = private.client(channel).smembers(private.binding_key(channel, exchange))
    return sorted(set(_bound(channel, members)))


def _depth(name: str, sizes: list[Any], unacked: Mapping[str, int] | None) -> QueueDepth:
    errors = [size for size in sizes if isinstance(size, Exception)]
    if errors:
        return QueueDepth(name, error=one_line(errors[0]))
    return QueueDepth(
        name, ready=sum(sizes), unacked=None if unacked is None else unacked.get(name, 0)
    )
