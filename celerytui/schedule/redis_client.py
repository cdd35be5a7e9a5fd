"""A connection to the Redis that a scheduler keeps its entries in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celerytui.errors import UsageError
from celerytui.masking import learn, secrets_in
from celerytui.schedule.source import CONNECT_SECONDS, READ_SECONDS

SCHEMES = ("redis", "rediss", "unix", "redis+socket", "valkey", "valkeys")
OURS = ("retry_period", "cluster", "sentinels", "service_name", "sentinel_kwargs", "startup_nodes")
"""Options of the schedulers, not of the client."""


def is_redis(url: str) -> bool:
    """Whether a URL is one of Redis."""
    return url.partition("://")[0].lower() in SCHEMES


def redis_client(url: str, options: Mapping[str, Any]) -> Any:
    """A client that connects on its first command, every wait bounded."""
    learn(secrets_in([url, dict(options)]))
    try:
        import redis
    except ImportError as error:
        raise UsageError(f"{error} (pip install 'celerytui[redis]')") from error
    limits = {"socket_connect_timeout": CONNECT_SECONDS, "socket_timeout": READ_SECONDS}
    own = {name: value for name, value in options.items() if name not in OURS}
    texts = {"decode_responses": True, "encoding": "utf-8", "encoding_errors": "replace"}
    given: Any = {**own, **limits, **texts}
    sentinels = options.get("sentinels")
    if sentinels:
        from redis.sentinel import Sentinel

        make: Any = Sentinel
        found = make(sentinels, sentinel_kwargs=options.get("sentinel_kwargs") or {}, **given)
        return found.master_for(options.get("service_name", "master"))
    if options.get("cluster"):
        from redis.cluster import RedisCluster

        cluster: Any = RedisCluster
        return cluster.from_url(url, **given)
    made: Any = redis.Redis
    return made.from_url(_plain(url), **given)


def _plain(url: str) -> str:
    scheme, _, rest = url.partition("://")
    known = {"redis+socket": "unix", "valkey": "redis", "valkeys": "rediss"}
    return f"{known.get(scheme, scheme)}://{rest}"
