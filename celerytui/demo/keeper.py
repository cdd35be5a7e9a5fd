"""The parent of everything the demo starts, so that nothing can outlive the monitor.

It runs the workers and the customers, each in a session of its own, and holds the read end of a
pipe whose write end only the monitor has. When that end closes, because the demo is over or
because the monitor was killed, it stops them all, removes the folder and ends.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

DATA = "data"
GRACE = 0.3
LOG = "demo.log"

_CELERY = ("-m", "celery", "-A", "celerytui.demo.shop", "worker", "--loglevel", "CRITICAL")
_ALONE = ("--without-gossip", "--without-mingle")
COMMANDS: tuple[tuple[str, ...], ...] = (
    (*_CELERY, *_ALONE, "-n", "celery@bill1", "-P", "prefork", "-c", "4", "-Q", "high"),
    (
        *_CELERY,
        *_ALONE,
        "-n",
        "celery@web1",
        "-P",
        "threads",
        "-c",
        "8",
        "-Q",
        "default,mail,media",
        "-B",
    ),
    ("-m", "celerytui.demo.producer"),
)
# What a broker would do by itself: events and answers that nobody fetches are dropped.
_SHORT_LIVED = (".celeryev.", ".celery.pidbox.msg")
_LIFETIME = 10.0
_SWEEP = 2.0


def main(folder: Path) -> None:
    """Start everything in `folder`, wait for the end of standard input or SIGTERM, stop it."""
    signal.signal(signal.SIGTERM, _end)
    # It was started with all of them blocked, and its children must not be.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    children: list[subprocess.Popen[bytes]] = []
    try:
        with (folder / LOG).open("ab") as log:
            os.nice(5)  # the monitor goes first
            children.extend(_start(command, folder, log.fileno()) for command in COMMANDS)
        _watch(folder)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        stop(children)
        shutil.rmtree(folder, ignore_errors=True)


def _end(signum: int, frame: FrameType | None) -> None:
    sys.exit(0)


def _start(command: Sequence[str], folder: Path, log: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def _watch(folder: Path) -> None:
    while not select.select([0], [], [], _SWEEP)[0]:
        sweep(folder / DATA, time.time() - _LIFETIME)


def sweep(data: Path, before: float) -> int:
    """Remove the events and answers older than `before`; return how many."""
    removed = 0
    for entry in os.scandir(data):
        if any(mark in entry.name for mark in _SHORT_LIVED):
            try:
                if entry.stat().st_mtime < before:
                    os.unlink(entry.path)
                    removed += 1
            except FileNotFoundError:
                continue
    return removed


def stop(children: Sequence[subprocess.Popen[bytes]], grace: float = GRACE) -> None:
    """Ask the children to end, and after `grace` seconds end them with all of their own."""
    for child in children:
        _signal(child, signal.SIGTERM)
    deadline = time.monotonic() + grace
    for child in children:
        try:
            child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            continue
    for child in children:
        _signal(child, signal.SIGKILL)
    for child in children:
        child.wait()


def _signal(child: subprocess.Popen[bytes], signum: int) -> None:
    """Signal the child's whole process group, which its pool processes share."""
    try:
        os.killpg(child.pid, signum)
    except (ProcessLookupError, PermissionError):
        return


if __name__ == "__main__":
    main(Path(sys.argv[1]))
