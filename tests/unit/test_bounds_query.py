"""Everything that a filter reads or remembers has a bound, and what stands at it still counts."""

from __future__ import annotations

import pytest

from celerytui.errors import FilterError
from celerytui.model import Task
from celerytui.query import TaskView, parse_filter, shown_page
from celerytui.query import compile as compile_module
from celerytui.query.kwargs_path import READ_LIMIT, look
from celerytui.query.parse import DEPTH_LIMIT, LENGTH_LIMIT
from celerytui.query.patterns import (
    PATTERN_LIMIT,
    TEXT_LIMIT,
    PatternError,
    regex,
)
from celerytui.store import Store
from tests.unit.view_stream import START, succeed


def passes(text: str, task: Task) -> bool:
    return parse_filter(text).matches(task, START)


def test_a_filter_has_so_many_characters() -> None:
    assert parse_filter("a" * LENGTH_LIMIT).text == "a" * LENGTH_LIMIT
    with pytest.raises(FilterError) as caught:
        parse_filter("a" * (LENGTH_LIMIT + 1))
    assert (caught.value.start, caught.value.end) == (LENGTH_LIMIT, LENGTH_LIMIT + 1)


def test_parentheses_are_so_deep() -> None:
    task = Task("a", 1)
    assert passes("(" * DEPTH_LIMIT + "a" + ")" * DEPTH_LIMIT, task)
    with pytest.raises(FilterError) as caught:
        parse_filter("(" * (DEPTH_LIMIT + 1) + "a" + ")" * (DEPTH_LIMIT + 1))
    assert (caught.value.start, caught.value.end) == (DEPTH_LIMIT, DEPTH_LIMIT + 1)
    assert passes("(a) " * (DEPTH_LIMIT + 5), task)  # one after the other is not deep


def test_keyword_arguments_are_read_so_far() -> None:
    for extra, found in ((0, "7"), (1, "")):
        head = "{'pad': '" + "x" * (READ_LIMIT - len("{'pad': ''") - len(", 'a': 7") + extra) + "'"
        text = head + ", 'a': 7" + ", 'b': 8}"
        assert len(head) + len(", 'a': 7") == READ_LIMIT + extra
        assert (look(text, ("a",)) or "") == found
        assert look(text, ("b",)) is None
        assert passes("kwargs.a:7", Task("t", 1, kwargs=text)) is bool(found)


def test_texts_are_looked_through_so_far() -> None:
    inside = Task("t", 1, args="x" * (TEXT_LIMIT - 3) + "abc" + "def")
    assert passes("args:abc", inside)
    assert passes("abc", inside)
    assert not passes("args:cd", inside)
    assert not passes("bcd", inside)


def test_names_beyond_what_is_remembered_are_tested_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(compile_module, "_REMEMBERED", 3)
    made = parse_filter("name:/7$/")
    for _ in range(2):
        for number in range(20):
            task = Task("t", 1, name=f"job{number}")
            assert made.matches(task, START) is (number % 10 == 7)


def test_a_pattern_has_so_many_characters() -> None:
    assert regex("a" * PATTERN_LIMIT)("a" * PATTERN_LIMIT)
    with pytest.raises(PatternError):
        regex("a" * (PATTERN_LIMIT + 1))


@pytest.mark.parametrize(
    "pattern", ["(a+)+b", "(a|a)*b", "[ab]*[ab]*[ab]*c", "[a-z]+.*timeout", "(.*a){10}b", ".*.*=.*"]
)
def test_no_pattern_takes_longer_than_its_text_is_long(pattern: str) -> None:
    """An engine that tries one way after the other would not end here."""
    assert not regex(pattern)("a" * TEXT_LIMIT)


def test_a_regular_expression_sees_all_of_a_text() -> None:
    assert regex("x.*timeout$")("x" + "\n" * TEXT_LIMIT + "timeout")
    assert regex("TIME(D )?OUT")("timed out")
    assert regex("É")("é")


def test_frozen_rows_are_remembered_up_to_a_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown_page, "ROWS_REMEMBERED", 3)
    store = Store(clock=lambda: START)
    shown = TaskView(store, lambda: START)
    for number in range(6):
        succeed(store, number, START + number)
    shown.refresh()
    shown.freeze(True)
    assert [task.id for task in shown.window(0, 6)] == ["id5", "id4", "id3"]
    assert len(shown._shown.kept) == 3
    shown.freeze(False)
    assert len(shown.window(0, 6)) == 6
