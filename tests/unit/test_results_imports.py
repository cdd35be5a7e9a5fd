"""What `celerytui results` imports: neither the broker's client nor an ORM that it does not use."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from celerytui.results import open_source
from celerytui.results.filesystem import FilesystemSource
from celerytui.results.sqlalchemy import SqlSource

PROJECT = """
from celery import Celery
app = Celery("shop", broker={broker!r}, backend="db+sqlite:///{folder}/results.db")
"""
UNUSED = {"redis", "sqlalchemy.orm", "celery.backends.database"}


def test_results_of_a_database_need_no_broker_and_no_orm(tmp_path: Path) -> None:
    app: Any = Celery("shop", backend=f"db+sqlite:///{tmp_path}/results.db", set_as_current=False)
    app.backend.store_result("first", 5, "SUCCESS")
    for broker in ("redis://127.0.0.1:1/0", "nothing://such"):
        (tmp_path / "shop.py").write_text(PROJECT.format(broker=broker, folder=tmp_path))
        imported = imported_for_results(tmp_path)
        assert {"celery.app.base", "sqlalchemy"} <= imported
        assert not UNUSED & imported


def imported_for_results(folder: Path) -> set[str]:
    """The modules that `celerytui results` imports in a project."""
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "celerytui", "-A", "shop", "results", "--jsonl"],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=100,
    )
    assert ran.returncode == 0, ran.stderr
    assert '"id": "first"' in ran.stdout
    return set(re.findall(r"\| +([\w.]+)$", ran.stderr, re.MULTILINE))


@pytest.mark.parametrize("scheme", ["db", "database"])
def test_a_backend_of_that_name_that_is_another_is_another(scheme: str, tmp_path: Path) -> None:
    app: Any = Celery("shop", backend=f"{scheme}+sqlite:///x.db", set_as_current=False)
    assert isinstance(open_source(app), SqlSource)
    app = Celery("shop", backend=f"{scheme}+file://{tmp_path}", set_as_current=False)
    app.loader.override_backends = {scheme: "celery.backends.filesystem:FilesystemBackend"}
    assert isinstance(open_source(app), FilesystemSource)
