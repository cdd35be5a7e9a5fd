"""What a service manager is told, and that nothing fails without one."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import uuid
from pathlib import Path

import pytest

from celerytui.headless import service
from celerytui.headless.service import ServiceManager


@pytest.mark.parametrize("abstract", [False, True])
def test_it_is_told_in_datagrams(tmp_path: Path, abstract: bool) -> None:
    if abstract and not sys.platform.startswith("linux"):
        pytest.skip("only Linux has abstract sockets")
    name = f"@celerytui-{uuid.uuid4()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(f"\0{name[1:]}" if abstract else name)
        manager = ServiceManager({"NOTIFY_SOCKET": name})
        manager.ready()
        manager.status("a\nb\udcff")
        manager.status("a\nb\udcff")
        manager.alive()
        manager.stopping()
        said = [heard.recv(100).decode() for _ in range(4)]
    assert said == ["READY=1", "STATUS=a b?", "WATCHDOG=1", "STOPPING=1"]


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": "/nonexistent/x"}])
def test_without_one_nothing_happens(environ: dict[str, str]) -> None:
    manager = ServiceManager(environ)
    manager.ready()
    manager.status("x")
    assert manager.watchdog is None


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({"WATCHDOG_USEC": "3000000"}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "7"}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "9" * 5_000}, None),
    ],
)
def test_the_watchdog_is_for_this_process(environ: dict[str, str], seconds: float | None) -> None:
    assert ServiceManager(environ, pid=7).watchdog == seconds


def test_a_status_that_a_busy_manager_did_not_take_is_said_again(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        manager = ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        for _ in range(1_000):  # more than it takes without being read
            manager.alive()
        manager.status("connected")
        heard.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                assert heard.recv(100) == b"WATCHDOG=1"
        for _ in range(2):
            manager.status("connected")
        assert heard.recv(100) == b"STATUS=connected"
        with pytest.raises(BlockingIOError):
            heard.recv(100)


def test_what_is_said_once_waits_for_a_manager_that_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "WAIT_SECONDS", 60.0)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        manager = ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        for _ in range(1_000):  # more than it takes without being read
            manager.alive()
        reader = threading.Thread(target=lambda: [heard.recv(100) for _ in range(5)])
        reader.start()
        manager.ready()
        reader.join(60)
        heard.setblocking(False)
        said = []
        with contextlib.suppress(BlockingIOError):
            while True:
                said.append(heard.recv(100))
    assert said[-1] == b"READY=1"
