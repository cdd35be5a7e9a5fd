"""What CONTRIBUTING says of adding things is so: each is added to a copy, as it says, and works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import celerytui
from tests.unit.additions import ADDITIONS, Change

pytestmark = pytest.mark.slow

PACKAGE = Path(celerytui.__file__).parent
ROOT = Path(__file__).parents[2]
HALF_WRITTEN = shutil.ignore_patterns("*.pyc.*")
"""Bytecode that another process is writing."""
TABLE = re.compile(r"^\| (an? [a-z ]+) \| (.+) \|$", re.MULTILINE)


RUN = """
import asyncio
import sys

import celerytui
from tests.ui.fake_engine import fake_app
from tests.ui.pilot import driven

assert celerytui.__file__.startswith({copy!r}), celerytui.__file__
{shows}

async def main():
    async with driven() as at:
        await show(at)

asyncio.run(main())
"""


def _apply(copy: Path, change: Change) -> None:
    path = copy / "celerytui" / change.path
    if not path.exists():
        assert not change.anchor, f"there is no {change.path}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(change.text, encoding="utf-8")
        return
    text = path.read_text(encoding="utf-8")
    at = text.rindex(change.anchor) if change.anchor else len(text)
    path.write_text(text[:at] + change.text + text[at:], encoding="utf-8")


@pytest.mark.parametrize("name", ADDITIONS)
def test_it_is_added_as_contributing_says(name: str, tmp_path: Path) -> None:
    addition = ADDITIONS[name]
    # With the bytecode, which is still that of all files but the changed ones.
    shutil.copytree(PACKAGE, tmp_path / "celerytui", ignore=HALF_WRITTEN)
    shutil.copytree(
        ROOT / "tests" / "ui",
        tmp_path / "tests" / "ui",
        ignore=shutil.ignore_patterns("__snapshots__", "test_*", "*.pyc.*"),
    )
    (tmp_path / "tests" / "__init__.py").touch()
    shutil.copy(ROOT / "tests" / "waiting.py", tmp_path / "tests")
    for change in addition.changes:
        _apply(tmp_path, change)
    ran = subprocess.run(
        [sys.executable, "-c", RUN.format(copy=str(tmp_path), shows=addition.shows)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr


def test_contributing_names_the_files_that_each_takes() -> None:
    rows = dict(TABLE.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")))
    assert set(rows) == set(ADDITIONS)
    for name, addition in ADDITIONS.items():
        named = re.findall(r"`celerytui/([\w./]+)`", rows[name])
        paths = {change.path for change in addition.changes}
        assert len(paths) <= 2
        for path in paths:
            rooms = [one for one in named if one.endswith("/") and path.startswith(one)]
            assert path in named or rooms, (name, path)
