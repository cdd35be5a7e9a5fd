"""The program draws as often as keys need it; who only imports the package is left alone."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from celerytui.ui.terminal.frame_rate import FRAMES_PER_SECOND

TELL = "\nimport textual.constants\nprint(textual.constants.MAX_FPS)"
PROGRAM = (
    "from celerytui.ui.terminal.frame_rate import raise_frame_rate; raise_frame_rate()\n"
    "import celerytui.ui.app"
)


def frames_after(code: str, **given: str) -> int:
    """How many frames a second Textual draws in a fresh interpreter after `code`."""
    env = {name: value for name, value in os.environ.items() if name != "TEXTUAL_FPS"} | given
    ran = subprocess.run(
        [sys.executable, "-c", code + TELL], env=env, capture_output=True, text=True, check=True
    )
    return int(ran.stdout)


def test_the_program_draws_faster_than_textual_does() -> None:
    assert frames_after(PROGRAM) == FRAMES_PER_SECOND


def test_what_the_user_says_counts() -> None:
    assert frames_after(PROGRAM, TEXTUAL_FPS="30") == 30


@pytest.mark.parametrize("module", ["celerytui.ui.app", "celerytui.cli"])
def test_an_import_changes_nothing(module: str) -> None:
    assert frames_after(f"import {module}") == frames_after("import textual")


def test_the_program_says_so_before_textual_is_there() -> None:
    code = (
        "import celerytui.ui, sys\n"
        "from celerytui.cli.monitor import import_monitor\n"
        "assert 'textual' not in sys.modules\n"
        "import_monitor()"
    )
    assert frames_after(code) == FRAMES_PER_SECOND
