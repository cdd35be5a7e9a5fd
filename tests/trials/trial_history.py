"""A hundred recorders that are killed while they write."""

from __future__ import annotations

from pathlib import Path

from tests.integration.killed import Killed

TIMES = 100


def test_a_hundred_recorders_that_are_killed_lose_a_second_at_most(tmp_path: Path) -> None:
    killed = Killed(tmp_path / "history", seed=1)
    for _ in range(TIMES):
        killed.kill_one()
    killed.check_all()
    tasks = sum(len(ended) for ended, _ in killed.ended)
    print(
        f"{TIMES} recorders killed: none of {tasks:,} tasks missing or twice up to the last;"
        f" at most {killed.lost:.2f} s lost; {killed.cut_short} in the middle of pruning"
    )
