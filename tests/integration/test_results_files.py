"""Results in files and in backends that are read by id: what can be wrong with one of them."""

from __future__ import annotations

import io
import json
import os
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from celery import Celery
from celery.backends.base import KeyValueStoreBackend

from celerytui import results
from celerytui.document import result_document
from celerytui.errors import BackendUnavailable
from celerytui.headless.output import print_json
from celerytui.results import as_task
from tests.integration.kept_results import Opened, everything


def test_a_file_that_cannot_be_read_is_a_flaw_of_its_row(opened: Opened, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    meta = {"status": "SUCCESS", "result": 1, "date_done": "2026-01-01T10:00:00"}
    (folder / "celery-task-meta-a").write_text(json.dumps(meta))
    (folder / "celery-task-meta-folder").mkdir()
    os.symlink("/etc/hostname", folder / "celery-task-meta-link")
    os.mkfifo(folder / "celery-task-meta-pipe")
    (folder / "celery-taskset-meta-g").mkdir()
    source = opened.url(f"file://{folder}")
    found = {one.id: one for one in everything(source)}
    assert (found["a"].state, found["a"].flaw) == ("SUCCESS", None)
    flaws = {one.id: one.flaw for one in found.values() if one.flaw is not None}
    assert flaws == {
        "folder": "is not a regular file",
        "link": "is a symbolic link, which is not followed",
        "pipe": "is not a regular file",
    }
    group = source.group("g")
    assert group is not None
    assert group.flaw == "is not a regular file"
    folder.rename(tmp_path / "gone")
    for ask in (source.one, source.group):
        with pytest.raises(BackendUnavailable, match="No such file or directory"):
            ask("a")


class Client:
    """A client that can be closed once."""

    opened = 0

    def __init__(self) -> None:
        Client.opened += 1

    def close(self) -> None:
        Client.opened -= 1


class ByIdBackend(KeyValueStoreBackend):  # type: ignore[misc]  # Celery has no types
    """A backend of a kind of its own, which connects when it is made and would make a table."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._client = Client()

    def _get_or_create_table(self) -> None:
        raise AssertionError("it wrote")

    def get(self, key: str) -> str:
        self._get_or_create_table()
        return json.dumps({"status": "SUCCESS", "result": 2, "task_id": "t"})


def test_what_a_backend_decodes_itself_makes_a_line(opened: Opened) -> None:
    app = opened.app("cache+memory://")
    values = [datetime(2026, 1, 1), Decimal("1.5"), UUID(int=1), {"password": "plain-word"}]
    kept = app.tasks["shop.add"].apply_async((values,), {"y": []}).id
    failed = app.tasks["shop.fail"].apply_async(("x",)).id
    found = {one.id: one for one in everything(opened.source(app), f"id:{kept},{failed}")}
    assert found[failed].exception == "ValueError('x')"
    print_json(result_document(found[kept]), stream := io.StringIO())
    told = ["2026-01-01T00:00:00", "1.5", str(UUID(int=1)), {"password": "**"}]
    assert json.loads(stream.getvalue())["result"] == told
    assert "plain-word" not in str(as_task(found[kept]).result)


def test_a_backend_that_is_read_by_id_is_closed_and_makes_nothing() -> None:
    app = Celery("kept", backend=f"{__name__}:ByIdBackend", set_as_current=False)
    source = results.open_source(app)
    for _ in range(2):
        found = source.one("t")
        assert found is not None
        assert (found.result, Client.opened) == (2, 1)
        source.close()
        assert Client.opened == 0
