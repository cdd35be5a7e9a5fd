from __future__ import annotations

import gc
import selectors
from collections.abc import Iterator

import pytest
import textual.app
import textual.pilot
import textual.screen

from tests.ui import idle
from tests.ui.garbage import AppsInARow


@pytest.fixture(autouse=True)
def loops_know_when_they_are_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Textual's pilot, which also makes the snapshots, waits for what the loop says.

    Textual draws as often as in the program, which sets its rate before it is imported.
    """
    monkeypatch.setattr(textual.screen, "UPDATE_PERIOD", idle.FRAME_SECONDS)
    monkeypatch.setattr(selectors, "DefaultSelector", idle.WatchedSelector)
    for module in (textual.app, textual.pilot):
        monkeypatch.setattr(module, "wait_for_idle", idle.wait_for_idle)


@pytest.fixture(scope="session")
def garbage() -> AppsInARow:
    """The apps of this process that nobody has collected yet."""
    return AppsInARow()


@pytest.fixture(autouse=True)
def apps_are_let_go(garbage: AppsInARow) -> Iterator[None]:
    """Many apps are collected at once: each time the collector goes through all else there is."""
    gc.disable()
    yield
    gc.enable()
    garbage.one_more()
