"""The pictures of a replay: where it is, what was recorded, and how it goes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from celerytui.demo.sample import NOW
from celerytui.engine.replayer import ReplayState
from tests.ui.replayed import BEGINS, ENDS, replay_app

pytestmark = pytest.mark.slow

Compare = Callable[..., bool]

SIZES = [(80, 24), (100, 30), (140, 40)]


def _name(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


@pytest.mark.parametrize("size", SIZES, ids=_name)
@pytest.mark.parametrize("view", ["1", "2"], ids=["dashboard", "tasks"])
def test_replay(snap_compare: Compare, view: str, size: tuple[int, int]) -> None:
    assert snap_compare(replay_app(), press=[view], terminal_size=size)


STATES = {
    "seeking": ReplayState(NOW, speed=100, seeking=NOW + 1200, done=0.43),
    "begin": ReplayState(BEGINS, playing=True),
    "end": ReplayState(ENDS, ended=True, skipping=True),
    "error": ReplayState(NOW, error="2026-11-25.1.db: database disk image is malformed"),
}


@pytest.mark.parametrize("size", [(80, 24), (140, 40)], ids=_name)
@pytest.mark.parametrize("state", STATES)
def test_state(snap_compare: Compare, state: str, size: tuple[int, int]) -> None:
    assert snap_compare(replay_app(STATES[state]), press=["2"], terminal_size=size)


@pytest.mark.parametrize("theme", ["light", "ansi", "mono"])
def test_palette(snap_compare: Compare, theme: str) -> None:
    assert snap_compare(replay_app(theme=theme), press=["2"], terminal_size=(100, 30))


def test_ascii(snap_compare: Compare) -> None:
    assert snap_compare(replay_app(ascii=True), press=["2"], terminal_size=(100, 30))


def test_before_the_recording_was_read(snap_compare: Compare) -> None:
    assert snap_compare(replay_app(read=False), press=["2"], terminal_size=(100, 30))


@pytest.mark.parametrize("size", [(80, 24), (140, 40)], ids=_name)
def test_help(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(replay_app(), press=["2", "question_mark"], terminal_size=size)


@pytest.mark.parametrize("keys", [[], [*"25:00", "enter"]], ids=["empty", "mistake"])
@pytest.mark.parametrize("size", [(80, 24), (140, 40)], ids=_name)
def test_go_to(snap_compare: Compare, keys: list[str], size: tuple[int, int]) -> None:
    typed = ["colon" if key == ":" else key for key in keys]
    assert snap_compare(replay_app(), press=["2", "g", *typed], terminal_size=size)
