"""What a recorder without a screen logs of how it goes."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from celerytui.engine.recording import RecordingState
from celerytui.headless.record import _Watch
from celerytui.headless.service import ServiceManager
from celerytui.model import Link
from celerytui.store import Store


def test_what_is_dropped_after_standing_by_is_said_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = SimpleNamespace(
        state=RecordingState(str(tmp_path)),
        opened=SimpleNamespace(is_set=lambda: True),
        turned_at=time.monotonic(),
    )
    engine: Any = SimpleNamespace(
        recorder=recorder,
        event_recorder=None,
        link=Link(),
        store=Store(),
        clock=time.time,
        broker_url="redis://h",
    )
    watch = _Watch(engine, ServiceManager({}))
    caplog.set_level(logging.WARNING)
    for dropped in (100, 100, 0, 30, 35):
        recorder.state = RecordingState(str(tmp_path), dropped=dropped)
        watch.look()
    assert [one.getMessage().partition(" not recorded")[0] for one in caplog.records] == [
        "100 tasks",
        "30 tasks",
        "5 tasks",
    ]
