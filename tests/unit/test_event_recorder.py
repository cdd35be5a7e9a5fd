"""What an engine records into an event log, and when."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from celery import Celery

from celerytui.demo.sample import NOW
from celerytui.engine import Engine
from celerytui.history.eventlog.reader import EventLog
from celerytui.model import Link, LinkState, Outcome
from celerytui.settings import DEFAULTS
from tests.ui.schedule_sample import sample_reading


def test_what_is_judged_by_is_told_before_it_is_judged(tmp_path: Path) -> None:
    """So that alerts of the schedule are raised at the same moment when it is told again."""
    path = tmp_path / "x.jsonl.zst"
    app = Celery("shop", broker="memory://", set_as_current=False)
    engine = Engine(app, DEFAULTS, headless=True, clock=lambda: NOW)
    engine.log.path = tmp_path / "actions.jsonl"
    recorder = engine.record_events(path)
    recorder.open()
    engine.reception.take_link(Link(LinkState.CONNECTED, NOW))
    engine.surveys.error = "nobody can be asked"
    engine.schedule.reading = sample_reading()
    engine.store.sweep(NOW)
    engine.evaluate()
    engine.log.record(Outcome("task.revoke", ("1",), (), NOW, NOW))
    recorder.finish()
    recorder.run()
    with closing(EventLog(path)) as log:
        told = [one.what for one in log.entries(log.begins)]
    after = told[told.index("link", told.index("counted")) :]
    assert {"unasked", "schedule"} < {*after[: after.index("sweep")]}
    assert {"alert", "action"} <= {*after[after.index("sweep") :]}
