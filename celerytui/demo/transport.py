"""Kombu's filesystem transport, made safe for several processes at once.

Kombu creates a message's file before it writes it and takes a message by way of the system's
temporary folder: another process can read half a message, and one that is killed leaves a file
behind. Here a message appears whole, by a rename, and never leaves the demo's own folder. A
folder is listed once for many messages, not once for each.
"""

from __future__ import annotations

import os
import time
import uuid
from collections import deque
from pathlib import Path
from queue import Empty
from typing import Any, ClassVar

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.transport.virtual import BrokerState
from kombu.utils.json import dumps, loads

DATA, CONTROL, PASSING, RESULTS = "data", "control", "passing", "results"
URL = "demo://"


def register() -> None:
    """Let the URL mean this transport in this process."""
    TRANSPORT_ALIASES["demo"] = f"{__name__}:Transport"


def options(folder: Path) -> dict[str, Any]:
    """Give the transport options of a broker in `folder`; polled ten times a second."""
    return {
        "data_folder_in": str(folder / DATA),
        "data_folder_out": str(folder / DATA),
        "control_folder": str(folder / CONTROL),
        "processed_folder": str(folder / PASSING),
        "polling_interval": 0.1,
    }


def lay_out(folder: Path, exchanges: tuple[str, ...]) -> None:
    """Make the folders and empty exchanges.

    Two processes that create the same exchange at once read each other's empty file and crash, so
    all exchanges are there before the first process starts.
    """
    for name in (DATA, CONTROL, PASSING, RESULTS):
        (folder / name).mkdir()
    for exchange in exchanges:
        (folder / CONTROL / f"{exchange}.exchange").write_text("[]")


class Channel(filesystem.Channel):
    """A channel whose messages appear and disappear by renames."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._listed: dict[str, deque[str]] = {}

    def _put(self, queue: Any, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]  # so have Kombu's
        name = f"{time.monotonic_ns() // 1000:018d}_{uuid.uuid4()}.{queue}.msg"
        whole = os.path.join(self.processed_folder, f"new-{name}")
        with open(whole, "wb") as file:
            file.write(dumps(payload).encode())
        os.rename(whole, os.path.join(self.data_folder_out, name))

    def _get(self, queue: Any, timeout: Any = None) -> Any:
        listed = self._listed.setdefault(queue, deque())
        while True:
            if not listed:
                suffix = f"{queue}.msg"
                names = os.listdir(self.data_folder_in)
                listed.extend(sorted(n for n in names if n.partition(".")[2] == suffix))
                if not listed:
                    raise Empty
            name = listed.popleft()
            mine = os.path.join(self.processed_folder, name)
            try:
                os.rename(os.path.join(self.data_folder_in, name), mine)
            except FileNotFoundError:
                continue  # another consumer was faster, or it expired
            with open(mine, "rb") as file:
                payload = file.read()
            os.remove(mine)
            return loads(payload.decode())


class Transport(filesystem.Transport):
    """The filesystem transport with the channel above."""

    Channel = Channel
    # Which bindings were written: kombu has one such memory for all folders, so that a process's
    # second broker would never get its own.
    _states: ClassVar[dict[str, BrokerState]] = {}

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        folder = str(client.transport_options.get("control_folder"))
        self.state = self._states.setdefault(folder, BrokerState())
