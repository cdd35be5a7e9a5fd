"""How the engine's threads start side by side in a process that has imported nothing of Celery."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

OTHERS = ("celery.", "kombu.", "redis.", "amqp.", "celerytui.")

APART = ("celerytui.schedule", "celerytui.read_only_sql", "celerytui.sql_limits")
"""What the schedule's thread imports while others import: these, and nothing else of `OTHERS`."""

START = (
    f"OTHERS, APART = {OTHERS!r}, {APART!r}"
    + """
import sys, threading, time
from importlib.machinery import PathFinder

running, overlaps, lock = {}, set(), threading.Lock()

class Watch:
    def find_spec(self, name, path=None, target=None):
        if not name.startswith(OTHERS) or name.startswith(APART):
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is not None:
            run = spec.loader.exec_module
            def watched(module):
                me = threading.get_ident()
                with lock:
                    overlaps.update((name, *names) for who, names in running.items() if who != me)
                    running[me] = (*running.get(me, ()), name)
                try:
                    run(module)
                finally:
                    with lock:
                        running[me] = running[me][:-1]
                        if not running[me]:
                            del running[me]
            spec.loader.exec_module = watched
        return spec

from celerytui import connect
from celerytui.engine import Engine
from celerytui.settings import Settings

broker, results, at_once = sys.argv[1:]
app = connect.lazy_app(connect.PreloadOptions(broker=broker, result_backend=results or None))
assert app is not None
engine = Engine(app, Settings())
sys.meta_path.insert(0, Watch())
sys.setswitchinterval(1e-5)
engine.start()
answers = []
if at_once:
    engine.read_groups("asked-at-once", None, answers.append)
deadline = time.monotonic() + 250
while not (engine.link.next_try and any(queue.error for queue in engine.store.queues())):
    assert time.monotonic() < deadline, engine.link
    time.sleep(0.01)
while not engine.results_ahead.done.is_set() or (at_once and not answers):
    assert time.monotonic() < deadline, "no end of importing"
    time.sleep(0.01)
engine.stop()
assert engine.steps.trouble is None, engine.steps.trouble
print(sorted(overlaps), *sorted({"sqlalchemy", "celery.backends.redis"} & set(sys.modules)))
"""
)

SCHEDULE = """
import sys
from celerytui import connect, engine

before = set(sys.modules)
import celerytui.schedule

print(*sorted(set(sys.modules) - before))
"""

SQLALCHEMY = """
import collections.abc, sys, threading

from celerytui.history import condition, schema
from celerytui.history.postgres.schema import migrations_from
from celerytui.query import parse_filter
from celerytui.read_only_sql import engine_of
from pathlib import Path

folder, failed = Path(sys.argv[1]), []

def segment(): schema.create(folder / "new.db").close()
def search(): condition.condition_of(parse_filter("args:x"), {}, dict, 0.0).compiled("sqlite")
def migrate(): migrations_from(0, "here")
def read(): engine_of("sqlite:///x", {})
def backend(): import celery.backends.database

def tried(work):
    try:
        begin.wait()
        work()
    except BaseException as error:
        failed.append(repr(error))

works = (segment, search, migrate, read, backend)
begin = threading.Barrier(len(works))
threads = [threading.Thread(target=tried, args=(work,)) for work in works]
assert "sqlalchemy" not in sys.modules
sys.setswitchinterval(1e-5)
for thread in threads: thread.start()
for thread in threads: thread.join()
print(failed)
"""


@pytest.mark.parametrize(
    ("scheme", "results", "at_once", "needed"),
    [
        ("redis", "db+sqlite:////nowhere/results.sqlite3", "", " sqlalchemy"),
        ("redis", "db+sqlite:////nowhere/results.sqlite3", "asked", " sqlalchemy"),
        ("amqp", "redis://127.0.0.1:1/0", "asked", " celery.backends.redis"),
        ("amqp", "", "", ""),
    ],
)
def test_one_thread_at_a_time_imports(scheme: str, results: str, at_once: str, needed: str) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"{scheme}://127.0.0.1:{held.getsockname()[1]}/0"
        done = subprocess.run(
            [sys.executable, "-c", START, url, results, at_once],
            capture_output=True,
            text=True,
            timeout=300,
        )

    # And what the result backend needs is there before anybody asks for a result.
    assert done.stdout == f"[]{needed}\n", done.stdout + done.stderr


def test_the_schedule_imports_nothing_that_other_threads_may_be_importing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCHEDULE], capture_output=True, text=True, timeout=300, check=True
    )

    watched = [name for name in done.stdout.split() if name.startswith(OTHERS)]
    assert watched
    assert [name for name in watched if not name.startswith(APART)] == []


def test_threads_that_import_sqlalchemy_side_by_side_find_it_whole(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SQLALCHEMY, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert done.stdout == "[]\n", done.stdout + done.stderr
