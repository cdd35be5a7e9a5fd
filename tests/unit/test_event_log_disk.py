"""An event log on a disk that is full, and one whose files were cut, emptied or removed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from celerytui.errors import HistoryError
from celerytui.history.eventlog.reader import EventLog
from celerytui.history.eventlog.writer import EventLogWriter
from celerytui.model import Entry
from tests.unit.event_log import Told, read, tell, write, writer
from tests.unit.store_stream import beat, task_event

WRITE = "celerytui.history.eventlog.writer.os.write"
Disk = Callable[[int], contextlib.AbstractContextManager[None]]


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Makes a disk with room for so many bytes, which are written before it is full."""
    real = os.write

    @contextlib.contextmanager
    def with_room_for(room: int) -> Iterator[None]:
        left = [room]

        def full(file: int, data: Any) -> int:
            if not left[0]:
                raise OSError(28, "No space left on device")
            written = real(file, bytes(data)[: left[0]])
            left[0] -= written
            return written

        with monkeypatch.context() as patch:
            patch.setattr(WRITE, full)
            yield

    return with_room_for


def busy() -> Told:
    told = Told()
    told.hear(
        *(
            event
            for number in range(40)
            for event in (
                task_event("received", number, f"t{number}", name="shop.pay"),
                task_event("started", number + 0.1, f"t{number}"),
                beat(number + 0.5),
            )
        )
    )
    return told


def fails(log: EventLogWriter, entries: list[Entry]) -> None:
    with pytest.raises(HistoryError, match="the disk is full"):
        log.write(entries, entries[0].at)


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def test_it_costs_nothing_that_was_whole_and_goes_on_in_the_same_file(
    tmp_path: Path, disk: Disk
) -> None:
    entries = busy().entries
    path = tmp_path / "x.jsonl.zst"
    log = writer(path)
    log.write(entries[:10], entries[0].at)
    size = path.stat().st_size
    for room in (0, 1, 60):
        with disk(room):
            fails(log, entries[10:20])
        assert path.stat().st_size == size == log.size
    log.write(entries[10:20], entries[10].at)
    log.close()
    assert names(tmp_path) == [path.name]
    assert [one.at for one in read(path)] == [one.at for one in entries[:20]]


@pytest.mark.parametrize("room", [0, 7, 150])
def test_no_file_is_left_in_which_nothing_is_whole(tmp_path: Path, disk: Disk, room: int) -> None:
    entries = busy().entries
    path = tmp_path / "x.jsonl.zst"
    log = writer(path)
    log._part_bytes = 1
    log.write(entries[:10], entries[0].at)
    with disk(room):
        for _ in range(4):
            fails(log, entries[10:20])
    assert names(tmp_path) == [path.name]
    log.write(entries[10:20], entries[10].at)
    log.close()
    assert names(tmp_path) == ["x.2.jsonl.zst", path.name]
    assert [one.at for one in read(path)] == [one.at for one in entries[:20]]


def test_how_things_stand_is_told_once_however_often_it_was_tried(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("celerytui.history.eventlog.writer.EVENTS_A_FRAME", 10)
    told = busy()
    path = tmp_path / "x.jsonl.zst"
    log = writer(path, store=told.store)
    for room in (700, 900, 1_100):
        with disk(room):
            fails(log, told.entries[:10])
    assert names(tmp_path) == [path.name]
    log.write(told.entries[-1:], told.now)
    log.close()
    assert log.size == path.stat().st_size
    write(tmp_path / "calm.jsonl.zst", told.entries[-1:], store=told.store)
    found = read(path, told.now)
    assert [one.at for one in found] == [one.at for one in read(tmp_path / "calm.jsonl.zst")]
    assert len(tell(found).all_tasks()) == 40


def test_one_that_was_removed_is_begun_anew(tmp_path: Path) -> None:
    entries = busy().entries
    path = tmp_path / "x.jsonl.zst"
    log = writer(path)
    log.write(entries[:10], entries[0].at)
    path.unlink()
    log.write(entries[10:20], entries[10].at)
    log.close()
    assert [one.at for one in read(path)] == [one.at for one in entries[10:20]]


@pytest.mark.parametrize("content", [b"", b"\x5c\x2a", b"hello\n" * 99])
def test_a_part_in_which_nothing_is_whole_costs_no_other(tmp_path: Path, content: bytes) -> None:
    """So it is left where the machine stops while one is begun."""
    told = busy()
    path = tmp_path / "x.jsonl.zst"
    write(path, told.entries)
    (tmp_path / "x.2.jsonl.zst").write_bytes(content)
    write(path, told.entries[-2:])
    with contextlib.closing(EventLog(path)) as log:
        assert log.notes == ["x.2.jsonl.zst: nothing whole in it"]
        assert len(list(log.entries(log.begins))) == len(told.entries) + 2
    path.write_bytes(content)
    with contextlib.closing(EventLog(path)) as log:
        assert log.app == "shop"
        assert len(list(log.entries(log.begins))) == 2


def test_two_do_not_write_one_log(tmp_path: Path) -> None:
    entries = busy().entries
    path = tmp_path / "x.jsonl.zst"
    first, second = writer(path), writer(path)
    first.write(entries[:10], entries[0].at)
    for _ in range(2):
        with pytest.raises(HistoryError, match="another recorder is writing it"):
            second.write(entries[:5], entries[0].at)
    first._part_bytes = 1
    first.write(entries[10:20], entries[10].at)
    with pytest.raises(HistoryError, match="another recorder is writing it"):
        second.write(entries[:5], entries[0].at)
    assert len(read(path)) == 20
    first.close()
    second.write(entries[20:25], entries[20].at)
    second.close()
    assert names(tmp_path) == ["x.2.jsonl.zst", "x.3.jsonl.zst", path.name]
    assert [one.at for one in read(path)] == [one.at for one in entries[:25]]


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name, said in (("pipe", "is not a regular file"), ("link", "is a symbolic link")):
        with pytest.raises(HistoryError, match=f"{name}: {said}"):
            writer(tmp_path / name).write([], 0.0)
    assert names(tmp_path) == ["link", "pipe"]
