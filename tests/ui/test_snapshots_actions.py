"""The dialogs of every kind of action, the view of one worker, the log, progress and production."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from celerytui.control import Scope
from celerytui.demo.sample import NOW
from celerytui.demo.traffic import GPU
from celerytui.engine import Job
from celerytui.model import Finding, Item, Outcome, Refusal, Reply, ResultMeta, StoredGroup
from celerytui.ui.app import MonitorApp
from celerytui.ui.messages import RowOpened
from tests.ui.fake_engine import FakeEngine, fake_app

pytestmark = pytest.mark.slow

Compare = Callable[..., bool]
Before = Callable[[Pilot[int]], Awaitable[None]]

SMALL, MIDDLE, LARGE = (80, 24), (140, 40), (200, 60)
WORKERS = ("celery@bill1", "celery@web1", "celery@web2", "celery@media1")


def _name(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _engine(app: MonitorApp) -> FakeEngine:
    assert isinstance(app.engine, FakeEngine)
    return app.engine


DIALOGS: dict[str, tuple[str, ...]] = {
    "run_again": ("2", "j", "R"),
    "revoke_all": ("2", "j", "asterisk", "C"),
    "run_again_marked": ("2", "j", "space", "space", "R"),
    "rate_limit": ("2", "j", "L"),
    "time_limits": ("2", "j", "T"),
    "pool_menu": ("3", "j", "P"),
    "pool_grow": ("3", "j", "P", "1"),
    "pool_restart": ("3", "j", "P", "4"),
    "add_consumer": ("3", "j", "Q", "1", "m"),
    "shut_down_marked": ("3", "j", "space", "space", "D"),
    "purge": ("4", "j", "j", "j", "X", "h", "i"),
    "purge_wrong_name": ("4", "j", "j", "j", "X", "n", "o", "enter"),
    "palette": ("2", "j", ":"),
    "palette_search": ("2", "j", ":", *"consumer"),
    "menu_of_a_worker": ("3", "j", "a"),
}


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=_name)
@pytest.mark.parametrize("dialog", DIALOGS)
def test_dialog(snap_compare: Compare, dialog: str, size: tuple[int, int]) -> None:
    assert snap_compare(fake_app(), press=DIALOGS[dialog], terminal_size=size)


def _does(action_id: str, *keys: str) -> Before:
    async def before(pilot: Pilot[int]) -> None:
        app = pilot.app
        assert isinstance(app, MonitorApp)
        await pilot.pause()
        app.actions.do(action_id)
        await pilot.pause()
        await pilot.press(*keys)

    return before


FORMS: dict[str, Before] = {
    "send": _does("task.send", *"billing.i"),
    "send_mistakes": _does("task.send", *"a.b", "ctrl+o", "up", "up", "x", "enter"),
    "autoscale": _does("worker.autoscale", "enter", "4"),
    "which_worker": _does("worker.shutdown"),
}


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=_name)
@pytest.mark.parametrize("form", FORMS)
def test_form(snap_compare: Compare, form: str, size: tuple[int, int]) -> None:
    assert snap_compare(fake_app(), run_before=FORMS[form], terminal_size=size)


@pytest.mark.parametrize("theme", ["light", "ansi", "mono"])
def test_form_in_every_palette(snap_compare: Compare, theme: str) -> None:
    before = FORMS["send_mistakes"]
    assert snap_compare(fake_app(theme=theme), run_before=before, terminal_size=SMALL)


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=_name)
def test_run_again_refused(snap_compare: Compare, size: tuple[int, int]) -> None:
    app = fake_app()
    _engine(app).arguments = Refusal(
        "the arguments in its events are cut short, and the result backend does not keep them "
        "(result_extended is off)",
        "billing.charge",
        "(42, 'tok_visa_4242', {'items': [1, 2, ...",
        "{'user': 7}",
        "high",
    )
    assert snap_compare(app, press=["2", "j", "R"], terminal_size=size)


# The view of one worker


@pytest.mark.parametrize("size", [SMALL, MIDDLE, LARGE], ids=_name)
def test_worker(snap_compare: Compare, size: tuple[int, int]) -> None:
    app = fake_app()
    _log(app)
    assert snap_compare(app, press=["3", "j", "enter", "j"], terminal_size=size)


def test_worker_that_is_lost(snap_compare: Compare) -> None:
    app = fake_app()

    async def before(pilot: Pilot[int]) -> None:
        app.main.post_message(RowOpened(Scope.WORKER, GPU))
        await pilot.pause()

    assert snap_compare(app, run_before=before, terminal_size=MIDDLE)


@pytest.mark.parametrize("theme", ["light", "mono"])
def test_worker_in_every_palette(snap_compare: Compare, theme: str) -> None:
    app = fake_app(theme=theme)
    assert snap_compare(app, press=["3", "j", "enter", "j"], terminal_size=MIDDLE)


def test_worker_in_ascii(snap_compare: Compare) -> None:
    assert snap_compare(fake_app(ascii=True), press=["3", "j", "enter"], terminal_size=MIDDLE)


@pytest.mark.parametrize("presses", [1, 2, 7, 8], ids=["queues", "totals", "process", "conf"])
def test_worker_section(snap_compare: Compare, presses: int) -> None:
    keys = ["3", "j", "enter", "tab", "tab", *["right_square_bracket"] * presses, "z"]
    assert snap_compare(fake_app(), press=keys, terminal_size=SMALL)


# The log and what came of actions


def _log(app: MonitorApp) -> None:
    log = _engine(app).log
    answered = tuple(Reply(name, True, "10,000 tasks flagged as revoked") for name in WORKERS)
    silent = Reply("celery@bill1", None, "no reply within 1 s")
    set_ = Reply("celery@web1", True, "new rate limit set successfully")
    grown = (Reply("celery@bill1", True, "pool will grow"),)
    sent = (
        Item("5f0c8d1e-3b7a-4c02-9e65-d41f07bb291a", True, "sent", "0c4e88b2-7f31-4a90-a2d6"),
        Item("77abf031-5d2c-4b88-9e40-a6c1f27d302e", False, "its arguments were cut short"),
    )
    on = (Reply("celery@bill1", True, "task events enabled"),)
    for outcome in (
        Outcome("worker.enable_events", ("celery@bill1",), on, NOW - 183, NOW - 182.9),
        Outcome("type.rate_limit", ("billing.refund",), (silent, set_), NOW - 70, NOW - 69,
                params={"rate": "10/m"}),
        Outcome("worker.pool_grow", ("celery@bill1",), grown, NOW - 52, NOW - 51.9,
                params={"n": "4"}),
        Outcome("task.revoke", tuple(map(str, range(10_000))), answered, NOW - 40, NOW - 36),
        Outcome("queue.purge", ("dead",), (), NOW - 20, NOW - 20,
                items=(Item("dead", True, "88 messages thrown away"),)),
        Outcome("task.run_again", tuple(one.target for one in sent), (), NOW - 9, NOW - 8.6,
                items=sent),
    ):  # fmt: skip
        log.record(outcome)
    text = "celery@bill1: the pool has 16 processes still"
    log.find(Finding("worker.pool_grow", NOW - 52, NOW - 43, False, text))


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=_name)
@pytest.mark.parametrize("keys", [("9", "j"), ("9", "j", "enter"), ("9", *"jjjj", "enter")],
                         ids=["list", "items", "finding"])  # fmt: skip
def test_log(snap_compare: Compare, keys: tuple[str, ...], size: tuple[int, int]) -> None:
    app = fake_app()
    _log(app)
    assert snap_compare(app, press=keys, terminal_size=size)


def test_log_of_nothing(snap_compare: Compare) -> None:
    assert snap_compare(fake_app(), press=["9"], terminal_size=SMALL)


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=_name)
def test_progress(snap_compare: Compare, size: tuple[int, int]) -> None:
    app = fake_app()
    running = Job("task.revoke", ("x",) * 10_000, {}, NOW - 3)
    running.done, running.total, running.note = 3_000, 10_000, "revoking"
    _engine(app).executor.running.append(running)
    assert snap_compare(app, press=["2"], terminal_size=size)


RESULTS = {
    "success": ResultMeta(
        "x", NOW, "SUCCESS", repr({"charged": True, "amount": 12.5, "items": list(range(90))}),
        date_done="2026-11-23T10:04:10.100000+00:00", worker="celery@bill1", retries=0,
        queue="high",
    ),
    "differs": ResultMeta(
        "x", NOW, "FAILURE", "CardDeclined('insufficient_funds')",
        'Traceback (most recent call last):\n  File "shop/billing/tasks.py", line 88, in charge\n'
        "    gateway.charge(card)\nCardDeclined: insufficient_funds\n",
    ),
    "flawed": ResultMeta(
        "x", NOW, "SUCCESS", name="billing.charge", kwargs="{'card': '**'}",
        flaw="result: not valid msgpack: DecodeError",
        group=StoredGroup("g1", (), flaw="permission denied for table"),
    ),
    "unread": ResultMeta("x", NOW, error="the rpc backend hands results to their caller only"),
}  # fmt: skip


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=_name)
@pytest.mark.parametrize("result", RESULTS)
def test_result(snap_compare: Compare, result: str, size: tuple[int, int]) -> None:
    app = fake_app()
    _engine(app).result = RESULTS[result]
    assert snap_compare(app, press=["2", "j", "r"], terminal_size=size)


@pytest.mark.parametrize("theme", ["dark", "light", "ansi", "mono"])
def test_production(snap_compare: Compare, theme: str) -> None:
    options: dict[str, Any] = {"production": True, "theme": theme}
    assert snap_compare(fake_app(**options), terminal_size=SMALL)
