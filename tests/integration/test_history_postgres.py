"""A history on PostgreSQL: what is written is found, by every filter, once, as in SQLite."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.errors import HistoryError
from celerytui.history.flush import AlertChange, Flush, Gap
from celerytui.history.history import StandsBy
from celerytui.history.postgres import walk
from celerytui.history.postgres.rows import as_bytes, from_bytes
from celerytui.model import Alert, Lineage, Mark, Queue, Task, TaskExtra, TaskState, Worker
from celerytui.query import parse_filter
from celerytui.settings import Keeping
from tests.integration.databases import PostgresServer
from tests.integration.postgres_history import found, place_at, record, run, writer_at
from tests.unit import history_tasks
from tests.unit.history_tasks import DAY, T0, ended, tasks
from tests.unit.test_history_reading import NOW, TERMS, everything, queries

everything = everything
FAILURE, SUCCESS, STARTED = TaskState.FAILURE, TaskState.SUCCESS, TaskState.STARTED


@pytest.fixture
def url(postgres_server: PostgresServer) -> str:
    """An empty database."""
    return postgres_server.fresh_url()


@pytest.fixture(scope="module")
def scratch(postgres_server: PostgresServer) -> str:
    """A database whose history is emptied again and again."""
    url = postgres_server.fresh_url()
    record(url, [])
    return url


@pytest.fixture(scope="module")
def same(postgres_server: PostgresServer, everything: Path) -> str:
    """A database with what the folder `everything` has."""
    url = postgres_server.fresh_url()
    record(url, [history_tasks.found(everything, "", NOW)])
    return url


def in_order(some: list[Task]) -> list[Task]:
    """As any history gives them, and in one order those that were seen at the same time."""
    return sorted(some, key=lambda one: (one.state.finished, -one.seen, one.id))


@settings(deadline=None, max_examples=10)
@given(
    some=st.lists(tasks, max_size=12, unique_by=lambda task: task.id),
    texts=st.lists(queries, min_size=8, max_size=8),
)
def test_a_filter_finds_the_same_in_sqlite_in_postgresql_and_in_memory(
    scratch: str, some: list[Task], texts: list[str]
) -> None:
    run(scratch, "DELETE FROM open; DELETE FROM tasks; DELETE FROM words; DELETE FROM tracebacks")
    with tempfile.TemporaryDirectory() as folder:
        record(scratch, [some[:5], some[5:]])
        history_tasks.record(Path(folder), [some[:5], some[5:]])
        there = found(scratch, "", NOW)
        assert in_order(there) == in_order(history_tasks.found(Path(folder), "", NOW))
        for text in texts:
            expected = parse_filter(text).select(there, NOW)
            assert found(scratch, text, NOW) == expected, text
            assert in_order(history_tasks.found(Path(folder), text, NOW)) == in_order(expected)


def test_each_term_finds_the_same(same: str, everything: Path) -> None:
    there = found(same, "", NOW)
    assert in_order(there) == in_order(history_tasks.found(everything, "", NOW))
    assert len(there) == 300
    history = place_at(same).reader()
    for text in (*TERMS, *(f"NOT ({text})" for text in TERMS)):
        wanted = parse_filter(text)
        tasks = [task for step in history.search(wanted, NOW) for task in step.tasks]
        assert tasks == wanted.select(there, NOW), text
    history.close()


def test_a_search_is_bounded_and_says_how_far_it_is(
    same: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = found(same, "", NOW, since=T0 + 100, until=T0 + 200)
    # One that has not ended is found whatever since.
    ended_then = {task.seen for task in inside if task.state.finished}
    times = {T0 + second for second in range(100, 200) if second % 11 >= SUCCESS}
    assert ended_then == times
    assert all(task.seen < T0 + 200 for task in inside)
    monkeypatch.setattr(walk, "FIRST", 10)
    monkeypatch.setattr(walk, "MOST", 10)
    history = place_at(same).reader()
    steps = [step for step in history.search(parse_filter("args:nothing"), NOW) if step.looked_at]
    history.close()
    assert len(steps) > 10
    moments = [step.back_to for step in steps if step.back_to is not None]
    assert moments == sorted(moments, reverse=True)
    assert [step.looked_at for step in steps] == sorted(step.looked_at for step in steps)
    assert all(step.looked_at <= step.rows for step in steps)


@given(st.text(max_size=40) | st.binary(min_size=16, max_size=16))
def test_an_id_is_the_same_again(stored: str | bytes) -> None:
    if isinstance(stored, str):
        stored = stored.encode("utf-8", "replace").decode().replace("\0", "")
    assert from_bytes(as_bytes(stored)) == stored


# What is written again


def test_of_a_task_there_is_one_record_however_often_it_is_written(url: str) -> None:
    lost = ended(1, T0 - 3 * DAY, TaskState.LOST, args="(1,)")
    today, open_again = ended(2, T0, FAILURE), ended(3, T0)
    record(url, [[lost, today, open_again]], T0)
    late = ended(1, T0 + 1, SUCCESS)
    late.received = late.sent = T0 - 3 * DAY
    open_again.state, open_again.seen = STARTED, T0 + 5
    behind = ended(2, T0 - 9, STARTED)
    record(url, [[late], [open_again, behind]])
    states = {(one.id, one.state) for one in found(url)}
    assert states == {(lost.id, SUCCESS), (today.id, FAILURE), (open_again.id, STARTED)}
    assert run(url, "SELECT count(*), count(DISTINCT task) FROM tasks") == [(2, 2)]


def test_what_is_not_known_any_longer_is_kept(url: str) -> None:
    begun = ended(1, T0, STARTED, args="(1,)", queue="high", lineage=Lineage("order-1", None))
    record(url, [[begun]])
    end = ended(1, T0 + 1, name=None)
    end.received = end.started = None
    record(url, [[end]])
    (task,) = found(url)
    assert (task.state, task.name, task.args, task.queue) == (SUCCESS, "shop.pay", "(1,)", "high")
    assert (task.lineage, task.received) == (Lineage("order-1", None), begun.received)


def test_a_row_that_the_database_refuses_costs_itself_alone(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    record(url, [])
    run(
        url,
        "CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF NEW.args = 'odd' THEN RAISE EXCEPTION 'odd' USING ERRCODE = '22003'; END IF;"
        " RETURN NEW; END $$;"
        " CREATE TRIGGER odd BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION odd()",
    )
    some = [ended(number, T0 + number) for number in range(9)]
    some[4].args, some[5].retries = "odd", 2**70
    writer = writer_at(url)
    workers = [Worker("w1@h", T0, T0, processed=2**80)]
    assert writer.write(Flush(some, workers, marks=[Mark(T0, "deploy", "me")]), T0) == 7
    assert writer.flawed == 2
    writer.close(T0)
    assert len(found(url)) == 7
    assert place_at(url).report().dropped == 2
    assert run(url, "SELECT text FROM marks") == [("deploy",)]
    assert "a task cannot be recorded" in caplog.text


def test_what_happens_is_written(url: str) -> None:
    writer = writer_at(url)
    alert = Alert("x", "w1", "warning", T0, "text")
    writer.write(
        Flush(
            workers=[Worker("w1@h", T0, T0, loadavg=(1.0, 2.0, 3.0))],
            queues=[Queue("high", ready=3)],
            gaps=[Gap(T0 - 9, None, "no connection"), Gap(T0 - 9, T0 - 5, "no connection")],
            marks=[Mark(T0, "deploy", "me")],
            actions=[(T0, "{}")],
            alerts=[AlertChange(True, alert)],
            dropped=7,
        ),
        T0,
    )
    assert writer.size > 100_000
    writer.close(T0)
    for table in ("workers", "queues", "marks", "actions", "alerts"):
        assert run(url, f"SELECT count(*) FROM {table}") == [(1,)], table
    report = place_at(url).report()
    assert report.gaps == [(T0 - 9, T0 - 5, "no connection")]
    assert report.dropped == 7


# How long it is kept


def test_successes_go_by_their_own_age_and_all_space_comes_back(url: str) -> None:
    days = [T0 - day * DAY for day in (0, 1, 2, 4, 5, 40)]
    some = [
        ended(2 * number + other, at, FAILURE if other else SUCCESS, args="x" * 2000)
        for number, at in enumerate(days)
        for other in (0, 1)
    ]
    # By a clock that is wrong, as the one of 40 days ago: as if it had been seen now.
    odd = [ended(90, T0 + 900 * DAY), ended(91, 5.0, FAILURE), ended(92, float("nan"))]
    # Nothing is known of when the last one was.
    writer = writer_at(url)
    writer.write(Flush(tasks=[*some, *odd]), T0)
    before = writer.size
    steps = sum(1 for _ in writer.pruning(T0))
    assert writer.size < before
    assert steps > 24
    left = {(task.state, task.seen) for task in found(url)}
    assert left == {
        *((SUCCESS, at) for at in days[:3]),
        *((FAILURE, at) for at in days[:5]),
    }
    # Beyond its size the oldest successes go, then the oldest of the rest; today stays.
    small = writer_at(url, Keeping(size=1))
    with pytest.raises(StandsBy):
        small.prune_alone(T0)
    writer.close(T0)
    assert small.prune_alone(T0).removed[0] == "tasks_success_20231112"
    assert [task.seen for task in found(url)] == [T0] * 6


def test_names_that_nothing_uses_any_longer_go(url: str) -> None:
    record(url, [[ended(1, T0, FAILURE, name="old", extra=TaskExtra(traceback="old"))]])
    writer = writer_at(url)
    later = T0 + 33 * DAY
    writer.write(Flush(tasks=[ended(2, later, name="new")]), later)
    list(writer.pruning(later))
    writer.close(later)
    assert run(url, "SELECT text FROM words WHERE kind = 0") == [("new",)]
    assert run(url, "SELECT count(*) FROM tracebacks") == [(0,)]
    assert place_at(url).report().rows == 1


def test_what_is_wrong_in_it_is_found(url: str) -> None:
    record(url, [[ended(1, T0), ended(2, T0, FAILURE)]])
    assert all(faults == [] for _, faults in place_at(url).verify())
    run(url, "DELETE FROM words; INSERT INTO tasks SELECT * FROM tasks_other")
    faults = dict(place_at(url).verify())
    assert faults["tasks_other_20231114"] == [
        "2 tasks without a name that is known",
        "2 tasks that are there twice",
    ]


# Which history


def test_each_app_and_broker_has_a_schema_of_its_own(url: str) -> None:
    with pytest.raises(HistoryError, match=r"no history in .*: nothing was recorded there"):
        place_at(url).reader()
    record(url, [[ended(1, T0)]])
    record(f"{url}?schema=other", [[ended(2, T0), ended(3, T0)]])
    assert len(found(url)) == 1
    assert len(found(f"{url}?connect_timeout=2&schema=other")) == 2


@pytest.mark.parametrize("few", [2, 20_000], ids=["more than few", "few"])
def test_what_took_long_is_found_back_to_the_oldest(
    url: str, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """It is looked for in spans of days, and nothing is found twice or in none of them."""
    monkeypatch.setattr(walk, "FEW", few)
    monkeypatch.setattr(walk, "MOST_DAYS", 16)
    now, day = T0, DAY
    ages = [0, 0.1, 0.9, 1, 1.5, 3, 4, 5, 16, 17, 29]
    keeping = Keeping(successes=100 * day, others=100 * day)
    writer = writer_at(url, keeping, started=now - 40 * day)
    some = [
        ended(number, now - age * day, runtime=20.0 + number) for number, age in enumerate(ages)
    ]
    writer.write(Flush(tasks=some), now)
    writer.close(now)
    assert [task.runtime for task in found(url, "runtime:>22", now)] == [
        20.0 + number for number in range(3, len(ages))
    ]
    with contextlib.closing(place_at(url).reader()) as history:
        steps = list(history.search(parse_filter("runtime:>99"), now))
    assert steps[-1].looked_at == steps[-1].rows
    since = now - 5 * day
    assert len(found(url, "runtime:>1", now, since=since)) == 8


@pytest.fixture
def plans(url: str) -> Callable[[str], list[str]]:
    """How the statements for the first rows of a query are planned, over 5,000 tasks."""
    now = time.time()
    writer = writer_at(url, started=now)
    some = [ended(number, now - number, SUCCESS if number % 9 else FAILURE, name=f"n{number % 50}")
            for number in range(5_000)]  # fmt: skip
    some += [ended(5_000 + number, now - number, name="never.fails") for number in range(500)]
    writer.write(Flush(tasks=some), now)
    writer.close(now)
    execute = psycopg.Connection.execute

    def planned(text: str) -> list[str]:
        found: list[str] = []

        def explained(link: Any, query: Any, *args: Any, **more: Any) -> Any:
            if b" FROM tasks WHERE" in bytes(query if isinstance(query, bytes) else b""):
                lines = execute(link, b"EXPLAIN " + query, *args).fetchall()
                found.append("\n".join(line for (line,) in lines))
            return execute(link, query, *args, **more)

        history = place_at(url).reader()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(psycopg.Connection, "execute", explained)
            next(iter(history.search(parse_filter(text), now)), None)
        history.close()
        return found

    return planned


@pytest.mark.parametrize(
    "query", ["state:failure", "name:n7", "-state:success", "runtime:>10 name:n7", "id:000"]
)
def test_a_question_goes_by_an_index(plans: Callable[[str], list[str]], query: str) -> None:
    """The plans for a first screen read no table through, whatever is known of it."""
    found = plans(query)
    assert found
    assert not [plan for plan in found if "Seq Scan" in plan]


@pytest.mark.parametrize("query", ["name:never.fails state:failure", "name:n* -state:success"])
def test_failures_of_a_name_are_not_looked_for_among_successes(
    plans: Callable[[str], list[str]], query: str
) -> None:
    found = plans(query)
    assert found
    assert not [plan for plan in found if "tasks_success" in plan or "Seq Scan" in plan]


def test_for_many_names_there_are_no_more_statements(plans: Callable[[str], list[str]]) -> None:
    assert len(plans("name:n1")) == len(plans("name:n*")) == len(plans("name:never.fails")) == 2
