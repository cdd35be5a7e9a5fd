"""`celerytui results`: lines, table, streaming, and what is said beside them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.test_cli import finish, spawn, write
from tests.waiting import wait_until


def keep(folder: Path, count: int, **more: Any) -> None:
    for number in range(count):
        meta = {
            "task_id": f"id-{number:05}",
            "status": "FAILURE" if number % 10 == 9 else "SUCCESS",
            "name": "shop.add",
            "result": number,
            "date_done": f"2026-01-01T10:{number // 60 % 60:02}:{number % 60:02}",
            **more,
        }
        path = folder / f"celery-task-meta-id-{number:05}"
        path.write_text(json.dumps(meta))
        os.utime(path, (number, number))


def results(folder: Path, *args: str) -> tuple[int, str, str]:
    command = ("-m", "celerytui", "results", "--backend", f"file://{folder}", *args)
    return finish(spawn(*command, folder=folder))


def test_a_line_of_json_each_the_newest_first(tmp_path: Path) -> None:
    keep(tmp_path, 25)
    code, out, err = results(tmp_path, "--jsonl")
    assert (code, err) == (0, "")
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["id"] for line in lines] == [f"id-{n:05}" for n in reversed(range(25))]
    assert lines[0]["result"] == 24
    code, out, _ = results(tmp_path, "--jsonl", "--filter", "state:failure", "--limit", "1")
    assert [json.loads(line)["id"] for line in out.splitlines()] == ["id-00019"]
    code, out, _ = results(tmp_path, "--jsonl", "--since", "1s")
    assert (code, out) == (0, "")


def test_a_table_of_the_newest(tmp_path: Path) -> None:
    keep(tmp_path, 120)
    code, out, err = results(tmp_path)
    assert (code, err) == (0, "")
    assert out.startswith("RESULTS, the newest 100, in file:///")
    assert len(out.splitlines()) == 102
    code, out, _ = results(tmp_path, "--filter", "name:none")
    assert code == 0
    assert "No results match." in out


def test_what_cannot_be_decoded_is_counted_on_stderr(tmp_path: Path) -> None:
    keep(tmp_path, 2)
    (tmp_path / "celery-task-meta-bad").write_bytes(b"{\xff\x1b[31m")
    code, out, err = results(tmp_path, "--jsonl")
    assert code == 0
    assert len(out.splitlines()) == 3
    assert err == (
        "celerytui: 1 result could not be decoded whole; the first is bad: not valid json:"
        " JSONDecodeError\n"
    )


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("--backend", "nothing"), 2, "--backend nothing: not a URL"),
        (("--backend", "redis://u:s3cret-word@127.0.0.1:1/0"), 69, "u:**@127.0.0.1:1"),
        (("--backend", "file:///tmp", "--since", "soon"), 2, "--since 'soon': not how long ago"),
        ((), 69, "the app has no result backend"),
    ],
)
def test_mistakes(tmp_path: Path, args: tuple[str, ...], code: int, said: str) -> None:
    found, out, err = finish(spawn("-m", "celerytui", "results", *args, folder=tmp_path))
    assert (found, out) == (code, "")
    assert said in err
    assert "s3cret-word" not in err
    assert "Traceback" not in err


def test_only_the_lines_are_on_stdout_and_the_broker_is_not_asked(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    keep(tmp_path / "kept", 3)
    write(
        tmp_path,
        "noisy_app",
        "from celery import Celery\nprint('NOISE')\n"
        "app = Celery('noisy', broker='amqp://guest@127.0.0.1:1//')\n"
        f"app.conf.result_backend = 'file://{tmp_path}/kept'\n",
    )
    command = ("-m", "celerytui", "-A", "noisy_app", "results", "--jsonl")
    code, out, err = finish(spawn(*command, folder=tmp_path))
    assert code == 0, err
    assert [json.loads(line)["id"] for line in out.splitlines()] == [
        "id-00002",
        "id-00001",
        "id-00000",
    ]
    assert "NOISE" in err
    # As a command of celery.
    plugin = ("-m", "celery", "-A", "noisy_app", "tui", "results", "--jsonl")
    code, out, err = finish(spawn(*plugin, folder=tmp_path))
    assert code == 0, err
    assert len([line for line in out.splitlines() if line.startswith("{")]) == 3


def running(folder: Path) -> subprocess.Popen[bytes]:
    """The command with more to write than a pipe holds."""
    keep(folder, 400, args=["x" * 5_000])
    command = [sys.executable, "-m", "celerytui", "results", "--jsonl"]
    return subprocess.Popen(
        [*command, "--backend", f"file://{folder}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
    )


def test_a_reader_that_has_seen_enough_ends_it_quietly(tmp_path: Path) -> None:
    with running(tmp_path) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b'{"id": ')
        process.stdout.close()
        wait_until(lambda: process.poll() is not None, 20, "it to end")
        assert (process.returncode, process.stderr.read()) == (1, b"")


def test_an_interrupt_ends_it_without_a_traceback(tmp_path: Path) -> None:
    with running(tmp_path) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b'{"id": ')
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        wait_until(lambda: process.poll() is not None, 20, "it to end")
        assert (process.returncode, process.stderr.read()) in ((130, b""), (-signal.SIGINT, b""))
