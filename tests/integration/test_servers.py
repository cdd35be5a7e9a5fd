"""The fixtures themselves: a real worker of the sample project runs a task on each broker."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.servers import REPO, Process


def test_a_real_worker_runs_the_sample_project(
    app: Any, start_worker: Callable[..., Process]
) -> None:
    start_worker("w1@test", pool="prefork", concurrency=1)

    assert app.send_task("proj.add", (2, 3)).get(timeout=100) == 5


def test_another_test_sees_nothing_of_it(app: Any) -> None:
    assert app.control.ping(timeout=1.0) == []


@pytest.mark.parametrize(("ci", "told"), [("true", "2 errors"), ("", "2 skipped")])
def test_what_is_missing_is_skipped_but_in_ci(tmp_path: Path, ci: str, told: str) -> None:
    name = f"{Path(__file__).relative_to(REPO)}::{test_another_test_sees_nothing_of_it.__name__}"
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", name],
        cwd=REPO,
        env=os.environ | {"PATH": str(tmp_path), "CI": ci},
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert told in ran.stdout.splitlines()[-1]
    assert bool(ran.returncode) is bool(ci)
