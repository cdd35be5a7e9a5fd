"""`celerytui demo`: a private cluster that lives exactly as long as its monitor."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from celerytui.demo.keeper import GRACE, LOG

if TYPE_CHECKING:
    from celerytui.settings import Settings

# Names under which Celery takes settings from the environment; the shop has its own.
_PLAIN = ("APP", "BROKER_URL", "CONFIG_MODULE", "LOADER", "RESULT_BACKEND", "SKIP_CHECKS")
_FOREIGN = (*_PLAIN, "DJANGO_SETTINGS_MODULE")
STATE = "XDG_STATE_HOME"


def run_demo(settings: Settings, run: Callable[[Any, Settings], int]) -> int:
    """Open the monitor on a new cluster, whose workers still start; stop it when `run` returns."""
    with DemoCluster() as cluster, _own_environment(cluster.folder):
        return run(cluster.app, settings)


class DemoCluster:
    """Two workers and a producer in a temporary folder; a context manager.

    They start in the background: a worker answers about two seconds after `__enter__`.
    """

    def __init__(self) -> None:
        self.folder = Path()
        self._keeper: subprocess.Popen[bytes] | None = None

    @cached_property
    def app(self) -> Any:
        """The shop's Celery app, for this process."""
        from celerytui.demo.app import make_app

        return make_app(self.folder)

    @property
    def log(self) -> str:
        """What the workers and the producer have printed so far."""
        return (self.folder / LOG).read_text(errors="replace")

    def __enter__(self) -> DemoCluster:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self) -> None:
        from celerytui.demo.app import EXCHANGES
        from celerytui.demo.transport import lay_out

        with _undisturbed():
            self.folder = Path(tempfile.mkdtemp(prefix="celerytui-demo-"))
            lay_out(self.folder, EXCHANGES)
            self._keeper = self._start_keeper()

    def _start_keeper(self) -> subprocess.Popen[bytes]:
        from celerytui.demo.app import FOLDER

        environ = {name: value for name, value in os.environ.items() if not _foreign(name)}
        environ[FOLDER] = str(self.folder)
        environ["TMPDIR"] = str(self.folder)  # a pool that is killed leaves its folder behind
        home = str(Path(__file__).parents[2])
        environ["PYTHONPATH"] = os.pathsep.join(filter(None, (home, environ.get("PYTHONPATH"))))
        return subprocess.Popen(
            [sys.executable, "-m", "celerytui.demo.keeper", str(self.folder)],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End every process and remove the folder; takes about half a second."""
        if self._keeper is not None and self._keeper.stdin is not None:
            self._keeper.stdin.close()
            try:
                self._keeper.wait(GRACE + 2.0)
            except subprocess.TimeoutExpired:
                self._keeper.terminate()
                self._keeper.wait()
            self._keeper = None
        if self.folder.is_absolute():
            shutil.rmtree(self.folder, ignore_errors=True)


def _foreign(name: str) -> bool:
    return name.startswith("CELERY_") or name in _FOREIGN


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let signals wait: one that ends the process would leave the folder that nobody keeps yet."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _own_environment(folder: Path) -> Iterator[None]:
    """Hide the environment's Celery settings, and keep what is kept for the user in `folder`.

    CELERY_BROKER_URL would beat the shop's own; what is done to the shop is not in the user's log.
    """
    before = {name: os.environ[name] for name in os.environ if _foreign(name) or name == STATE}
    for name in before:
        del os.environ[name]
    os.environ[STATE] = str(folder / "state")
    try:
        yield
    finally:
        del os.environ[STATE]
        os.environ.update(before)
