"""Patterns of text, and what is inside the keyword arguments."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celerytui.model import Task
from tests.unit.filters import NOW, finds, mistake, parse, quoted

# -- regular expressions cannot hold anything up


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a|aa)+$",
        "(a*)*b",
        "(a?b?)*c",
        "(.*)*",
        "(?:a{1,9}){1,9}",
        "a?" * 40 + "a" * 40,
        "a*" * 9 + "b",
        r"(a)\1",
        "(ab|cd|ef)" * 16,
        "x" * 201,
    ],
)
def test_a_pattern_that_could_take_for_ever_is_refused(pattern: str) -> None:
    assert mistake(f"args:/{pattern}/").expected.startswith("A regular expression was expected")


@pytest.mark.parametrize("pattern", [".*a.*b", "a.*b.*c.*d", "[ab]+b+c", "(a|b).*c?d", "(?:ab)+$"])
def test_the_worst_text_for_a_pattern_is_soon_done(pattern: str) -> None:
    parsed = parse(f"args:/{pattern}/")
    for text in ("a" * 100_000, "ab" * 50_000, "abc" * 30_000):
        began = time.thread_time()
        parsed.matches(Task(id="x", seq=0, args=text), NOW)
        # Far more than it takes on a slow machine, far less than a pattern that runs away.
        assert time.thread_time() - began < 10


def test_stars_at_the_ends_of_a_pattern_cost_nothing() -> None:
    deep = Task(id="x", seq=0, args="a" * 4000 + "needle" + "b" * 9000)
    assert finds("args:/.*needle.*/", deep)
    assert finds("args:/needle/", deep)
    assert finds(r"args:/b\.*/", deep)
    assert not finds("args:/needle/", Task(id="x", seq=0, args="a" * 5000 + "needle"))


@given(
    st.text("ab*?", max_size=8),
    st.text("ab", max_size=12),
    st.booleans(),
)
def test_wildcards_are_those_of_the_shell(pattern: str, text: str, word: bool) -> None:
    translated = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    task = Task(id="x", seq=0, queue=text, args=text)
    if not pattern or pattern == "*":
        return
    assert finds(f"queue:{pattern}", task) is (re.fullmatch(translated, text) is not None)
    assert finds(f"args:{pattern}", task) is (re.search(translated, text) is not None)


# -- inside the keyword arguments


@given(
    st.dictionaries(
        st.text("abc", min_size=1, max_size=3),
        st.recursive(
            st.one_of(st.integers(-9, 9), st.text("ab'\"\\,:{}[] ", max_size=5), st.none()),
            lambda parts: st.one_of(st.lists(parts, max_size=3), st.tuples(parts)),
            max_leaves=4,
        ),
        max_size=4,
    )
)
def test_every_value_inside_is_found(kwargs: dict[str, Any]) -> None:
    task = Task(id="x", seq=0, kwargs=repr(kwargs))
    for key, value in kwargs.items():
        if isinstance(value, str) and "\\" in value:
            continue  # as repr escapes it, which is not undone in every case
        said = value if isinstance(value, str) else repr(value)
        assert finds(f"kwargs.{key}:{quoted(said)}", task)
        if isinstance(value, int):
            assert finds(f"kwargs.{key}:>={value}", task)
            assert not finds(f"kwargs.{key}:>{value}", task)


@given(st.text("{}[]()'\",:\\ ab", max_size=30))
def test_any_text_can_be_looked_into(text: str) -> None:
    assert finds("kwargs.a.0.b:*x", Task(id="x", seq=0, kwargs=text)) in (True, False)


def test_cut_arguments_are_read_as_far_as_they_go() -> None:
    cut = Task(id="x", seq=0, kwargs="{'user': 7, 'note': 'a very long t...")
    assert finds("kwargs.user:7", cut)
    assert finds("kwargs.note:*long*", cut)
    assert not finds("kwargs.gone:*x*", cut)
