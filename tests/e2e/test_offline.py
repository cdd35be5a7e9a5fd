"""The monitor on a history alone, in a terminal."""

from __future__ import annotations

import time
from pathlib import Path

from tests.e2e.conftest import Open
from tests.e2e.test_monitor import quit_by_key
from tests.unit.history_tasks import ended, record


def test_a_history_is_shown_without_a_cluster(open_terminal: Open, tmp_path: Path) -> None:
    now = time.time()
    record(tmp_path / "h", [[ended(number, now - number, args="(42,)") for number in range(1, 9)]])
    terminal = open_terminal("-b", f"sqlite:///{tmp_path}/h", size=(140, 36))
    terminal.wait_for(lambda lines: "shop" in lines[0] and "OFFLINE" in lines[0])
    terminal.send("2")
    terminal.wait_for("8 tasks")
    terminal.wait_for("(42,)")
    terminal.send("b")
    terminal.wait_for("known already")
    quit_by_key(terminal)
