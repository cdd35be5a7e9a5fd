"""The failures of the demo's real workers, in a terminal, resolved for good."""

from __future__ import annotations

import re
from pathlib import Path

from celerytui.errors import ExitCode
from tests.e2e.conftest import Open
from tests.integration.servers import wait_until


def has_failures(lines: list[str]) -> bool:
    return re.search(r"\b[1-9]\d* groups? .* [1-9]\d* failures?", "\n".join(lines)) is not None


def test_a_group_is_opened_and_resolved(open_terminal: Open, home: Path) -> None:
    scratch = home / "scratch"
    scratch.mkdir()
    terminal = open_terminal("demo", TMPDIR=str(scratch))
    terminal.wait_for("1 Dashboard")
    terminal.send("6")
    terminal.wait_for("COUNT")
    terminal.wait_for(has_failures, 90)
    terminal.send("j\r")
    terminal.wait_for("Messages")
    terminal.send("m")
    terminal.wait_for("Resolved; opens again if it recurs")
    terminal.send("\x1b")
    wait_until(lambda: any(scratch.rglob("resolved.jsonl")), 20, "the file of what is resolved")
    (kept,) = scratch.rglob("resolved.jsonl")
    assert kept.stat().st_mode & 0o777 == 0o600
    terminal.send("q")
    assert terminal.finish(5.0) == ExitCode.OK
    terminal.assert_restored()
    assert terminal.said == ""
