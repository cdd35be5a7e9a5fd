from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from hypothesis import given, settings
from hypothesis import strategies as st
from kombu.transport import TRANSPORT_ALIASES, virtual

from celerytui.model import QueueDepth
from celerytui.wire.amqp.depths import AmqpDepthReader
from celerytui.wire.connections import open_depths
from celerytui.wire.depths import configured_names, is_name
from celerytui.wire.generic.depths import KombuDepthReader
from celerytui.wire.redis.depths import RedisDepthReader, exchange_names
from tests.waiting import within

kombu: Any = pytest.importorskip("kombu")
common: Any = pytest.importorskip("kombu.common")

MakeApp = Callable[..., Any]


@pytest.fixture
def make_app() -> Iterator[MakeApp]:
    apps = []

    def make(broker: str = "memory://", **conf: Any) -> Any:
        app = Celery("tester", broker=broker, set_as_current=False)
        app.conf.update(conf)
        apps.append(app)
        return app

    yield make
    for app in apps:
        app.close()


class BareTransport(virtual.Transport):
    """A transport whose channel was never taught to tell a size."""

    Channel = virtual.Channel
    driver_type = "bare"


class TestRegistry:
    @pytest.mark.parametrize(
        ("url", "kind"),
        [
            ("redis://localhost/0", RedisDepthReader),
            ("rediss://localhost/0", RedisDepthReader),
            ("sentinel://localhost:26379/0", RedisDepthReader),
            ("amqp://localhost//", AmqpDepthReader),
            ("amqps://localhost//", AmqpDepthReader),
            ("memory://", KombuDepthReader),
            ("filesystem://", KombuDepthReader),
        ],
    )
    def test_each_transport_has_its_reader(
        self, url: str, kind: type[Any], make_app: MakeApp
    ) -> None:
        assert type(open_depths(make_app(url))) is kind


class TestGeneric:
    @pytest.fixture
    def app(self, make_app: MakeApp, tmp_path: Path) -> Any:
        folder = str(tmp_path)
        options = {
            "data_folder_in": folder,
            "data_folder_out": folder,
            "control_folder": f"{folder}/control",
        }
        return make_app("filesystem://", broker_transport_options=options)

    def test_tells_what_is_ready(self, app: Any) -> None:
        for _ in range(3):
            app.send_task("proj.add", queue="deep")
        reader = open_depths(app)
        assert reader.read(["empty", "deep", "empty"]) == [
            QueueDepth("empty", ready=0),
            QueueDepth("deep", ready=3),
        ]
        reader.close()

    def test_a_queue_in_trouble_leaves_the_others_alone(self, app: Any, tmp_path: Path) -> None:
        app.send_task("proj.add", queue="deep")
        reader = open_depths(app)
        bad, deep, empty = reader.read(["\udcff", "deep", ""])
        assert (bad.error, empty.error) == ("not a name of a queue",) * 2
        assert deep == QueueDepth("deep", ready=1)
        reader.close()

    def test_a_size_that_kombu_made_up_is_not_shown(
        self, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(TRANSPORT_ALIASES, "bare", f"{__name__}:BareTransport")
        reader = open_depths(make_app("bare://"))
        assert reader.read(["celery"]) == [
            QueueDepth("celery", error="not available on this transport")
        ]
        reader.close()


class TestBrokerDown:
    @pytest.mark.parametrize("scheme", ["redis", "amqp"])
    def test_every_row_says_why_without_the_password(self, scheme: str, make_app: MakeApp) -> None:
        reader = open_depths(make_app(f"{scheme}://user:sesame-open@127.0.0.1:1/0"))
        for _ in range(2):
            with within(10):
                rows = reader.read(["a", "b"])
            assert [(row.name, row.ready) for row in rows] == [("a", None), ("b", None)]
            for row in rows:
                assert row.error is not None
                assert "refused" in row.error
                assert "sesame" not in row.error
                assert "\n" not in row.error
        assert reader.known_names() == {"celery"}
        reader.close()


class TestKnownNames:
    def names(self, **conf: Any) -> set[str]:
        app = Celery("tester", broker="memory://", set_as_current=False)
        app.conf.update(conf)
        try:
            return configured_names(app.conf)
        finally:
            app.close()

    def test_the_default_queue_is_always_there(self) -> None:
        assert self.names() == {"celery"}
        assert self.names(task_default_queue="main") == {"main"}

    def test_queues_as_objects_as_a_dict_and_without_broadcasts(self) -> None:
        queues = [kombu.Queue("hi"), kombu.Queue("lo", routing_key="x"), common.Broadcast("all")]
        assert self.names(task_queues=queues) == {"celery", "hi", "lo"}
        assert self.names(task_queues={"hi": {"exchange": "x"}}) == {"celery", "hi"}

    @pytest.mark.parametrize(
        "routes",
        [
            {"proj.*": {"queue": "routed"}},
            {"proj.add": "routed", "proj.b": {"routing_key": "k"}},
            [{"proj.add": {"queue": "routed"}}, lambda *_: None],
            ({"proj.a": {"queue": kombu.Queue("routed")}},),
            [[("proj.a", {"queue": "routed"}), (re.compile("x"), {"routing_key": "k"})]],
            ["proj.routers.Router", [("proj.a", "routed")]],
        ],
    )
    def test_static_routes_in_each_of_celerys_forms(self, routes: Any) -> None:
        assert self.names(task_routes=routes) == {"celery", "routed"}

    def test_a_pattern_as_a_route(self) -> None:
        routes = [[(re.compile("proj"), {"queue": "routed"})]]
        assert self.names(task_routes=routes) == {"celery", "routed"}

    def test_exchanges_of_the_configured_queues(self, make_app: MakeApp) -> None:
        queues = [kombu.Queue("hi", kombu.Exchange("media")), kombu.Queue("bare")]
        assert exchange_names(make_app(task_queues=queues).conf) == {"celery", "media"}
        table = {"hi": {"exchange": "media"}, "lo": {}}
        assert exchange_names(make_app(task_queues=table).conf) == {"celery", "media"}


@settings(max_examples=200, deadline=None)
@given(st.text() | st.text(alphabet=st.characters(categories=["Cs", "L"]), max_size=300))
def test_only_what_a_broker_takes_is_a_name(name: str) -> None:
    try:
        encoded = name.encode()
    except UnicodeEncodeError:
        assert not is_name(name)
    else:
        assert is_name(name) is (1 <= len(encoded) <= 255)


recursive = st.recursive(
    st.none() | st.text(max_size=5) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5), inner | st.fixed_dictionaries({"queue": inner}))
    ),
    max_leaves=8,
)


class Conf:
    def __init__(self, queues: Any, routes: Any) -> None:
        self.task_default_queue = "celery"
        self.task_queues = queues
        self.task_routes = routes


@settings(max_examples=150, deadline=None)
@given(recursive, recursive)
def test_no_configuration_breaks_the_known_names(queues: Any, routes: Any) -> None:
    names = configured_names(Conf(queues, routes))
    assert "celery" in names
    assert all(is_name(name) for name in names)
