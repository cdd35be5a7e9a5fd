"""A hundred writers of event logs that are killed while they write."""

from __future__ import annotations

from pathlib import Path

from tests.unit.test_event_log import killed_writer

TIMES = 100


def test_a_hundred_killed_writers_leave_logs_that_can_be_read(tmp_path: Path) -> None:
    told = [killed_writer(tmp_path / f"{number}.jsonl.zst", number) for number in range(TIMES)]
    assert min(told) > 0
    print(f"{TIMES} writers killed: {sum(told):,} entries read, none missing before the last frame")
