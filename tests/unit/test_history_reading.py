"""A filter finds in a history what it finds in memory."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.errors import HistoryError
from celerytui.history import newer, reading, walk
from celerytui.history.condition import NOTHING
from celerytui.history.flush import Flush
from celerytui.history.folder import Folder
from celerytui.history.reading import SegmentHistory
from celerytui.history.report import rebuild
from celerytui.history.translate import Translation
from celerytui.model import OWN_ROOT, Lineage, Task, TaskExtra, TaskState
from celerytui.query import parse_filter, quoted
from tests.unit.history_tasks import DAY, T0, ended, found, record, tasks, writer

TERMS = (
    "state:failure", "state:success", "-state:success", "state:s*", "state:retry,revoked",
    "name:shop", "name:shop.*.send", "name:/^x$/", "name:nothing", "-name:shop.pay", "name:*",
    "worker:web-1", "worker:billing@web-1", "queue:high", "queue:ünï",
    "retries:>2", "retries:0", "retries:*", "-retries:<=3",
    "runtime:>1", "runtime:<=20s", "runtime:>10", "runtime:*", "-runtime:>1.5", "wait:>1",
    "wait:*", "wait:<100", "ended:<1h", "ended:>1s", "age:<30d", "eta:*", "eta:>2023-11-14",
    "sent:>2023-11-14T22:13:30Z", "received:*", "-started:<2023-11-15", "finished:<=-1s",
    "args:gross", "args:50%", "args:f_", "args:/a.b/", 'args:"a\\\\b"', "kwargs:card",
    "kwargs.user:7", "kwargs.card:4*", "kwargs.card:>4000", "result:no", "exception:valueerror",
    "exception:*", "traceback:error", "traceback:*", "-traceback:b", "failure:*",
    "retries:>2.5", "retries:<99999999999", "runtime:<99999999s", "-sent:>9999-01-01",
    "args:!_", "args:off_*", "args:?_", 'args:"a\0b"', '"a\0"', "kwargs.a\0b:1", "kwargs.u_er:7",
    "shop", "a*b", '"(1,"', "5f0c", "order-1", "ä", "id:0", "id:5f0c", "id:order", "id:7*", "id:*",
    "root:*", "root:0", "parent:order-1", "parent:*",
)  # fmt: skip

awkward = st.text("ab!_%\\*?'\"(1ÄO\0", min_size=1, max_size=4)
terms = st.sampled_from(TERMS) | st.builds(
    "{}{}".format,
    st.sampled_from(("", "args:", "result:", "kwargs:", "name:")),
    awkward.map(quoted),
)
queries = st.recursive(
    terms,
    lambda inner: (
        st.tuples(inner, inner).map(" ".join)
        | st.tuples(inner, inner).map(lambda two: f"({two[0]} OR {two[1]})")
        | inner.map(lambda one: f"NOT ({one})")
    ),
    max_leaves=4,
)
NOW = T0 + 2_500.0


@settings(deadline=None, max_examples=10)
@given(
    st.lists(tasks, max_size=12, unique_by=lambda task: task.id),
    st.lists(queries, min_size=8, max_size=8),
    st.integers(4, 12),
)
def test_a_search_finds_what_the_filter_lets_through(
    some: list[Task], texts: list[str], most_rows: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        record(place, [some[:5], some[5:]], most_rows=most_rows)
        everything = found(place, "", NOW)
        assert {task.id for task in everything} == {task.id for task in some}
        for text in texts:
            expected = parse_filter(text).select(everything, NOW)
            assert found(place, text, NOW) == expected, text


@pytest.mark.parametrize("text", TERMS)
def test_each_term_finds_the_same(text: str, everything: Path) -> None:
    expected = parse_filter(text).select(found(everything, "", NOW), NOW)
    assert found(everything, text, NOW) == expected
    negated = f"NOT ({text})"
    rest = parse_filter(negated).select(found(everything, "", NOW), NOW)
    assert found(everything, negated, NOW) == rest
    assert len(rest) + len(expected) == 300


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 tasks of all kinds, in three segments."""
    folder = tmp_path_factory.mktemp("history")
    some = [ended(number, T0 + number) for number in range(300)]
    names = ("shop.pay", "shop.mail.send", "x", "billing@web-1", None)
    for number, task in enumerate(some):
        task.state = TaskState(number % 11)
        task.name, task.worker = names[number % 5], names[number % 4]
        task.queue = ("high", "ünï", None)[number % 3]
        task.args = ("(1, 'a')", "GROSS", "50% off_", "a\\b", None)[number % 5]
        task.kwargs = ("{'user': 7, 'card': '4111'}", "{}", None)[number % 3]
        task.retries = (None, 0, 3, 5)[number % 4]
        task.runtime = number / 10
        task.sent = None if number % 7 else T0 - number
        task.lineage = (None, OWN_ROOT, Lineage("order-1", some[0].id))[number % 3]
        if number % 2:
            task.extra = TaskExtra(exception="ValueError('no')", eta=T0, worker_shift=2.0)
        if number % 6 == 1:
            task.extra = TaskExtra(traceback="Traceback:\n b\nError")
        if number % 50 == 3:
            task.id = f"order-{number}"
    record(folder, [some[:150], some[150:]], most_rows=100)
    return folder


def test_a_search_is_bounded_by_when_a_task_was_seen(everything: Path) -> None:
    inside = found(everything, "state:success,failure", NOW, since=T0 + 100, until=T0 + 200)
    assert inside
    assert all(T0 + 100 <= task.seen < T0 + 200 for task in inside)
    ended_ones = found(everything, "finished:*", NOW, since=T0 + 100, until=T0 + 200)
    assert all(T0 + 100 <= task.seen < T0 + 200 for task in ended_ones if task.state.finished)
    # Nobody saw the others end, so that they go on.
    going_on = found(everything, "state:sent,received,started,retry", NOW, since=T0 + 10_000)
    assert going_on == found(everything, "state:sent,received,started,retry", NOW)
    assert going_on


def test_steps_say_how_far_they_are(everything: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "FIRST", 10)
    monkeypatch.setattr(walk, "MOST", 10)
    history = SegmentHistory(Folder(everything))
    steps = [step for step in history.search(parse_filter("args:nothing"), NOW) if step.looked_at]
    assert len(steps) > 10
    assert all(not step.tasks for step in steps)
    moments = [step.back_to for step in steps if step.back_to is not None]
    assert moments == sorted(moments, reverse=True)
    looked = [step.looked_at for step in steps]
    assert looked == sorted(looked)
    assert {step.rows for step in steps} == {sum(one.rows for one in history.facts())}


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("state:failure", "tasks_other"),
        ("-state:success", "tasks_other"),
        ("name:x state:failure", "tasks_name"),
        ("name:x,shop.pay", "tasks_name"),
        ("NOT state:success", "tasks_other"),
        ("NOT (state:success name:x)", "tasks_seen"),
        ("NOT (NOT state:failure)", "tasks_seen"),
        ("state:failure OR name:x", "tasks_seen"),
        ("args:x", "tasks_seen"),
        ("", "tasks_seen"),
    ],
)
def test_each_question_goes_by_the_index_that_suits_it(text: str, index: str) -> None:
    translation = Translation({1: (0, "x"), 2: (0, "shop.pay")}, dict, NOW)
    assert walk._path(translation.of(parse_filter(text))).index == index


@pytest.mark.parametrize(
    ("text", "slower", "ids"),
    [
        ("runtime:>10 name:x", 10_000_000 - 2, False),
        ("runtime:>10 OR name:x", None, False),
        ("id:5f0c1", None, True),
        ("NOT id:5f0c1", None, False),
        ("runtime:<10", None, False),
    ],
)
def test_what_few_rows_can_have_is_known(text: str, slower: float | None, ids: bool) -> None:
    condition = Translation({1: (0, "x")}, dict, NOW).of(parse_filter(text))
    assert (condition.slower_than, condition.ids is not None) == (slower, ids)


def test_a_name_that_no_task_has_is_looked_for_nowhere() -> None:
    condition = Translation({}, dict, NOW).of(parse_filter("name:x runtime:>3"))
    assert condition is NOTHING


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE tasks SET extra = '{' WHERE id = 1",
        "UPDATE tasks SET extra = '[]' WHERE id = 1",
        "UPDATE tasks SET attempts = '[1]' WHERE id = 1",
        "UPDATE tasks SET state = 99 WHERE id = 1",
        "UPDATE tasks SET task = 5 WHERE id = 1",
        "UPDATE words SET text = '[' WHERE kind = 3",
        "UPDATE words SET text = '{\"nothing\": 1}' WHERE kind = 3",
    ],
)
def test_a_damaged_row_costs_itself_alone_and_is_said(tmp_path: Path, change: str) -> None:
    odd = ended(1, T0)
    odd.extra = TaskExtra(client="c")
    record(tmp_path, [[odd, ended(2, T0)]])
    (file,) = Folder(tmp_path).segments()
    with closing(sqlite3.connect(file.path)) as connection, connection:
        connection.execute(change)
    history = SegmentHistory(Folder(tmp_path))
    steps = history.search(parse_filter(""), NOW)
    assert [task.id for step in steps for task in step.tasks] == [ended(2, T0).id]
    assert history.notes == [f"history in {file.path}: 1 row is damaged, left out"]


def test_damaged_texts_cost_themselves_alone(tmp_path: Path) -> None:
    odd = ended(1, T0, args="odd")
    odd.extra = TaskExtra(traceback="Traceback")
    record(tmp_path, [[odd]])
    (file,) = Folder(tmp_path).segments()
    with closing(sqlite3.connect(file.path)) as connection, connection:
        connection.execute("UPDATE tracebacks SET text = x'00ff'")
        connection.execute("UPDATE tasks SET args = CAST(x'6fff64' AS TEXT)")
    for query in ("", "traceback:x OR name:*", "args:o"):
        (task,) = found(tmp_path, query)
        assert (task.args, task.more.traceback) == ("o\ufffdd", "\ufffd")


def test_a_task_that_ends_while_it_is_searched_for_is_found_once(tmp_path: Path) -> None:
    made = writer(tmp_path)
    going_on = [Task(f"w{one}", one, TaskState.STARTED, "x", seen=T0 - 9) for one in range(3)]
    made.write(Flush(tasks=going_on), T0)
    history = SegmentHistory(Folder(tmp_path))
    steps = history.search(parse_filter("name:x"), NOW)
    first = next(steps)
    made.write(Flush(tasks=[Task("w1", 1, TaskState.SUCCESS, "x", seen=T0)]), T0)
    assert [task.id for step in (first, *steps) for task in step.tasks] == ["w0", "w1", "w2"]
    history.close()
    made.close(T0)


def test_unfinished_tasks_come_in_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "UNFINISHED_AT_ONCE", 2)
    monkeypatch.setattr(newer, "MOST_HELD", 3)
    made = writer(tmp_path)
    tasks = [Task(f"w{one}", one, TaskState.STARTED, "x", seen=T0 + one) for one in range(5)]
    lost = [Task(f"w{one}", one, TaskState.LOST, "x", seen=T0 - 5) for one in range(5)]
    made.write(Flush(tasks=lost), T0)
    made.write(Flush(tasks=tasks), T0 + DAY)
    made.close(T0 + DAY)
    assert [task.id for task in found(tmp_path)] == ["w4", "w3", "w2", "w1", "w0"]
    assert [task.id for task in found(tmp_path, "w1")] == ["w1"]


def test_ids_that_begin_alike_are_gone_through_as_others_are(
    everything: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = found(everything, "id:000000", NOW)
    monkeypatch.setattr(walk, "FEW", 5)
    assert len(expected) > 200
    assert found(everything, "id:000000", NOW) == expected


def test_a_folder_of_any_name_can_be_read(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"h\xff\x80?#%20")
    record(folder, [[ended(1, T0)]])
    assert len(found(folder)) == 1
    rebuild(Folder(folder))
    assert len(found(folder)) == 1


def test_a_history_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="nothing was recorded there"):
        SegmentHistory(Folder(tmp_path / "x"))


def test_a_folder_that_goes_while_it_is_read_is_said(tmp_path: Path) -> None:
    record(tmp_path / "h", [[ended(1, T0)]])
    history = SegmentHistory(Folder(tmp_path / "h"))
    shutil.rmtree(tmp_path / "h")
    with pytest.raises(HistoryError, match="No such file"):
        history.task(ended(1, T0).id)
    with pytest.raises(HistoryError, match="No such file"):
        next(history.search(parse_filter(""), NOW))


def test_an_empty_history_has_nothing(tmp_path: Path) -> None:
    assert found(tmp_path) == []
