"""Patterns of text, and what is inside the keyword arguments."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celerytui.model import Task
from tests.unit.filters import finds, mistake, quoted

# -- regular expressions cannot hold anything up


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a|aa)+$",
        "(a*)*b",
        "(a?b?)*c",
        "(?:a{1,9}){1,9}c",
        "a?" * 40 + "a" * 40 + "c",
        "a*" * 9 + "b",
        "(ab|cd|ef)" * 16,
        "a.*b.*c.*d",
        "[ab]*[ab]*[ab]*c",
    ],
)
def test_no_text_holds_a_pattern_up(pattern: str) -> None:
    """An engine that tries one way after the other would not come to the end of this."""
    assert not finds(f"args:/{pattern}/", Task(id="x", seq=0, args="a" * 60_000 + "!"))


@pytest.mark.parametrize("pattern", [r"(a)\1", "a(?=b)", "(?:a{1,900}){1,900}", "x" * 201])
def test_what_no_such_engine_can_do_is_refused(pattern: str) -> None:
    assert mistake(f"args:/{pattern}/").expected.startswith("Expected a regular expression")


def test_a_pattern_is_found_anywhere() -> None:
    deep = Task(id="x", seq=0, args="a" * 4000 + "needle" + "b" * 9000)
    assert finds("args:/.*needle.*/", deep)
    assert finds("args:/NEEDLE/", deep)
    assert finds(r"args:/b\.*/", deep)
    assert not finds("args:/needles/", deep)


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
