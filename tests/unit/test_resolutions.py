"""What is resolved is remembered by app, in a file that only its user can read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from celery import Celery

from celerytui.control import Resolutions
from celerytui.control import resolutions as module
from celerytui.engine import Engine
from celerytui.settings import Settings
from tests.unit.store_stream import T0, feed, task_event


class Groups:
    """What is resolved, as the groups of a store keep it."""

    def __init__(self) -> None:
        self.resolved: dict[str, float] = {}
        self.changed = 0

    def restore(self, resolved: Mapping[str, float]) -> None:
        self.resolved = {**resolved, **self.resolved}

    def put(self, key: str, at: float | None) -> None:
        self.resolved.pop(key, None)
        if at is not None:
            self.resolved[key] = at
        self.changed += 1


def restored(path: Path, app: str = "shop") -> dict[str, float]:
    groups = Groups()
    Resolutions(path, app).keep(groups)
    return groups.resolved


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "celerytui" / "resolved.jsonl"


def test_it_is_there_again_after_a_restart_of_that_app(path: Path) -> None:
    groups, kept = Groups(), Resolutions(path, "shop")
    kept.keep(groups)
    assert not path.exists()
    groups.put("1a", 10.0)
    groups.put("1b", 11.0)
    kept.keep(groups)
    groups.put("1a", None)
    kept.keep(groups)
    assert restored(path) == {"1b": 11.0}
    assert restored(path, "other") == {}
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_two_sessions_keep_what_both_resolved(path: Path) -> None:
    sessions = [(Groups(), Resolutions(path, "shop")) for _ in range(2)]
    for groups, kept in sessions:
        kept.keep(groups)
    for number, (groups, kept) in enumerate(sessions):
        groups.put(f"1{number}", float(number))
        kept.keep(groups)
    assert restored(path) == {"10": 0.0, "11": 1.0}


def test_nothing_is_written_while_nothing_changes(path: Path) -> None:
    groups, kept = Groups(), Resolutions(path, "shop")
    groups.put("1a", 10.0)
    kept.keep(groups)
    before = path.read_bytes()
    kept.keep(groups)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "line", ["", "{", "[]", '{"app": 1}', '{"app": "shop"}', "\x00", "[" * 9999]
)
def test_odd_lines_are_skipped(path: Path, line: str) -> None:
    path.parent.mkdir()
    path.write_text(line + '\n{"app": "shop", "key": "1a", "resolved": 3.0}\n')
    assert restored(path) == {"1a": 3.0}


def test_it_is_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 2_000)
    monkeypatch.setattr(module, "KEPT", 10)
    groups, kept = Groups(), Resolutions(path, "shop")
    for number in range(200):
        groups.put(f"1{number}", float(number))
        kept.keep(groups)
    assert path.stat().st_size < 4_000
    assert list(restored(path)) == [f"1{number}" for number in range(190, 200)]


def test_a_link_is_not_followed_and_it_says_so(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    other = tmp_path / "other"
    other.write_text("")
    path.symlink_to(other)
    groups, kept = Groups(), Resolutions(path, "shop")
    groups.put("1a", 10.0)
    kept.keep(groups)
    assert other.read_text() == ""
    said = str(kept.trouble)
    assert "symbolic link" in said
    assert said.endswith("; move it away")


def test_without_a_home_it_says_so() -> None:
    groups, kept = Groups(), Resolutions(None, "shop")
    groups.put("1a", 10.0)
    kept.keep(groups)
    assert kept.trouble == "no home directory for resolved failures"


def failing(now: float, app: str = "shop") -> Engine:
    """An engine that saw a task fail two seconds before `now`."""
    engine = Engine(Celery(app, set_as_current=False), Settings(), clock=lambda: now, headless=True)
    at = now - T0 - 2
    feed(
        engine.store,
        task_event("received", at - 2, name="shop.charge"),
        task_event("started", at - 1),
        task_event("failed", at, exception="Declined('x')"),
    )
    engine.housekeeping.count_failures()
    return engine


def standing(engine: Engine) -> str:
    (row,) = engine.store.failures.rows(engine.clock())
    return row.standing


def test_the_program_remembers_from_one_run_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    first = failing(T0 + 100)
    (row,) = first.store.failures.rows(T0 + 100)
    assert first.store.failures.resolve(row.key, T0 + 100)
    first.stop()
    assert os.stat(tmp_path / "celerytui" / "resolved.jsonl").st_mode & 0o777 == 0o600
    assert standing(failing(T0 + 100)) == "resolved"
    assert standing(failing(T0 + 200)) == "again"
    assert standing(failing(T0 + 200, "other")) == ""
