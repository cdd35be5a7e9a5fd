"""The demo's parts that need no cluster: its transport, its keeper, its settings."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu.transport import filesystem, get_transport_cls

from celerytui.demo import keeper, transport
from celerytui.demo.app import EXCHANGES, make_app
from celerytui.demo.producer import Customers
from tests.waiting import within

WRITER = """
import sys
from pathlib import Path
from celerytui.demo.app import make_app
app = make_app(Path(sys.argv[1]))
with app.connection_for_write() as connection:
    queue = connection.SimpleQueue("high", no_ack=True)
    for number in range(int(sys.argv[2])):
        queue.put({"number": number, "padding": "x" * 5000})
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    transport.lay_out(tmp_path, EXCHANGES)
    return tmp_path


class TestTransport:
    def test_a_reader_never_gets_half_a_message(self, folder: Path) -> None:
        count = 400
        with make_app(folder).connection_for_read() as connection:
            queue = connection.SimpleQueue("high", no_ack=True)
            writers = [
                subprocess.Popen([sys.executable, "-c", WRITER, str(folder), str(count)])
                for _ in range(2)
            ]
            try:
                numbers = [queue.get(timeout=200).payload["number"] for _ in range(2 * count)]
            finally:
                ended = [writer.wait(200) for writer in writers]
        assert ended == [0, 0]
        assert Counter(numbers) == dict.fromkeys(range(count), 2)
        assert os.listdir(folder / transport.DATA) == []
        assert os.listdir(folder / transport.PASSING) == []

    def test_messages_come_in_order(self, folder: Path) -> None:
        with make_app(folder).connection_for_read() as connection:
            queue = connection.SimpleQueue("high", no_ack=True)
            for number in range(20):
                queue.put(number)
            assert [queue.get(timeout=100).payload for _ in range(20)] == list(range(20))
            with pytest.raises(Empty):
                queue.get(timeout=0.3)

    def test_a_message_that_another_took_is_passed_over(self, folder: Path) -> None:
        with make_app(folder).connection_for_read() as connection:
            queue = connection.SimpleQueue("high", no_ack=True)
            for number in range(3):
                queue.put(number)
            assert queue.get(timeout=100).payload == 0
            first, _ = sorted(os.listdir(folder / transport.DATA))
            (folder / transport.DATA / first).unlink()
            assert queue.get(timeout=100).payload == 2

    def test_size_counts_one_queue(self, folder: Path) -> None:
        with make_app(folder).connection_for_read() as connection:
            for name, count in (("high", 3), ("default", 1)):
                queue = connection.SimpleQueue(name)
                for _ in range(count):
                    queue.put("x")
            channel: Any = connection.channel()
            sizes = [channel._size(name) for name in ("high", "default", "mail")]
        assert sizes == [3, 1, 0]


class TestApp:
    def test_every_task_is_routed_to_a_queue_of_the_shop(self, tmp_path: Path) -> None:
        app = make_app(tmp_path)
        app.loader.import_default_modules()
        own = [name for name in app.tasks if not name.startswith("celery.")]
        routes = {name: app.amqp.router.route({}, name)["queue"].name for name in own}
        assert len(own) >= 15
        assert set(routes.values()) == {"high", "default", "mail", "media"}
        assert routes["billing.charge"] == "high"

    def test_two_apps_have_two_brokers(self, tmp_path: Path) -> None:
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            transport.lay_out(tmp_path / name, EXCHANGES)
            app = make_app(tmp_path / name)
            app.send_task("billing.charge", (1, "tok"))
            (message,) = os.listdir(tmp_path / name / transport.DATA)
            assert message.endswith(".high.msg")

    def test_it_carries_events_and_leaves_kombus_own_transport_alone(self, folder: Path) -> None:
        with make_app(folder).connection_for_read() as connection:
            assert isinstance(connection.transport, transport.Transport)
            assert connection.supports_exchange_type("fanout")
        assert get_transport_cls("filesystem") is filesystem.Transport


class Sent:
    """Stands for the app: keeps what would be sent."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.revoked: list[str] = []
        self.control = self

    id = "an-id"

    def send_task(self, name: str, **options: Any) -> Sent:
        self.names.append(name)
        return self

    def revoke(self, id: str) -> None:
        self.revoked.append(id)


class TestCustomers:
    def test_a_steady_mix_and_a_rush(self, tmp_path: Path) -> None:
        sent = Sent()
        customers = Customers(sent, tmp_path)
        customers.rng.seed(1)
        for tick in range(1600):
            customers.tick(tick / 10)
        names = Counter(sent.names)
        # 100 s at one checkout a second and 60 s at four, give or take five standard deviations.
        assert 250 < names["orders.checkout"] < 430
        assert 300 < names["webhooks.deliver"] < 530
        assert set(names) >= {"billing.invoice", "media.transcode", "inventory.count"}
        assert len(sent.names) / 160 < 10
        assert len(sent.revoked) == pytest.approx(names["billing.dunning"], abs=3)

    def test_reports_stop_before_they_are_too_many(self, tmp_path: Path) -> None:
        sent = Sent()
        customers = Customers(sent, tmp_path)
        customers.waiting = [f"{number}.reports.msg" for number in range(119)]
        customers.report()
        customers.waiting.append("119.reports.msg")
        customers.report()
        assert sent.names == ["reports.render"]


class TestKeeper:
    def test_old_events_are_dropped_and_tasks_are_not(self, tmp_path: Path) -> None:
        old, new = 1000.0, 2000.0
        names = {
            "1.celeryev.a1b2.msg": old,
            "2.celeryev.a1b2.msg": new,
            "3.abc.reply.celery.pidbox.msg": old,
            "4.high.msg": old,
        }
        for name, changed in names.items():
            (tmp_path / name).touch()
            os.utime(tmp_path / name, (changed, changed))
        assert keeper.sweep(tmp_path, before=1500.0) == 2
        assert sorted(os.listdir(tmp_path)) == ["2.celeryev.a1b2.msg", "4.high.msg"]

    def test_a_stubborn_child_and_its_own_child_are_killed(self) -> None:
        stubborn = (
            "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
            "os.fork(); os.write(1, b'ready\\n'); time.sleep(600)"
        )
        child = subprocess.Popen(
            [sys.executable, "-c", stubborn], stdout=subprocess.PIPE, start_new_session=True
        )
        assert child.stdout is not None
        try:
            assert [child.stdout.readline() for _ in range(2)] == [b"ready\n"] * 2
            with within(20):
                keeper.stop([child], grace=0.2)
            assert child.returncode == -signal.SIGKILL
            assert child.stdout.read() == b""  # nobody holds the other end any more
        finally:
            keeper.stop([child], grace=0.0)
            child.stdout.close()

    def test_a_child_that_ended_before_is_no_error(self) -> None:
        child = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
        child.wait()
        keeper.stop([child], grace=0.1)
        assert child.returncode == 0
