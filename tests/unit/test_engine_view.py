"""The view thread of the engine: who asks for another order gets it at once."""

from __future__ import annotations

from celery import Celery

from celerytui.engine import Engine
from celerytui.settings import Settings
from tests.integration.servers import wait_until


def test_another_order_does_not_wait_for_the_next_update_of_the_screen() -> None:
    app = Celery("tester", broker="memory://", set_as_current=False)
    engine = Engine(app, Settings(refresh=600.0))
    engine.start()
    try:
        for sort in ("name", "state", "worker"):
            engine.show(sort=sort)
            wait_until(lambda: not engine.view.stale, 20, f"the order by {sort}")
    finally:
        engine.stop()


def test_the_first_rows_are_told_before_the_rest() -> None:
    engine = Engine(Celery("tester", broker="memory://", set_as_current=False), Settings())
    engine.view._tell()
    assert engine.mailbox.wait_blocking(0)
