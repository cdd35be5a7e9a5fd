"""The header at every width: whether what is seen is live, and if not why, is read whole."""

from __future__ import annotations

import re

import pytest

from celerytui.demo.sample import NOW
from celerytui.model import Batch, Event, Link, LinkState, Outage, QueueDepth
from celerytui.store import Store
from celerytui.ui.bars.banner import Banner
from celerytui.ui.bars.header import Header
from tests.ui.kept_stores import large_store
from tests.ui.pilot import driven, rows

WIDTHS = [50, 60, 80, 100, 120, 140, 200]
BACK = Link(
    LinkState.CONNECTED,
    since=NOW,
    lost_at=NOW - 9.0,
    lost_for="Connection reset by peer (8 s behind)",
)


@pytest.mark.parametrize("width", WIDTHS)
async def test_a_receiver_that_is_behind_is_not_called_live(width: int) -> None:
    async with driven((width, 24), store=large_store()) as at:
        late = Event("task-started", "worker9@host", NOW - 7.4, uuid="late")
        at.engine.store.apply(Batch([late] * 1000, NOW, lag=7.4))
        at.app.tell_widgets()
        await at.pilot.pause()
        text = _text(at.app.query_one(Header))
        assert "▲ 7s behind " in text
        assert "live" not in text


@pytest.mark.parametrize("width", [80, 140])
async def test_what_becomes_of_what_is_not_read_is_told(width: int) -> None:
    async with driven((width, 24), store=large_store()) as at:
        banner = at.app.query_one(Banner)
        assert not banner.display
        at.engine.reception.when_late = "RabbitMQ drops what waits for 5 s"
        late = Event("task-started", "worker9@host", NOW - 4.4, uuid="late")
        at.engine.store.apply(Batch([late], NOW, lag=4.4))
        at.app.tell_widgets()
        await at.pilot.pause()
        assert "What you see is 4s old." in rows(banner)[0]
        assert width < 100 or "RabbitMQ drops what waits for 5 s." in rows(banner)[0]
        at.engine.store.apply(Batch([late], NOW, lag=0.0))
        at.app.tell_widgets()
        await at.pilot.pause()
        assert not banner.display


async def test_a_slower_reader_is_told_while_it_reads() -> None:
    note = "Reading through kombu, slower: the fast reader for Redis failed (TypeError: \x1b[2J)"
    slow = Link(LinkState.CONNECTED, since=NOW, note=note)
    async with driven((140, 24), store=large_store(), link=slow) as at:
        banner = at.app.query_one(Banner)
        assert banner.display
        [shown] = rows(banner)
        assert "Reading through kombu, slower: the fast reader for Redis" in shown
        assert "\x1b" not in shown
        at.engine.reception.link = Link(LinkState.CONNECTED, since=NOW)
        at.app.tell_widgets()
        await at.pilot.pause()
        assert not banner.display


LINKS = [
    (Link(LinkState.CONNECTED, since=NOW), "● live "),
    (Link(LinkState.CONNECTING, since=NOW), "○ connecting "),
    (Link(LinkState.RECONNECTING, since=NOW, lost_at=NOW - 5, next_try=NOW + 3), " retry in 3s "),
    (
        Link(LinkState.CONNECTING, NOW, error="no", next_try=NOW + 9, outage=Outage.REFUSED),
        " refused, ",
    ),
    (Link(LinkState.NO_EVENTS, since=NOW), "no events "),
]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("link", "said"), LINKS, ids=lambda one: str(one)[:12])
async def test_the_link_is_read_whole(width: int, link: Link, said: str) -> None:
    async with driven((width, 24), store=large_store(), link=link) as at:
        text = _text(at.app.query_one(Header))
        assert said in text
        assert "workers 99" in text


async def test_what_is_missing_is_told_once_with_its_reason() -> None:
    async with driven() as at:
        at.app.tell_widgets()
        assert not at.toasts
        at.engine.reception.link = BACK
        at.engine.store.mark_gap(NOW - 9.0, NOW)
        at.app.tell_widgets()
        at.app.tell_widgets()
        await at.pilot.pause()
        [toast] = at.toasts
        assert toast.title == "Events are missing"
        assert "Connection reset by peer (8 s behind)" in toast.message
        assert toast.message.startswith("from 10:04:")


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_what_workers_hold_is_not_queued_and_the_dashboard_shows_both(
    size: tuple[int, int],
) -> None:
    queued = "queued 1,347" if size[0] > 80 else "queued 1.3k"
    async with driven(size) as at:
        assert queued in _text(at.app.query_one(Header))
        assert "in workers 4" in at.screen_text()
        await at.news(Event("task-received", "celery@web1", NOW, uuid="new", name="x"))
        assert queued in _text(at.app.query_one(Header))
        assert "in workers 5" in at.screen_text()


async def test_where_all_queues_are_well_their_title_says_what_is_to_be_done() -> None:
    store = Store()
    store.apply(Batch([Event("task-received", "celery@web1", NOW, uuid="new", name="x")], NOW))
    store.record_queues([QueueDepth("mail", ready=3, consumers=1)], NOW)
    async with driven((140, 40), store=store) as at:
        assert "queued 3, in workers 1" in at.screen_text()


def _text(header: Header) -> str:
    return rows(header)[0]


@pytest.mark.parametrize("width", WIDTHS)
async def test_no_error_cuts_how_old_what_is_seen_is(width: int) -> None:
    lost = Link(
        LinkState.RECONNECTING,
        since=NOW,
        error="Error 111 connecting to broker.internal.example.com:6379. " * 9,
        lost_at=NOW,
    )
    async with driven((width, 24), link=lost, now=NOW + 17) as at:
        [shown] = rows(at.app.query_one(Banner))
        assert "What you see is 17s old." in shown
        assert "r reconnect" in shown
        assert width < 100 or "lost at 10:04:12.  Error 111" in shown


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (140, 40)])
async def test_the_foot_of_a_chart_is_not_read_as_a_number_of_failures(
    size: tuple[int, int],
) -> None:
    async with driven(size) as at:
        chart = rows(at.app.main.body.by_name["throughput"])
        feet = [line.strip("│ ") for line in chart if line.strip("│ ").startswith("failed")]
        assert len(feet) == 1
        assert not any("✗" in line for line in chart[1:])
        assert any(re.match(r"[│ ]*[\d,]+/s ", line) for line in chart[1:])
        assert " in 5m" in chart[0]


async def test_no_number_goes_where_the_screen_gets_wider_though_the_link_has_much_to_say() -> None:
    gone = Link(LinkState.RECONNECTING, since=NOW, lost_at=NOW - 5, next_try=NOW + 3, attempt=4)
    async with driven((80, 24), store=large_store(), link=gone) as at:
        before: set[str] = set()
        for width in range(80, 161, 4):
            await at.pilot.resize_terminal(width, 24)
            await at.pilot.pause()
            text = _text(at.app.query_one(Header))
            shown = {part for part in ("workers", "run", "queued", "fail", "5m") if part in text}
            assert before <= shown, (width, text)
            before = shown


PLACES = [
    ("redis://10.0.0.7:6379/0", "10.0.0.7:6379/0"),
    ("redis://:**@10.0.0.7", "10.0.0.7:6379"),
    ("amqp://u:**@rabbit.prod.example.com/billing", "rabbit.prod.example.com:5672/billing"),
    ("amqp://u:**@rabbit.prod.example.com//", "rabbit.prod.example.com:5672//"),
    ("amqps://[2001:db8::1]/x;amqps://b/x", "[2001:db8::1]:5671/x"),
    ("redis+socket:///run/redis.sock", "redis+socket/run/redis.sock"),
    ("memory://", "memory"),
]


@pytest.mark.parametrize(("url", "place"), PLACES)
async def test_where_the_broker_is(url: str, place: str) -> None:
    async with driven((200, 24)) as at:
        at.engine.broker_url = url
        at.app.tell_widgets()
        await at.pilot.pause()
        assert f" shop @ {place}  " in _text(at.app.query_one(Header))


@pytest.mark.parametrize("width", WIDTHS)
async def test_two_vhosts_of_one_host_never_look_the_same(width: int) -> None:
    for vhost in ("billing", "mail", "/"):
        async with driven((width, 24), store=large_store()) as at:
            at.engine.broker_url = f"amqp://u:**@rabbit-one.eu-central-1.prod.example.com/{vhost}"
            at.app.tell_widgets()
            await at.pilot.pause()
            text = _text(at.app.query_one(Header))
            assert f":5672/{vhost} " in text
            assert "live" in text
            assert "workers 99" in text


@pytest.mark.parametrize("width", [80, 140])
async def test_that_workers_cannot_be_asked_is_told_as_long_as_it_holds(width: int) -> None:
    async with driven((width, 24), store=large_store()) as at:
        banner = at.app.query_one(Banner)
        at.engine.cannot_ask("NOPERM: no right to publish")
        at.app.tell_widgets()
        await at.pilot.pause()
        assert "Workers can't be asked: NOPERM: no right to publish" in rows(banner)[0]
        assert width < 100 or "; what ran before the start is unknown" in rows(banner)[0]
        assert rows(banner)[0].rstrip().endswith("w ask again")
        at.engine.cannot_ask(None)
        at.app.tell_widgets()
        await at.pilot.pause()
        assert not banner.display


async def test_who_refuses_is_not_called_absent() -> None:
    said = "NOT_ALLOWED - vhost shop not found"
    refused = Link(
        LinkState.RECONNECTING,
        since=NOW,
        error=said,
        outage=Outage.REFUSED,
        remedy="rabbitmqctl add_vhost shop",
        next_try=NOW + 30,
    )
    async with driven((140, 40), store=Store(), link=refused) as at:
        text = _text(at.app.query_one(Header))
        assert "refused, retry in 30s" in text
        assert "no broker" not in text
        await at.press("2")
        shown = " ".join(at.screen_text().replace("│", " ").split())
        assert "Refused by redis://10.0.0.7:6379/0" in shown
        assert f"{said}. This grants it: rabbitmqctl add_vhost shop" in shown
