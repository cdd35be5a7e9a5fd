"""A history as a Parquet file, read back by pyarrow."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from celerytui.errors import OutputError, UsageError
from celerytui.headless import parquet
from celerytui.headless.tasks import write_parquet
from celerytui.history.folder import Folder
from celerytui.history.reading import SegmentHistory
from celerytui.model import Attempt, TaskExtra, TaskState
from celerytui.query import parse_filter
from tests.unit.history_tasks import T0, ended, record


@pytest.fixture
def history(tmp_path: Path) -> SegmentHistory:
    failed = ended(1, T0, TaskState.FAILURE, retries=2, worker="wörker")
    failed.extra = TaskExtra(exception="E()", eta=T0, attempts=(Attempt(T0 - 5, "E()", None),))
    record(tmp_path / "h", [[failed, *(ended(number, T0 - number) for number in range(2, 300))]])
    return SegmentHistory(Folder(tmp_path / "h"))


def written(history: SegmentHistory, path: Path, query: str = "") -> list[dict[str, Any]]:
    write_parquet(history, parse_filter(query), str(path), since=None, limit=None, now=T0)
    rows: list[dict[str, Any]] = pyarrow.parquet.read_table(path).to_pylist()
    return rows


def test_all_of_it_can_be_read_back(
    history: SegmentHistory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "ROWS_AT_ONCE", 50)
    path = tmp_path / "x.parquet"
    rows = written(history, path)
    assert len(rows) == 299
    failed = next(row for row in rows if row["state"] == "FAILURE")
    assert failed["worker"] == "wörker"
    assert failed["finished"] == datetime.fromtimestamp(T0, timezone.utc)
    assert (failed["retries"], failed["runtime"], failed["from"]) == (2, 1.0, "history")
    assert json.loads(failed["attempts"])[0]["exception"] == "E()"
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_found_is_a_file_without_rows(history: SegmentHistory, tmp_path: Path) -> None:
    assert written(history, tmp_path / "x.parquet", "state:revoked") == []


def test_a_file_that_is_there_stays_as_it_is(history: SegmentHistory, tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        written(history, path)
    assert path.read_text() == "mine"


def test_what_does_not_come_to_its_end_leaves_no_file(
    history: SegmentHistory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(parquet.ParquetFile, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        written(history, tmp_path / "x.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["h"]


def test_where_no_file_can_be_written_is_said(history: SegmentHistory, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot write to .*x\.parquet: No such file"):
        written(history, tmp_path / "nowhere" / "x.parquet")
