"""How soon results show their first screen, and what reading all of them takes.

Usage: python -m benchmarks.results [--count N] [backend ...]

Backends are redis, sqlite, postgresql (Celery's own tables), django-sqlite and django-postgresql.
Each is filled with N results of which a hundredth failed. `command` is `celerytui results` from its
start to its end, as it prints the newest 100, the best of three; all else is read by a process of
its own. `opened` is from the question to the first screen (50 results) of a monitor, which has
imported the database's libraries a second after its start, as the first question of that process;
`cold` the same where it has to import them first, `first` the same once more. `failed` and
`name` are to the first 50 results that match `state:failure` and `name:rare`, of which there are a
few hundred. `all` reads and decodes all of them; `held` is by how much the process grew meanwhile
at the most. `counted` is what the database's own count says.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from tests.integration.databases import PostgresServer
from tests.integration.servers import REPO, RedisServer, Server

BACKENDS = ("redis", "sqlite", "postgresql", "django-sqlite", "django-postgresql")
PAGE, SCREEN = 250, 50
TRIES = 3
DJANGO = "tests.integration.django_project"
TRACEBACK = "Traceback (most recent call last):\n" + '  File "/app/shop/pay.py", line 7\n' * 12
COLUMNS = ("id", "name", "state", "result", "traceback", "done", "args")


def rows(count: int) -> Iterator[dict[str, Any]]:
    """Results as a backend has them, the oldest first."""
    start = datetime.now(timezone.utc) - timedelta(seconds=count)
    for number in range(count):
        failed = number % 100 == 99
        error = {"exc_type": "PayError", "exc_message": [f"card {number}"], "exc_module": "shop"}
        value = error if failed else {"order": number, "state": "paid", "lines": [1, 2, 3]}
        yield {
            "id": f"{number:08x}-0000-4000-8000-{number * 7919 % 16**12:012x}",
            "name": "shop.rare.task" if number % 331 == 0 else f"shop.pay.step{number % 20}",
            "state": "FAILURE" if failed else "SUCCESS",
            "result": value,
            "traceback": TRACEBACK if failed else None,
            "done": start + timedelta(seconds=number),
            "args": [number, "tok_visa"],
        }


def fill_redis(url: str, count: int) -> int:
    """The number of keys."""
    import redis

    client = redis.Redis.from_url(url)
    pipeline = client.pipeline(transaction=False)
    for row in rows(count):
        meta = {
            "status": row["state"],
            "result": row["result"],
            "traceback": row["traceback"],
            "children": [],
            "date_done": row["done"].isoformat(),
            "name": row["name"],
            "args": row["args"],
            "kwargs": {},
            "worker": "celery@w1",
            "retries": 0,
            "queue": "celery",
            "task_id": row["id"],
            "parent_id": None,
        }
        pipeline.set(f"celery-task-meta-{row['id']}", json.dumps(meta), ex=86_400)
        if len(pipeline) >= 5_000:
            pipeline.execute()
    pipeline.execute()
    counted = int(client.dbsize())
    client.close()
    return counted


def fill_sql(url: str, count: int) -> int:
    """Rows of Celery's own table, made as Celery makes it."""
    import sqlalchemy as sa
    from celery import Celery

    app = Celery("filling", backend=f"db+{url}", set_as_current=False)
    app.conf.result_extended = True
    app.backend.store_result("first", None, "SUCCESS")
    engine = sa.create_engine(url)
    table = app.backend.task_cls.__table__
    with engine.begin() as connection:
        connection.execute(table.delete())
        for part in _parts(count):
            values = [
                {
                    "task_id": row["id"],
                    "status": row["state"],
                    "name": row["name"],
                    "result": json.dumps(row["result"]).encode(),
                    "worker": "celery@w1",
                    "traceback": row["traceback"],
                    "args": json.dumps(row["args"]).encode(),
                    "date_done": row["done"].replace(tzinfo=None),
                    "kwargs": b"{}",
                }
                for row in part
            ]
            connection.execute(table.insert(), values)
    with engine.connect() as connection:
        counted = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
    engine.dispose()
    return int(counted)


def fill_django(url: str, count: int) -> int:
    """Rows of django-celery-results' table, which its migrations have made."""
    import sqlalchemy as sa

    engine = sa.create_engine(url)
    name = "django_celery_results_taskresult"
    table = sa.Table(name, sa.MetaData(), autoload_with=engine)
    with engine.begin() as connection:
        for part in _parts(count):
            values = [
                {
                    "task_id": row["id"],
                    "status": row["state"],
                    "task_name": row["name"],
                    "result": json.dumps(row["result"]),
                    "content_type": "application/json",
                    "content_encoding": "utf-8",
                    "traceback": row["traceback"],
                    "task_args": json.dumps(str(tuple(row["args"]))),
                    "task_kwargs": '"{}"',
                    "date_created": row["done"],
                    "date_done": row["done"],
                    "worker": "celery@w1",
                    "meta": '{"children": []}',
                }
                for row in part
            ]
            connection.execute(table.insert(), values)
    with engine.connect() as connection:
        counted = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
    engine.dispose()
    return int(counted)


def _parts(count: int) -> Iterator[list[dict[str, Any]]]:
    part: list[dict[str, Any]] = []
    for row in rows(count):
        part.append(row)
        if len(part) == 5_000:
            yield part
            part = []
    if part:
        yield part


def opened(url: str) -> Any:
    """The app's source: that of the Django project where there is one."""
    from celerytui.results import open_source, open_url

    if "PROJECT_DATABASES" not in os.environ:
        return open_url(url)
    from celerytui.connect import import_task_modules
    from tests.integration.django_project import app

    import_task_modules(app)
    return open_source(app)


def measure(url: str, *, ahead: bool) -> dict[str, float]:
    """What one process measures of a filled backend, the libraries imported `ahead` or not."""
    from celerytui.query import parse_filter
    from celerytui.results import wanted

    source = opened(url)
    if ahead:
        source.prepare()
    now = time.time()

    def seconds_to(query: str, many: int) -> float:
        began = time.perf_counter()
        asked, found = wanted(parse_filter(query), now), 0
        for page in source.pages(asked, PAGE):
            found += sum(asked.admits(one) for one in page.results)
            if found >= many:
                break
        return time.perf_counter() - began

    if ahead:
        return {"opened": seconds_to("", SCREEN)}
    measured = {
        "cold": seconds_to("", SCREEN),
        "first": seconds_to("", SCREEN),
        "failed": seconds_to("state:failure", SCREEN),
        "name": seconds_to("name:rare", SCREEN),
    }
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, read = time.perf_counter(), 0
    for page in source.pages(wanted(), 2_000):
        read += len(page.results)
    measured["all"] = time.perf_counter() - began
    measured["read"] = read
    measured["held"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    source.close()
    return measured


@contextmanager
def backend(name: str, count: int, folder: Path) -> Iterator[tuple[str, int, dict[str, str]]]:
    """The URL of a filled backend, how many results it counts, and the reader's environment."""
    server: Server | None = None
    if name == "redis":
        server = RedisServer(folder)
    elif name.endswith("postgresql"):
        server = PostgresServer(folder)
    try:
        if server is not None:
            server.start()
        url = f"sqlite:///{folder}/results.sqlite3" if server is None else server.fresh_url()
        env: dict[str, str] = {}
        if name == "redis":
            counted = fill_redis(url, count)
        elif not name.startswith("django"):
            counted = fill_sql(url, count)
        else:
            env["PROJECT_DATABASES"] = json.dumps({"default": _database(url, server)})
            _python(env, "-m", f"{DJANGO}.manage", "migrate", "-v", "0")
            counted = fill_django(url, count)
        if isinstance(server, PostgresServer):
            server.execute("VACUUM ANALYZE", url.rpartition("/")[2])
        yield url, counted, env
    finally:
        if server is not None:
            server.stop()


def _database(url: str, server: Server | None) -> dict[str, Any]:
    if server is None:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": url.removeprefix("sqlite:///")}
    name = url.rpartition("/")[2]
    address = {"HOST": "127.0.0.1", "PORT": server.port, "USER": "owner"}
    return {"ENGINE": "django.db.backends.postgresql", "NAME": name, **address}


def _python(env: dict[str, str], *args: str) -> str:
    done = subprocess.run(
        [sys.executable, *args],
        env=os.environ | env,
        cwd=REPO,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def _command(url: str, env: dict[str, str]) -> float:
    """Seconds that `celerytui results` takes."""
    found = []
    for _ in range(TRIES):
        began = time.perf_counter()
        if env:
            _python(env, "-m", "celerytui", "-q", "-A", DJANGO, "results")
        else:
            _python(env, "-m", "celerytui", "-q", "results", "--backend", url)
        found.append(time.perf_counter() - began)
    return min(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("backends", nargs="*", default=BACKENDS)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--measure", metavar="URL", help=argparse.SUPPRESS)
    parser.add_argument("--ahead", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(given.measure, ahead=given.ahead)))
        return
    print(
        f"{'backend':<18}{'results':>9}{'counted':>9}{'command':>9}{'opened':>8}{'cold':>8}"
        f"{'first':>8}{'failed':>8}{'name':>8}{'all':>8}{'a second':>10}{'held':>7}"
    )
    for name in given.backends:
        with tempfile.TemporaryDirectory() as folder:
            with backend(name, given.count, Path(folder)) as (url, counted, env):
                asked = ("-m", "benchmarks.results", "--measure", url)
                found = json.loads(_python(env, *asked))
                found |= json.loads(_python(env, *asked, "--ahead"))
                command = _command(url, env)
            took = f"{command * 1000:7,.0f}ms"
            took += "".join(f"{found[one] * 1000:6,.0f}ms" for one in ("opened", "cold", "first"))
            took += "".join(f"{found[one] * 1000:6,.0f}ms" for one in ("failed", "name"))
            print(
                f"{name:<18}{found['read']:>9,}{counted:>9,}{took}{found['all']:7.1f}s"
                f"{found['read'] / found['all']:>10,.0f}{found['held']:5.0f}MB",
                flush=True,
            )


if __name__ == "__main__":
    main()
