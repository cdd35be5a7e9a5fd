"""Every view at three sizes, in every palette, and every state that must be told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from celerytui.demo.sample import NOW
from celerytui.model import Batch, Event, Link, LinkState
from celerytui.store import Store
from tests.ui.fake_engine import fake_app
from tests.ui.kept_stores import sample_store

pytestmark = pytest.mark.slow

Compare = Callable[..., bool]

SMALL, MIDDLE, LARGE = (80, 24), (140, 40), (200, 60)
SIZES = [SMALL, MIDDLE, LARGE]
VIEWS: dict[str, tuple[str, ...]] = {
    "dashboard": (),
    "tasks": ("2",),
    "workers": ("3",),
    "queues": ("4",),
    "task": ("j", "j", "j", "enter"),
}


def _name(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


@pytest.mark.parametrize("size", SIZES, ids=_name)
@pytest.mark.parametrize("view", VIEWS)
def test_view(snap_compare: Compare, view: str, size: tuple[int, int]) -> None:
    assert snap_compare(fake_app(), press=VIEWS[view], terminal_size=size)


@pytest.mark.parametrize("size", [SMALL, (100, 30), MIDDLE], ids=_name)
def test_types(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(fake_app(), press=["5", "j"], terminal_size=size)


@pytest.mark.parametrize("keys", ["tab", "tab tab"], ids=["times", "places"])
def test_one_type(snap_compare: Compare, keys: str) -> None:
    assert snap_compare(fake_app(), press=["5", "j", *keys.split()], terminal_size=SMALL)


def test_types_in_ascii(snap_compare: Compare) -> None:
    assert snap_compare(fake_app(ascii=True), press=["5", "j"], terminal_size=MIDDLE)


@pytest.mark.parametrize("size", [SMALL, (100, 30), MIDDLE], ids=_name)
@pytest.mark.parametrize("keys", [("6",), ("6", "j", "j", "j", "enter")], ids=["list", "one"])
def test_failures(snap_compare: Compare, keys: tuple[str, ...], size: tuple[int, int]) -> None:
    assert snap_compare(fake_app(), press=keys, terminal_size=size)


@pytest.mark.parametrize("theme", ["light", "ansi", "mono"])
def test_palette(snap_compare: Compare, theme: str) -> None:
    assert snap_compare(fake_app(theme=theme), press=["j"], terminal_size=MIDDLE)


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=_name)
def test_ascii(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(fake_app(ascii=True), press=["j"], terminal_size=size)


DIALOGS: dict[str, tuple[str, ...]] = {
    "revoke_one": ("2", "j", "j", "C"),
    "revoke_marked": ("2", "j", "space", "space", "space", "C"),
    "revoke_yes": ("2", "j", "j", "C", "right"),
    "terminate": ("2", "j", "j", "K", "down"),
    "menu": ("2", "j", "a"),
    "sort": ("2", "s"),
    "help": ("question_mark",),
    "help_of_detail": ("j", "enter", "question_mark"),
}


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=_name)
@pytest.mark.parametrize("dialog", DIALOGS)
def test_dialog(snap_compare: Compare, dialog: str, size: tuple[int, int]) -> None:
    assert snap_compare(fake_app(), press=DIALOGS[dialog], terminal_size=size)


def _typed(text: str) -> list[str]:
    names = {":": "colon", ".": "full_stop", " ": "space", ">": "greater_than_sign"}
    return ["slash", *(names.get(char, char) for char in text)]


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=_name)
def test_filter_kept(snap_compare: Compare, size: tuple[int, int]) -> None:
    keys = ["2", *_typed("name:billing state:failure"), "enter", "j"]
    assert snap_compare(fake_app(), press=keys, terminal_size=size)


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=_name)
def test_filter_mistake(snap_compare: Compare, size: tuple[int, int]) -> None:
    keys = ["2", *_typed("name:billing runtime:>2.5x")]
    assert snap_compare(fake_app(), press=keys, terminal_size=size)


def test_filter_matches_nothing(snap_compare: Compare) -> None:
    keys = ["2", *_typed("name:nosuch"), "enter"]
    assert snap_compare(fake_app(), press=keys, terminal_size=MIDDLE)


LINKS = {
    "connecting": Link(LinkState.CONNECTING, since=NOW),
    "no_broker": Link(
        LinkState.CONNECTING,
        since=NOW - 8,
        error="Error 111 connecting to 10.0.0.7:6379. Connection refused.",
        attempt=3,
        next_try=NOW + 3,
    ),
    "no_events": Link(
        LinkState.NO_EVENTS, since=NOW, error="the SQS transport carries no broadcast messages."
    ),
}


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=_name)
@pytest.mark.parametrize("link", LINKS)
def test_nothing_to_show_yet(snap_compare: Compare, link: str, size: tuple[int, int]) -> None:
    app = fake_app(store=Store(clock=lambda: NOW), link=LINKS[link])
    assert snap_compare(app, terminal_size=size)


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=_name)
def test_broker_gone(snap_compare: Compare, size: tuple[int, int]) -> None:
    link = Link(
        LinkState.RECONNECTING,
        since=NOW,
        error="Error 111 connecting to 10.0.0.7:6379. Connection refused.",
        attempt=4,
        next_try=NOW + 24,
        lost_at=NOW,
    )
    assert snap_compare(fake_app(link=link, now=NOW + 21), terminal_size=size)


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=_name)
def test_behind(snap_compare: Compare, size: tuple[int, int]) -> None:
    store = sample_store()
    store.apply(Batch([Event("worker-heartbeat", "celery@web1", NOW - 3.4)], NOW, lag=3.4))
    assert snap_compare(fake_app(store=store), terminal_size=size)


@pytest.mark.parametrize("options", [{}, {"read_only": True}], ids=["can", "read_only"])
def test_task_events_are_off(snap_compare: Compare, options: dict[str, Any]) -> None:
    store = Store(clock=lambda: NOW)
    beats = [
        Event("worker-heartbeat", f"celery@{name}", NOW, freq=2.0, active=3, processed=400)
        for name in ("bill1", "web1")
    ]
    store.apply(Batch(beats, NOW))
    store.sweep(NOW)
    for beat in beats:
        store.set_task_events(beat.hostname, False, by_us=False)
    app = fake_app(store=store, enable_events=False, **options)
    assert snap_compare(app, terminal_size=MIDDLE)


def test_no_worker_answers(snap_compare: Compare) -> None:
    assert snap_compare(fake_app(store=Store(clock=lambda: NOW)), terminal_size=MIDDLE)


def test_a_fault_of_its_own_is_told(snap_compare: Compare) -> None:
    app = fake_app()
    app.engine.steps.trouble = "RuntimeError in celerytui-receive"
    assert snap_compare(app, terminal_size=MIDDLE)


def test_paused(snap_compare: Compare) -> None:
    assert snap_compare(fake_app(), press=["p"], terminal_size=MIDDLE)


def test_read_only(snap_compare: Compare) -> None:
    assert snap_compare(fake_app(read_only=True), press=["j"], terminal_size=MIDDLE)


@pytest.mark.parametrize("pane", ["workers", "queues", "throughput", "detail"])
def test_zoomed(snap_compare: Compare, pane: str) -> None:
    order = ["tasks", "detail", "workers", "queues", "throughput"]
    tabs = ["tab"] * order.index(pane)
    assert snap_compare(fake_app(), press=[*tabs, "z"], terminal_size=MIDDLE)


@pytest.mark.parametrize("size", [(60, 16), (50, 20), (80, 12), (100, 30), (300, 80)], ids=_name)
def test_odd_sizes(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(fake_app(), press=["j"], terminal_size=size)


def test_hostile_text(snap_compare: Compare) -> None:
    """Markup, escapes, bidi controls and wide characters stay text, in their cells."""
    store = Store(clock=lambda: NOW)
    evil = "[/x]\x1b]0;pwn\x07[bold]\u202e\u200b漢字\x9b31m"
    events = [
        Event("worker-heartbeat", f"celery@{evil}", NOW, freq=2.0, active=1, processed=1),
        Event("task-received", f"celery@{evil}", NOW, uuid=evil, name=evil, args=evil, kwargs=evil),
        Event("task-failed", f"celery@{evil}", NOW, uuid=evil, exception=evil, traceback=evil),
    ]
    store.apply(Batch(events, NOW))
    store.sweep(NOW)
    assert snap_compare(fake_app(store=store), press=["j"], terminal_size=MIDDLE)
