"""What becomes of a killed worker's tasks, in its row, its view, a task's detail, and before a task
is run again; and a broker that blocks everybody."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import count

import pytest

from celerytui.control import Scope
from celerytui.demo.sample import NOW
from celerytui.engine.redeliveries import Redeliveries
from celerytui.model import Batch, Blockage, Event
from celerytui.store import Store
from celerytui.ui.bars.banner import Banner
from celerytui.ui.dialogs.dialog import Box
from celerytui.ui.messages import RowOpened
from celerytui.ui.views.worker.facts import WorkerFacts
from celerytui.ui.views.workers.list import WorkerList
from celerytui.wire.redis import REDIS
from tests.ui.fake_engine import FreshHealth
from tests.ui.pilot import Driver, driven, rows

W1 = "celery@w1"
IDS = ("ran", "late", "waited")
DUE = {"ran": None, "late": NOW + 300, "waited": NOW + 310}


class Held:
    """What Redis holds."""

    timeout = 3600.0

    def due(self, ids: Collection[str]) -> Mapping[str, float | None]:
        return DUE

    def close(self) -> None:
        """Nothing is open."""


def event(kind: str, at: float, **fields: object) -> Event:
    return Event(type=kind, hostname=W1, timestamp=at, **fields)  # type: ignore[arg-type]  # the fields of an event


async def kill_worker(at: Driver, *, judged: bool = True) -> None:
    """W1 goes down with two started tasks and one that waited."""
    got = [event("task-received", NOW - 60, uuid=id, name=f"t.{id}") for id in IDS]
    begun = [event("task-started", NOW - 59, uuid=id) for id in IDS[:2]]
    beat = event("worker-heartbeat", NOW - 60, freq=2.0, active=2)
    store: Store = at.engine.store
    store.apply(Batch([beat, *got, *begun], NOW - 40))
    store.sweep(NOW)
    if judged:
        found = Redeliveries(store, REDIS, Held(), store.lost.acks_late)
        found.look(NOW, 0.0)
        at.engine.broker.redeliveries = found
    await at.news()


async def test_the_row_of_a_lost_worker_says_what_comes_again_and_when() -> None:
    async with driven(size=(200, 50)) as at:
        await kill_worker(at)
        await at.press("3")
        [row] = [line for line in rows(at.app.main.body.query_one(WorkerList)) if "w1" in line]
        assert "lost 40s ago, 2 of 3 tasks again 10:09" in row


async def test_its_view_says_the_same_in_full() -> None:
    async with driven(size=(140, 40)) as at:
        await kill_worker(at)
        await at.press("3", "j")
        at.app.main.post_message(RowOpened(Scope.WORKER, W1))
        await at.pilot.pause()
        lines = rows(at.app.main.body.query_one(WorkerFacts))
        words = " ".join(" ".join(lines).replace("│", " ").split())
        words = words.replace(" ┃ ", " ").replace(" ┃", "")
        assert "2 started, 1 not started: the broker will redeliver" in words
        assert "redeliver 2 from 10:09:12 to 10:09:22; 1 not: acknowledged when started" in words


@pytest.mark.parametrize(
    ("id", "text"),
    [
        ("ran", "will not be redelivered (acknowledged when it started)"),
        ("late", "will be redelivered at 10:09:12 (visibility timeout 1h00m unless"),
    ],
)
async def test_the_detail_of_a_lost_task_says_whether_it_comes_again(id: str, text: str) -> None:
    async with driven(size=(140, 40)) as at:
        await kill_worker(at)
        at.app.main.post_message(RowOpened(Scope.TASK, id))
        await at.pilot.pause()
        lines = [line for line in rows(at.app.main.detail) if "again" in line]
        assert any(text in line for line in lines)


def _form(at: Driver) -> str:
    return " ".join(" ".join(rows(at.app.screen.query_one(Box))).replace("│", " ").split())


async def test_run_again_warns_before_a_lost_task_would_run_twice() -> None:
    async with driven(size=(140, 40)) as at:
        await kill_worker(at)
        run_again = next(one for one in at.app.actions.offers.all() if one.sends_again)
        for id, text in (
            ("late", "the broker will deliver it again at 10:09:12: it would run twice"),
            ("ran", ""),
        ):
            at.app.actions.act(run_again, [id])
            await at.pilot.pause()
            shown = _form(at)
            assert "arguments from" in shown
            assert (text in shown) if text else ("twice" not in shown)
            await at.press("escape")
        at.app.actions.act(run_again, list(IDS))
        await at.pilot.pause()
        text = (
            "the broker will deliver 2 of these again, the first at 10:09:12: they would run twice"
        )
        assert text in _form(at)


async def test_run_again_warns_where_it_is_not_known_and_where_the_task_still_runs() -> None:
    async with driven(size=(140, 40)) as at:
        await kill_worker(at, judged=False)
        run_again = next(one for one in at.app.actions.offers.all() if one.sends_again)
        at.app.actions.act(run_again, ["late"])
        await at.pilot.pause()
        assert "unknown whether the broker will deliver it again: may run twice" in _form(at)
        await at.press("escape")
        running = next(one for one in at.engine.store.all_tasks() if one.state.label == "started")
        at.app.actions.act(run_again, [running.id])
        await at.pilot.pause()
        assert "it has not finished (started): it would run twice" in _form(at)


async def test_a_broker_that_blocks_is_told_in_the_banner_until_it_is_over() -> None:
    seconds = count(0.0, 60.0)
    async with driven() as at:
        health = FreshHealth(at.engine.store, monotonic=lambda: next(seconds))
        health.engine, at.engine.health = at.engine, health
        banner = at.app.main.query_one(Banner)
        assert not banner.display
        at.engine.broker.blockage = Blockage(
            "RabbitMQ blocks publishers: memory alarm", silences=True
        )
        await at.news()
        assert (
            "RabbitMQ blocks publishers: memory alarm; their events are delayed" in rows(banner)[0]
        )
        at.engine.broker.blockage = None
        await at.news()
        assert not banner.display
