"""Exports: all of the rows under the name that was asked for, or no file and the reason."""

from __future__ import annotations

import errno
import json
import os
import resource
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from celerytui.engine import Export, Exported
from celerytui.engine.exporter import PIECE, Exporter
from celerytui.files import whole_file
from tests.waiting import wait_until

ROWS = [{"id": f"id-{number}", "name": "=mail.send"} for number in range(3 * PIECE + 7)]
LIMIT = 20_000


def export(
    path: Path | str, rows: Any = ROWS, kind: str = "JSON lines", total: int = 307
) -> Export:
    return Export("Export 307 tasks", str(path), kind, rows, total, 0.0)


def run(one: Export) -> Exported:
    """Export, and wait for what came of it."""
    done: list[Exported] = []
    exporter = Exporter(lambda: None)
    exporter.start(one, done.append)
    wait_until(lambda: bool(done), 10, "the end of the export")
    assert exporter.running == []
    return done[0]


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """As on a disk with no more room than that for a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_the_rows_are_in_the_file_in_their_order_and_for_its_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl"
    done = run(export(path))
    assert done == Exported("Export 307 tasks", str(path), len(ROWS))
    assert [json.loads(line) for line in path.read_text().splitlines()] == ROWS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["tasks.jsonl"]
    assert path.stat().st_nlink == 1


def test_what_is_gone_is_counted(tmp_path: Path) -> None:
    rows = [None, ROWS[0], None]
    done = run(export(tmp_path / "a.csv", rows, "CSV", 3))
    assert (done.rows, done.gone, done.error) == (1, 2, None)
    assert (tmp_path / "a.csv").read_text() == "id,name\nid-0,'=mail.send\n"


@pytest.mark.parametrize("existing", ["file", "link", "dangling"])
def test_nothing_is_overwritten_and_no_link_followed(tmp_path: Path, existing: str) -> None:
    path, other = tmp_path / "out.csv", tmp_path / "other"
    if existing == "file":
        path.write_text("mine")
    else:
        path.symlink_to(other)
    if existing == "link":
        other.write_text("mine")
    before = sorted(os.listdir(tmp_path))
    done = run(export(path))
    assert done.error == f"{path} exists; choose another name"
    assert sorted(os.listdir(tmp_path)) == before
    assert existing == "dangling" or path.read_text() == "mine"


def test_a_file_that_comes_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"

    def rows() -> Iterator[dict[str, Any]]:
        yield ROWS[0]
        path.write_text("theirs")

    assert run(export(path, rows())).error == f"{path} exists; choose another name"
    assert path.read_text() == "theirs"
    assert os.listdir(tmp_path) == ["out.csv"]


def test_a_folder_needs_a_name(tmp_path: Path) -> None:
    assert run(export(tmp_path)).error == f"{tmp_path} is a folder; add a file name"
    assert run(export(f"{tmp_path}/")).error == f"{tmp_path}/ is a folder; add a file name"
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = run(export(tmp_path / "none" / "a.csv"))
    assert done.error == f"there is no folder {tmp_path / 'none'}; create it or choose another"
    (tmp_path / "text").write_text("")
    done = run(export(tmp_path / "text" / "a.csv"))
    assert done.error == f"there is no folder {tmp_path / 'text'}; create it or choose another"


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    folder = Path("/sys") if os.geteuid() == 0 else tmp_path
    tmp_path.chmod(0o500)
    done = run(export(folder / "a.csv"))
    assert done.error is not None
    assert done.error.startswith(f"cannot write {folder / 'a.csv'}: ")
    assert done.error.endswith("; choose another folder")


def test_a_name_that_can_be_none_is_refused(tmp_path: Path) -> None:
    assert "cannot be a file's name" in str(run(export(f"{tmp_path}/a\0b")).error)
    done = run(export(tmp_path / ("x" * 300)))
    assert done.error is not None
    assert os.strerror(errno.ENAMETOOLONG) in done.error
    assert os.listdir(tmp_path) == []


def test_a_full_disk_leaves_no_half_file(tmp_path: Path) -> None:
    rows = ROWS * 40
    with files_of_at_most(LIMIT):
        done = run(export(tmp_path / "a.jsonl", rows, total=len(rows)))
    assert done.error is not None
    assert done.error.endswith("free some space or choose another folder")
    assert os.listdir(tmp_path) == []


def test_rows_that_cannot_be_made_leave_no_file(tmp_path: Path) -> None:
    def rows() -> Iterator[dict[str, Any]]:
        yield ROWS[0]
        raise KeyError("gone")

    assert run(export(tmp_path / "a.csv", rows())).error == "KeyError, see --log-file"
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("by", ["user", "exit"])
def test_a_cancelled_export_ends_after_its_step_without_a_file(tmp_path: Path, by: str) -> None:
    on = threading.Event()

    def rows() -> Iterator[dict[str, Any]]:
        yield from ROWS[:PIECE]
        on.wait(100)
        while True:
            yield ROWS[0]

    one, done = export(tmp_path / "a.csv", rows(), total=1_000_000), list[Exported]()
    exporter = Exporter(lambda: None)
    exporter.start(one, done.append)
    wait_until(lambda: one.done == PIECE, 10, "the first piece")
    assert exporter.running == [one]
    waiting = exporter.stop() if by == "exit" else []
    one.cancel()
    on.set()
    wait_until(lambda: bool(done), 10, "the end of the export")
    assert done[0].cancelled
    assert done[0].error == "cancelled; no file was written"
    for thread in waiting:
        thread.join(100)
        assert not thread.is_alive()
    assert os.listdir(tmp_path) == []


def test_where_there_are_no_hard_links_it_is_renamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with whole_file(tmp_path / "a") as file:
        file.write("all")
    assert (tmp_path / "a").read_text() == "all"
    with pytest.raises(FileExistsError), whole_file(tmp_path / "b") as file:
        (tmp_path / "b").write_text("theirs")
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]
    assert (tmp_path / "b").read_text() == "theirs"
