"""Terminals with the real program in them, and the brokers and workers of the integration tests."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.terminal import PROGRAM, Terminal
from tests.integration.conftest import (
    amqp_url,
    make_app,
    rabbitmq_server,
    redis_server,
    redis_url,
    revived,
    start_worker_on,
)

__all__ = [
    "amqp_url",
    "make_app",
    "rabbitmq_server",
    "redis_server",
    "redis_url",
    "revived",
    "start_worker_on",
]

Open = Callable[..., Terminal]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The program's home and working folder."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def open_terminal(home: Path) -> Iterator[Open]:
    """`open_terminal(args, *, program=PROGRAM, size, modern, owned, nohup, **env)`: a `Terminal`.

    The program runs `args` in it; at the end of the test whatever still runs is killed.
    """
    terminals: list[Terminal] = []

    def start(*args: str, program: tuple[str, ...] = PROGRAM, **more: Any) -> Terminal:
        terminal = Terminal([*program, *args], home, **more)
        terminals.append(terminal)
        return terminal

    yield start
    for terminal in terminals:
        terminal.close()


@pytest.fixture
def silent_server() -> Iterator[socket.socket]:
    """A server where connections are taken and nothing is ever said."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(100)
        server.settimeout(100)
        yield server


@pytest.fixture
def silent_port(silent_server: socket.socket) -> int:
    """Its port."""
    return int(silent_server.getsockname()[1])
