"""A filter finds in a history what it finds in memory."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.errors import HistoryError
from celerytui.history import walk
from celerytui.history.folder import Folder
from celerytui.history.reading import SegmentHistory
from celerytui.history.translate import NOTHING, Translation
from celerytui.model import OWN_ROOT, Lineage, Task, TaskExtra, TaskState
from celerytui.query import parse_filter
from tests.unit.history_tasks import T0, ended, found, record, tasks

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
    "shop", "a*b", '"(1,"', "5f0c", "order-1", "ä", "id:0", "id:5f0c", "id:order", "id:7*", "id:*",
    "root:*", "root:0", "parent:order-1", "parent:*",
)  # fmt: skip

terms = st.sampled_from(TERMS)
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
        ("args:x", "tasks_seen"),
        ("", "tasks_seen"),
    ],
)
def test_each_question_goes_by_the_index_that_suits_it(text: str, index: str) -> None:
    translation = Translation({1: (0, "x"), 2: (0, "shop.pay")}, dict, NOW)
    assert walk._path(translation.of(parse_filter(text))).index == index


@pytest.mark.parametrize(
    ("text", "slower", "keys"),
    [
        ("runtime:>10 name:x", 10_000_000 - 2, False),
        ("runtime:>10 OR name:x", None, False),
        ("id:5f0c1", None, True),
        ("NOT id:5f0c1", None, False),
        ("runtime:<10", None, False),
    ],
)
def test_what_few_rows_can_have_is_known(text: str, slower: float | None, keys: bool) -> None:
    condition = Translation({1: (0, "x")}, dict, NOW).of(parse_filter(text))
    assert (condition.slower_than, condition.keys is not None) == (slower, keys)


def test_a_name_that_no_task_has_is_looked_for_nowhere() -> None:
    condition = Translation({}, dict, NOW).of(parse_filter("name:x runtime:>3"))
    assert condition == NOTHING


def test_a_history_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="nothing was recorded there"):
        SegmentHistory(Folder(tmp_path / "x"))


def test_an_empty_history_has_nothing(tmp_path: Path) -> None:
    assert found(tmp_path) == []
