"""`celerytui replay`: what it opens, and what it refuses."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import pytest

from celerytui import cli
from celerytui.cli import monitor
from celerytui.history.flush import Flush
from celerytui.link import Opening
from celerytui.model import Recording
from celerytui.settings import Settings
from tests.unit.event_log import Told, write
from tests.unit.history_tasks import T0, ended, writer
from tests.unit.store_stream import beat


class Screen:
    """Stands in for the screen: notes what it was opened with."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, str, float | None, int]] = []

    def run_replay(
        self,
        recording: Recording,
        settings: Settings,
        opening: Opening,
        *,
        at: float | None,
        speed: int,
    ) -> int:
        assert list(recording.entries(recording.begins))
        self.opened.append((recording.kind, recording.app, at, speed))
        return 0


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Screen:
    found = Screen()
    module = types.ModuleType("celerytui.ui.app")
    module.__dict__["run_replay"] = found.run_replay
    monkeypatch.setitem(sys.modules, "celerytui.ui.app", module)
    monkeypatch.setattr(monitor, "need_terminal", lambda: None)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return found


def run(*args: Any) -> int:
    with pytest.raises(SystemExit) as exit_status:
        cli.program().main([str(one) for one in args], prog_name="celerytui")
    assert isinstance(exit_status.value.code, int)
    return exit_status.value.code


def history(folder: Path) -> Path:
    """Two minutes from T0 on, 2023-11-14 22:13:20 UTC."""
    folder.mkdir(parents=True)
    made = writer(folder)
    made.write(Flush([ended(1, T0 + 60)]), T0 + 60)
    made.close(T0 + 120)
    return folder


def event_log(path: Path) -> Path:
    """A minute of an app that only has heartbeats."""
    told = Told()
    told.hear(*(beat(second) for second in range(60)))
    write(path, told.entries)
    return path


def test_a_history_is_found_by_its_url_its_folder_or_alone(screen: Screen, tmp_path: Path) -> None:
    folder = history(tmp_path / "state" / "celerytui" / "history" / "shop-1")
    assert run("replay") == 0
    assert run("replay", folder) == 0
    assert run("--utc", "replay", f"sqlite:///{folder}", "--at", "22:14", "--speed", "50") == 0
    assert run("replay", "--at", "+1m") == 0
    assert run("--offline", "replay") == 0
    assert screen.opened == [
        ("sqlite", "shop", None, 1),
        ("sqlite", "shop", None, 1),
        ("sqlite", "shop", T0 + 40, 50),
        ("sqlite", "shop", T0 + 60, 1),
        ("sqlite", "shop", None, 1),
    ]


def test_an_event_log_is_a_file(screen: Screen, tmp_path: Path) -> None:
    path = event_log(tmp_path / "incident.jsonl.zst")
    assert run("replay", path, "--speed", "1000") == 0
    (opened,) = screen.opened
    assert (opened[0], opened[-1]) == ("event log", 1000)


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        (["nowhere.jsonl.zst"], 1, "no such file"),
        (["text"], 1, "is no event log"),
        (["cut"], 1, "is no event log"),
        (["empty"], 1, "nothing was recorded in"),
        (["sqlite:///nowhere"], 1, "nothing was recorded there"),
        (["sqlite://"], 2, "is not the URL of a history"),
        (["redis://:pw9@h/0"], 2, "redis:// is not the URL of a history"),
        (["h", "--at", "noon"], 2, "--at 'noon': “noon” is not a time; 14:03, 14:03:12"),
        (["h", "--at", "10:00"], 2, "outside the recording: 2023-11-14 22:13:20 to 2023-11-14"),
        (["h", "--speed", "3"], 2, "--speed 3: 1, 2, 5, 10, 20, 50, 100, 200, 500 or 1000"),
        (["h", "--speed", "fast"], 2, "'fast' is not a valid integer"),
        ([], 1, "nothing was recorded yet"),
    ],
)
def test_what_cannot_be_replayed_is_said(
    screen: Screen,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    args: list[str],
    status: int,
    said: str,
) -> None:
    history(tmp_path / "h")
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").write_text("no recording\n" * 100)
    (tmp_path / "cut").write_bytes(event_log(tmp_path / "whole.jsonl.zst").read_bytes()[:20])
    assert run("--utc", "replay", *args) == status
    err = capfd.readouterr().err
    assert said in err
    assert "pw9" not in err
    assert "Traceback" not in err
    assert screen.opened == []


def test_a_log_that_was_cut_off_is_replayed_as_far_as_it_goes(
    screen: Screen, tmp_path: Path
) -> None:
    whole = event_log(tmp_path / "whole.jsonl.zst").read_bytes()
    (tmp_path / "cut").write_bytes(whole[:-40])
    assert run("replay", tmp_path / "cut") == 0
    assert screen.opened
