"""Which history a URL names."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from celerytui.errors import HistoryError
from celerytui.history.folder_place import FolderPlace
from celerytui.history.place import is_of_app, only_place, place_of
from celerytui.history.postgres.place import PostgresPlace

HOME = {"HOME": "/home/me"}
URL = "postgresql://who:s3cret-word@db/monitoring"


def test_the_kind_of_a_place_is_by_its_url() -> None:
    folder = place_of("sqlite:////srv/h", "shop", "redis://h", HOME)
    assert isinstance(folder, FolderPlace)
    assert folder.name == "/srv/h"
    assert isinstance(place_of("default", "shop", "redis://h", HOME), FolderPlace)
    server = place_of(URL, "shop", "redis://h", HOME)
    assert isinstance(server, PostgresPlace)
    assert server.name == "postgresql://who:**@db/monitoring"
    assert [is_of_app(url) for url in ("default", "sqlite:////srv/h", URL)] == [True, False, True]


@pytest.mark.parametrize("app", ["shop", "Proj.Web-2", "x" * 90, "Ünï", "ünö", "-"])
def test_each_app_has_a_schema_of_its_own(app: str) -> None:
    def schema(app: str, broker: str, url: str = URL) -> str | None:
        place = place_of(url, app, broker, HOME)
        assert isinstance(place, PostgresPlace)
        return place.schema

    name = schema(app, "redis://:one@h")
    assert name is not None
    assert re.fullmatch("celerytui_[a-z0-9_]{1,40}_[0-9a-f]{8}", name)
    assert name == schema(app, "redis://:other@h")
    assert name not in (schema(app, "redis://g"), schema("another", "redis://h"))
    assert schema("Ünï", "redis://h") != schema("ünö", "redis://h")
    assert schema(app, "redis://h", f"{URL}?sslmode=require&schema=mine") == "mine"


def test_without_an_app_the_schema_is_found_out() -> None:
    place = only_place(URL, HOME)
    assert isinstance(place, PostgresPlace)
    assert place.schema is None
    named = only_place("sqlite:////srv/h", HOME)
    assert isinstance(named, FolderPlace)
    assert named.folder.path == Path("/srv/h")


def test_a_missing_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("psycopg", "psycopg.conninfo"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(HistoryError, match=r"pip install 'celerytui\[postgres\]'") as raised:
        place_of(URL, "shop", "redis://h", HOME)
    assert "s3cret-word" not in str(raised.value)
