"""Foreign text is safe, whatever it is."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from celerytui.columns import cell_width, clean, cut, pad
from celerytui.columns.text import MARKS_PER_BASE
from celerytui.masking import learn

# Every code point, halves of surrogate pairs too, and the dangerous ones often.
DANGEROUS = "\x00\x07\x08\t\n\r\x0b\x1b\x7f\x85\x9b\xa0\xad\u0301\u061c\u200b\u200d\u202e\u2028"
DANGEROUS += "\u2066\ufe0f\ufeff\ufffe\U000e0041\U0001f1e6\U0001f3fb\ud800\u3000\u1160界é👍m[;0"
ANY_TEXT = st.text(
    st.one_of(st.sampled_from(DANGEROUS), st.characters(codec=None), st.characters()), max_size=60
)


def is_safe(char: str) -> bool:
    return char.isprintable() and unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn")


@given(ANY_TEXT)
def test_nothing_dangerous_is_left(text: str) -> None:
    assert all(is_safe(char) for char in clean(text))
    assert all(char == "\n" or is_safe(char) for char in clean(text, newlines=True))


@given(ANY_TEXT, st.booleans(), st.one_of(st.none(), st.integers(0, 50)))
def test_cleaning_twice_changes_nothing_more(text: str, lines: bool, limit: int | None) -> None:
    once = clean(text, newlines=lines, limit=limit)
    assert clean(once, newlines=lines, limit=limit) == once
    assert limit is None or len(once) <= limit


@given(ANY_TEXT)
def test_the_width_is_the_one_that_the_screen_counts(text: str) -> None:
    shown = clean(text)
    assert cell_width(shown) == cell_len(shown)


@given(ANY_TEXT)
def test_marks_do_not_pile_up(text: str) -> None:
    run = 0
    for char in clean(text + "a" + "\u0301" * 50):
        run = run + 1 if cell_width(char) == 0 else 0
        assert run <= MARKS_PER_BASE


@given(ANY_TEXT, st.integers(-2, 40), st.sampled_from(["left", "right", "middle"]), st.booleans())
def test_cut_text_fits(text: str, width: int, where: str, ascii: bool) -> None:
    shown = clean(text)
    short = cut(shown, width, where=where, ellipsis="~" if ascii else "…")  # type: ignore[arg-type]  # one of its literals
    assert cell_width(short) <= max(0, width)
    if cell_width(shown) <= width:
        assert short == shown
    assert cell_width(pad(short, width)) == max(cell_width(short), width)


@given(st.one_of(st.none(), st.binary(), st.integers(), st.lists(st.floats()), st.dates()))
def test_other_things_are_shown_as_their_repr(value: object) -> None:
    assert clean(value) == clean(repr(value))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("Grüße 界", "Grüße 界"),
        ("hi\x1b]0;pwn\x07", "hi␛]0;pwn␇"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b\x1b[0m[2J", "␛[2J"),
        ("a\nb\r\nc\rd", "a⏎b⏎c␍d"),
        ("a\tb", "a b"),
        ("x\x9b2Jy", "x�2Jy"),
        ("adm\u200bin \u202etxt.exe", "adm�in �txt.exe"),
        ("👨\u200d👩\u200d👧 ❤\ufe0f 👍🏽", "👨👩👧 ❤ 👍"),
        ("🇩🇪", "DE"),
        ("\ud800\udfff", "��"),
        ("e" + "\u0301" * 9, "e" + "\u0301" * MARKS_PER_BASE),
        ("\u0301x", "x"),
        ("a\u3000b\xa0c", "a b c"),
        ("", ""),
    ],
)
def test_what_each_danger_becomes(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_lines_stay_where_they_are_wanted() -> None:
    assert clean("a\r\n\tb\nc", newlines=True) == "a\n    b\nc"


def test_a_limit_is_marked() -> None:
    assert clean("x" * 10_000_000, limit=5) == "xxxx…"
    assert clean("12345", limit=5) == "12345"
    assert clean("\t\t\t", newlines=True, limit=6) == "     …"
    assert clean("anything", limit=0) == ""


def test_a_path_is_shown_as_it_is_typed() -> None:
    assert clean(Path("/srv/a\x1bb")) == "/srv/a␛b"


def test_a_broken_repr_does_not_raise() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("\x1b")

    assert clean(Broken()) == "<Broken: RuntimeError>"


def test_a_str_that_is_more_than_a_str_comes_back_plain() -> None:
    class Sly(str):
        def __str__(self) -> str:
            return "\x1b[2J"

    assert type(clean(Sly("name"))) is str
    assert clean(Sly("name")) == "name"


@pytest.mark.parametrize(
    ("where", "short"), [("right", "abc…"), ("left", "…fgh"), ("middle", "ab…h")]
)
def test_where_text_is_cut(where: str, short: str) -> None:
    assert cut("abcdefgh", 4, where=where) == short  # type: ignore[arg-type]  # one of its literals


def test_a_wide_character_is_never_halved() -> None:
    assert cut("界界界", 4) == "界…"
    assert cut("界界界", 4, where="left") == "…界"
    assert cut("界界界", 1) == "…"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("OperationalError('redis://:hunter2@h/0')", "OperationalError('redis://:**@h/0')"),
        ("amqp://u:p%40ss@h//\nnext", "amqp://u:**@h//⏎next"),
        (":\x1b[31m//u:hunter2@h", "://u:**@h"),
        ("https://h/?access_token=abc&x=1", "https://h/?access_token=**&x=1"),
    ],
)
def test_a_password_in_what_a_task_says_is_not_shown(text: str, safe: str) -> None:
    assert clean(text) == safe
    assert clean(safe) == safe


def test_a_password_is_found_where_the_text_is_cut_in_its_middle() -> None:
    text = "x redis://user:hunter2hunter2@host/0"
    for limit in range(1, len(text)):
        assert "hunter" not in clean(text, limit=limit)


def test_a_learnt_password_is_not_shown() -> None:
    learn(["tr0ub4dor"])
    assert clean("wrong password tr0ub4dor") == "wrong password **"
