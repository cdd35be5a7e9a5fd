"""A broker of a benchmark's own, which holds the whole stream for a reader that is slow."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tests.integration.servers import RedisServer, Server

AnyServer = TypeVar("AnyServer", bound=Server)


def redis(folder: Path) -> RedisServer:
    """A Redis, not started, that cuts no slow subscriber off."""
    return RedisServer(folder, "--client-output-buffer-limit", "pubsub 0 0 0")


@contextmanager
def running(server: AnyServer) -> Iterator[AnyServer]:
    """The server, started, and stopped at the end."""
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def own_redis() -> Iterator[int]:
    """The port of a Redis that lasts as long."""
    with tempfile.TemporaryDirectory() as folder, running(redis(Path(folder))) as server:
        yield server.port
