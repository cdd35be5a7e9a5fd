"""How Redis and its sentinels say no, and the command that grants what was asked for."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from celerytui.masking import one_line
from celerytui.wire.broker import Denial

SENTINEL_SECONDS = 1.0
MAX_SENTINELS = 5

CLUSTER = re.compile(r"\b(?:MOVED|CLUSTERDOWN|CROSSSLOT)\b|Hash slot not served|cluster_enabled:1")
LOGIN = re.compile(
    r"WRONGPASS|NOAUTH|Authentication required|invalid (?:username-)?password"
    r"|HELLO must be called with the client already authenticated|without any password configured"
    r"|called without any password",
    re.IGNORECASE,
)
NO_COMMAND = re.compile(r"no permissions to run the '([\w|]+)' command", re.IGNORECASE)
# Until 7.2 "one of the channels used as arguments", then "a channel"; keys likewise.
NO_CHANNEL = re.compile(
    r"no permissions to access (?:one of the channels|a channel)", re.IGNORECASE
)
NO_KEY = re.compile(r"no permissions to access (?:one of )?the keys|access a key", re.IGNORECASE)
NO_PERMISSION = re.compile(r"\bNOPERM\b|no permissions to", re.IGNORECASE)
TOO_MANY = re.compile(r"max number of clients reached")
NO_DB = re.compile(r"DB index is out of range|invalid DB index")
PROTECTED = re.compile(r"DENIED Redis is running in protected mode")
NO_MASTER = re.compile(r"No master found for '([^']*)'")

CLUSTER_TEXT = "a Redis Cluster, which Celery cannot use"


class ClusterError(ConnectionError):
    """What answers is a node of a Redis Cluster."""


def refuse_cluster(connection: Any) -> None:
    """Raise ClusterError where a redis-py connection leads to a node of a Redis Cluster."""
    from redis.exceptions import ResponseError

    with contextlib.suppress(ResponseError):  # INFO may be forbidden
        connection.send_command("INFO", "cluster", check_health=False)
        answer = connection.read_response()
        text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
        if CLUSTER.search(text):
            raise ClusterError("cluster_enabled:1")


def denial_of(error: BaseException, connection: Any) -> Denial | None:
    """What Redis or a sentinel refuses in this error, None where it is none of their denials."""
    text = one_line(error)
    if CLUSTER.search(text):
        moved = "" if isinstance(error, ClusterError) else f"{text}: "
        return Denial(f"{moved}{CLUSTER_TEXT}")
    if (master := NO_MASTER.search(text)) is not None:
        return _no_master(master[1], connection)
    if LOGIN.search(text):
        return Denial(text, None)
    if NO_PERMISSION.search(text):
        return Denial(text, _grant(text, connection))
    if TOO_MANY.search(text):
        return Denial(text, "redis-cli CONFIG SET maxclients 10000")
    if NO_DB.search(text) or PROTECTED.search(text):
        return Denial(text, None)
    return None


def _grant(text: str, connection: Any) -> str | None:
    user = str(connection.userid or "default")
    rights = None
    if (command := NO_COMMAND.search(text)) is not None:
        rights = f"+{command[1].lower()}"
    elif NO_CHANNEL.search(text):
        rights = "'&*'"
    elif NO_KEY.search(text):
        rights = "'~*'"
    if rights is None or not re.fullmatch(r"[\w.@\-]+", user):
        return None
    return f"redis-cli ACL SETUSER {user} {rights}"


def _no_master(name: str, connection: Any) -> Denial | None:
    """What the sentinels say of themselves; None where none of them answers."""
    said = [text for text in _ask_sentinels(name, connection) if text]
    if not said:
        return None
    return Denial(f"no master {name!r}: {'; '.join(said)}")


def _ask_sentinels(name: str, connection: Any) -> Iterator[str | None]:
    from kombu.utils.url import url_to_parts

    options = connection.transport_options.get("sentinel_kwargs")
    for url in list(connection.alt or [connection.as_uri()])[:MAX_SENTINELS]:
        parts = url_to_parts(url)
        host, port = parts.hostname or "localhost", parts.port or 26379
        said = _ask_sentinel(host, port, name, dict(options or {}))
        yield None if said is None else f"sentinel at {host}:{port} {said}"


def _ask_sentinel(host: str, port: int, name: str, options: dict[str, Any]) -> str | None:
    import redis

    limits = {"socket_timeout": SENTINEL_SECONDS, "socket_connect_timeout": SENTINEL_SECONDS}
    client: Any = redis.Redis(host=host, port=port, **(options | limits))
    try:
        address = client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", name)
    except Exception as error:
        text = one_line(error)
        if re.search("NOAUTH|Authentication required|HELLO must be called", text):
            return "wants a password"
        return f"refuses: {text}" if LOGIN.search(text) or NO_PERMISSION.search(text) else None
    finally:
        client.close()
    return "knows no master of that name" if address is None else "holds its master for down"
