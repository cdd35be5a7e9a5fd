"""`--offline`, and `-b` with the URL of a history: the monitor without a cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from celerytui.lazy_app import LazyApp
from tests.unit.history_tasks import T0, ended, record
from tests.unit.test_cli import Monitor, _nothing_stays, monitor, project, run, write

__all__ = ["_nothing_stays", "monitor", "project"]


@pytest.fixture
def history(tmp_path: Path) -> str:
    """The URL of a history with one task, of the app `shop`."""
    record(tmp_path / "h", [[ended(1, T0)]])
    return f"sqlite:///{tmp_path}/h"


@pytest.mark.parametrize("short", [False, True])
def test_a_history_needs_neither_a_project_nor_a_broker(
    monitor: Monitor, history: str, short: bool
) -> None:
    given = ("-b", history) if short else ("--history", history, "--offline")
    assert run(*given, "--filter", "state:success") == 0
    ((app, settings),) = monitor.started
    assert (settings.offline, settings.history) == (True, history)
    assert isinstance(app, LazyApp)
    assert (app.main, app.broker) == ("shop", "redis://h")
    (opening,) = monitor.openings
    link = "-b" if short else "--history"
    assert opening.link(task="x").startswith(f"celerytui {link} {history}")
    assert ("--offline" in opening.command) is not short


def test_the_app_says_which_history_and_its_code_is_imported(
    project: Path, monitor: Monitor
) -> None:
    made = "Celery('mine', broker='redis://b', set_as_current=False)"
    write(project, "mine", f"from celery import Celery\napp = {made}\n")
    assert run("-A", "mine", "--offline") == 0
    ((app, settings),) = monitor.started
    assert (app.main, settings.history, settings.offline) == ("mine", "default", True)


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        (("--offline", "snapshot"), 2, "--offline: snapshot needs the cluster"),
        (("--offline",), 1, "nothing was recorded yet"),
        (("--history", "sqlite:////nowhere/h", "--offline"), 1, "nothing was recorded there"),
        (("--offline", "tasks", "--history", "sqlite:////nowhere/h"), 1, "nothing was recorded"),
    ],
)
def test_what_cannot_be_shown_is_said_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    monitor: Monitor,
    capsys: pytest.CaptureFixture[str],
    args: tuple[str, ...],
    status: int,
    said: str,
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert run(*args) == status
    assert monitor.started == []
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1
