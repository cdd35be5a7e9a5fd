"""kill -9 in the middle of writing: at most the last second is lost, and counts agree."""

from __future__ import annotations

from pathlib import Path

from tests.integration.killed import Killed


def test_five_recorders_that_are_killed_lose_a_second_at_most(tmp_path: Path) -> None:
    killed = Killed(tmp_path / "history", seed=7)
    for _ in range(5):
        killed.kill_one()
    killed.check_all()
    assert killed.cut_short > 0
