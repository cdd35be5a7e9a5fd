"""`celerytui record --events` on a real cluster: what was recorded is replayed as it was."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import zstandard

from celerytui.engine import Engine
from celerytui.engine.pages_to_record import SECTIONS as PAGES
from celerytui.errors import HistoryError
from celerytui.history.eventlog.reader import EventLog
from celerytui.model import Entry, LinkState, TaskState
from celerytui.settings import DEFAULTS
from tests.integration.servers import Process, wait_until
from tests.integration.test_record import SECONDS, Commands, commands
from tests.waiting import GENEROUS

__all__ = ["commands"]


@pytest.fixture
def logged(commands: Commands, tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts a recorder of an event log alone."""

    def start(path: Path, *args: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            commands._args("-b", commands.url, "record", "--events", str(path), *args),
            env=commands.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        commands.running.append(process)
        return process

    return start


def told(path: Path) -> list[Entry]:
    """What is in a log, as far as it is written."""
    try:
        with closing(EventLog(path)) as log:
            return list(log.entries(log.begins))
    except HistoryError:
        # Its first frame is still to come.
        return []


def is_connected(path: Path) -> bool:
    """Whether the recorder hears the workers."""
    return any(
        one.what == "link" and one.args[0].state is LinkState.CONNECTED for one in told(path)
    )


def is_answered(path: Path) -> bool:
    """Whether a worker has said what it is."""
    return any(one.what == "seed" and one.args[0].stats for one in told(path))


def pages(path: Path) -> set[str]:
    """The sections that workers were asked for one by one."""
    return {one.args[0].name for one in told(path) if one.what == "inspected"}


def ended(path: Path) -> int:
    """How many tasks have ended in a log."""
    kinds = ("task-succeeded", "task-failed")
    batches = [one.args[0] for one in told(path) if one.what == "apply"]
    return sum(event.type in kinds for batch in batches for event in batch.events)


@pytest.mark.parametrize("anonymise", [(), ("--anonymise",)], ids=["as it is", "anonymised"])
def test_what_a_cluster_did_is_replayed(
    anonymise: tuple[str, ...],
    commands: Commands,
    logged: Callable[..., subprocess.Popen[str]],
    make_app: Callable[..., Any],
    start_worker_on: Callable[..., Process],
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.jsonl.zst"
    recorder = logged(path, *anonymise)
    start_worker_on(commands.url)
    app = make_app(commands.url)
    wait_until(lambda: is_connected(path), SECONDS, "the recorder to listen")
    good = [app.send_task("proj.add", (number, 1)).id for number in range(5)]
    bad = app.send_task("proj.fail", kwargs={"account": "x"}).id
    wait_until(lambda: recorder.poll() is None and ended(path) == 6, SECONDS, "six tasks")
    wait_until(lambda: is_answered(path), SECONDS, "what the worker answers")
    wait_until(lambda: {*PAGES} <= pages(path), SECONDS, "the pages of the worker")
    recorder.send_signal(signal.SIGTERM)
    out, said = recorder.communicate(timeout=SECONDS * GENEROUS)
    assert (recorder.returncode, out) == (0, ""), said
    assert "0 dropped" in said
    assert not (tmp_path / "state" / "celerytui" / "history").exists()
    with closing(EventLog(path)) as log:
        engine = Engine(make_app("redis://127.0.0.1:1/0"), DEFAULTS, recording=log)
        engine.start()
        replayer = engine.replayer
        assert replayer is not None
        replayer.seek(log.ends)
        wait_until(lambda: replayer.state.ended, SECONDS, "the end of the recording")
        assert engine.stop(10.0)
        tasks = engine.store.all_tasks()
        states = sorted(task.state for task in tasks)
        assert states == [TaskState.SUCCESS] * 5 + [TaskState.FAILURE]
        (worker,) = engine.store.workers()
        assert worker.pool == "threads"
        assert worker.queues is not None
        known = {task.id for task in tasks}
        for section in ("stats", "active", "active_queues", *PAGES):
            reported = engine.store.inspections.get(worker.hostname, section)
            assert reported is not None
            assert reported.error is None
        assert engine.schedule.reading.at is not None
    if anonymise:
        with path.open("rb") as file:
            reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
            text = reader.read().decode()
        names = [*good, bad, "proj", socket.gethostname(), commands.url]
        assert [name for name in names if name in text] == []
    else:
        assert known == {*good, bad}


def test_a_file_that_cannot_be_made_is_told_at_once(
    logged: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    recorder = logged(tmp_path / "nowhere" / "x.jsonl.zst")
    _, said = recorder.communicate(timeout=SECONDS * GENEROUS)
    assert recorder.returncode == 1
    assert "event log in" in said
    alone = logged(tmp_path / "x.jsonl.zst", "--for", "1s", "--anonymise")
    _, said = alone.communicate(timeout=SECONDS * GENEROUS)
    assert alone.returncode == 0, said
