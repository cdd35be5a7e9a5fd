"""The monitor without a cluster, which crashes or hangs on command: `... standin WHAT [LOG]`.

WHAT is done on the key `x`; see the functions. Its broker URL holds PASSWORD. With "no-compositor"
it runs on a Textual that has its frames elsewhere.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import sys
import threading
import time
from pathlib import Path
from types import ModuleType
from typing import ClassVar

from celery import Celery
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

if "no-compositor" in sys.argv:
    sys.modules["textual._compositor"] = ModuleType("textual._compositor")


from celerytui.engine import Engine
from celerytui.settings import Settings
from celerytui.ui.app import MonitorApp
from celerytui.ui.terminal.canvas import Canvas

PASSWORD = "s3cr3t-Pa55"
URL = f"amqp://user:{PASSWORD}@broker.example//"
FOR_EVER = 3600.0


class IdleEngine(Engine):
    """An engine that starts no thread."""

    def start(self) -> None:
        """Nothing to start."""

    def stop(self, deadline: float = 1.2) -> bool:
        """Nothing to stop."""
        return True


class StandIn(MonitorApp):
    """Does `what` on the key `x`."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("x", "misbehave", "x", priority=True)]

    def __init__(self, what: str) -> None:
        super().__init__(IdleEngine(Celery(broker=URL, set_as_current=False), Settings()))
        self.what = what

    def compose(self) -> ComposeResult:
        if self.what == "crash-composing":
            self.crash()
        yield Static("the stand-in stands")

    def action_misbehave(self) -> None:
        """Do what was asked for."""
        getattr(self, self.what.replace("-", "_"))()

    async def on_leaving(self) -> None:
        if self.what == "never-stop":
            await asyncio.to_thread(time.sleep, FOR_EVER)
        elif self.what == "fail-to-stop":
            self.crash()

    def crash(self) -> None:
        """A handler raises, with the password in its text and in a local."""
        url = URL
        raise ConnectionError(f"\x1b[2Jcannot reach {url}")

    def break_the_canvas(self) -> None:
        """What it draws with raises from now on."""
        setattr(Canvas, "_cells", self.crash)  # noqa: B010  mypy allows no assignment to a method
        self.no_compositor()

    def no_compositor(self) -> None:
        """Something else is drawn."""
        self.query_one(Static).update("it is drawn all the same")

    def hang(self) -> None:
        """A handler never returns, which a file says."""
        Path(f"hangs-{os.getpid()}").touch()
        time.sleep(FOR_EVER)

    def crash_in_a_thread(self) -> None:
        """A thread ends with an exception; the app goes on."""
        thread = threading.Thread(target=self.crash)
        thread.start()
        thread.join()
        self.query_one(Static).update("the thread ended")

    def write_to_the_terminal(self) -> None:
        """What C libraries and children do."""
        os.write(1, b"noise on 1")
        os.write(2, b"noise on 2")
        print("noise from print")  # noqa: T201  what it is for
        self.query_one(Static).update("noise was made")

    def never_stop(self) -> None:
        """Threads of the project that are no daemons, and an exit hook that waits."""
        threading.Thread(target=time.sleep, args=(FOR_EVER,)).start()
        atexit.register(time.sleep, FOR_EVER)
        self.query_one(Static).update("a thread never stops")

    def say_goodbye(self) -> None:
        """An exit hook of the project."""
        atexit.register(print, "goodbye")

    def fail_to_stop(self) -> None:
        self.exit()

    def crash_composing(self) -> None:
        """It never comes to this."""


if __name__ == "__main__":
    sys.exit(StandIn(sys.argv[1]).lifecycle.run(log_file=(*sys.argv, None)[2]))
