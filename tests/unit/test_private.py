"""What stands in for parts of Textual does the same, once, and only where Textual has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from textual._styles_cache import StylesCache
from textual.color import Color
from textual.strip import Strip

from celerytui.ui.terminal import private

TEXTUALS_DIVIDE = Strip.divide
TEXTUALS_MIX = StylesCache.get_inner_outer


@pytest.fixture(autouse=True)
def textual_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Strip, "divide", TEXTUALS_DIVIDE)
    monkeypatch.setattr(StylesCache, "get_inner_outer", TEXTUALS_MIX)
    monkeypatch.setattr(private, "troubles", [])


@given(st.lists(st.text("ab ", max_size=4), max_size=4), st.sets(st.integers(1, 20)))
def test_a_strip_is_divided_as_textual_does(texts: list[str], places: set[int]) -> None:
    private.free_what_is_closed()
    segments, cuts = [Segment(text) for text in texts], sorted(places)
    assert Strip(segments).divide(cuts) == TEXTUALS_DIVIDE(Strip(segments), cuts)


def test_colors_are_mixed_as_textual_does() -> None:
    colors = Color(1, 2, 3), Color(40, 50, 60, 0.5)
    mixed = StylesCache().get_inner_outer(*colors)
    private.free_what_is_closed()
    assert StylesCache().get_inner_outer(*colors) == mixed
    assert private.troubles == []


def test_twice_is_once() -> None:
    private.free_what_is_closed()
    once = Strip.divide, StylesCache.get_inner_outer
    private.free_what_is_closed()
    assert (Strip.divide, StylesCache.get_inner_outer) == once


@pytest.mark.parametrize(("owner", "name"), [(StylesCache, "get_inner_outer"), (Strip, "divide")])
def test_a_name_that_is_gone_is_told(
    owner: type, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(owner, name)
    private.free_what_is_closed()
    [trouble] = private.troubles
    assert name in trouble
