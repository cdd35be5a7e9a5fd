"""Reprs and tracebacks: any text is drawn, the user's own code stands out, the error is last."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.store.failures.paths import is_own
from celerytui.ui.draw.code import (
    MOST_COLOURED,
    MOST_ROWS,
    highlight,
    highlight_repr,
    highlight_traceback,
    short_path,
)
from celerytui.ui.draw.glyphs import ASCII, UNICODE, Glyphs
from celerytui.ui.draw.spans import Span, span_width

FAILED = """Traceback (most recent call last):
  File "/usr/lib/python3/dist-packages/celery/app/trace.py", line 453, in trace_task
    R = retval = fun(*args, **kwargs)
                 ^^^^^^^^^^^^^^^^^^^^
  File "/srv/app/shop/billing/tasks.py", line 88, in charge
    receipt = client.charge(order.total, source=token)
  File "/srv/app/shop/billing/gateway.py", line 67, in _raise_for
    raise CardDeclined(body["error"]["code"])
shop.billing.errors.CardDeclined: insufficient_funds
"""


def plain(row: list[Span]) -> str:
    return "".join(text for text, _ in row)


def texts(rows: list[list[Span]]) -> list[str]:
    return [plain(row).rstrip() for row in rows]


def role_of(rows: list[list[Span]], part: str) -> str:
    return next(role for row in rows for text, role in row if part in text)


@given(st.text(max_size=200))
def test_highlighting_keeps_the_text(code: str) -> None:
    assert plain(highlight(code)) == code


@pytest.mark.parametrize(
    ("code", "part", "role"),
    [
        ("(42, 'tok')", "42", "code.number"),
        ("(42, 'tok')", "'tok'", "code.string"),
        ("{'cut off in the mid", "'cut off in the mid", "code.string"),
        ("['it\\'s', None]", "'it\\'s'", "code.string"),
        ("[None]", "None", "code.keyword"),
        ("x = 1.5e-3", "1.5e-3", "code.number"),
        ("b'\\x00'", "b'\\x00'", "code.string"),
        ("raise CardDeclined(body)", "CardDeclined", "code.name"),
        ("raise CardDeclined(body)", "raise", "code.keyword"),
        ("def charge", "charge", "code.name"),
        ("name2 = 1", "name2 = ", "text"),
        ("x  # why", "# why", "faint"),
    ],
)
def test_what_a_token_is(code: str, part: str, role: str) -> None:
    assert (part, role) in highlight(code)


@given(st.text(max_size=300), st.integers(1, 60), st.integers(1, 5))
def test_a_repr_takes_its_width_and_no_more_than_its_rows(text: str, width: int, most: int) -> None:
    rows = highlight_repr(text, width, most=most)
    assert 1 <= len(rows) <= most
    for row in rows:
        assert span_width(row) == width
        assert plain(row).isprintable()


def test_a_long_repr_has_colours_at_its_beginning_and_all_of_its_text() -> None:
    text = repr(list(range(20_000)))
    rows = highlight_repr(text, 100, most=MOST_ROWS)
    shown = "".join(one for row in rows for one, _ in row)
    assert shown.replace(" ", "") == text.replace(" ", "")
    coloured = [number for number, row in enumerate(rows) if ("code.number" in dict(row).values())]
    assert coloured == list(range(len(coloured)))
    assert 0.9 < len(coloured) * 100 / MOST_COLOURED < 1.2


def test_a_repr_goes_on_in_the_next_row_and_ends_in_an_ellipsis() -> None:
    text = "{'user': 7, 'currency': 'EUR', 'key': 'o-9917'}"
    assert texts(highlight_repr(text, 24, most=3)) == [
        "{'user': 7, 'currency':",
        "'EUR', 'key': 'o-9917'}",
    ]
    assert texts(highlight_repr(text, 24)) == ["{'user': 7, 'currency':…"]
    assert texts(highlight_repr("x" * 99, 4, most=2, glyphs=ASCII)) == ["xxxx", "xxx~"]


def test_a_traceback_as_the_picture_has_it() -> None:
    rows = highlight_traceback(FAILED, 60)
    assert texts(rows) == [
        "  celery/app/trace.py:453 in trace_task",
        "    R = retval = fun(*args, **kwargs)",
        "▎ shop/billing/tasks.py:88 in charge",
        "▎   receipt = client.charge(order.total, source=token)",
        "▎ shop/billing/gateway.py:67 in _raise_for",
        '▎   raise CardDeclined(body["error"]["code"])',
        "✗ shop.billing.errors.CardDeclined: insufficient_funds",
    ]
    assert role_of(rows, "celery/app") == "faint"
    assert role_of(rows, "shop/billing/tasks.py") == "text"
    assert role_of(rows, "88") == "code.number"
    assert role_of(rows, "▎") == "accent"
    assert role_of(rows[-1:], "CardDeclined") == "failure bold"
    assert role_of(rows[-1:], "shop.billing") == "muted"


def test_whose_code_it_is_can_be_told() -> None:
    rows = highlight_traceback(FAILED, 60, lambda path: "trace.py" in path, glyphs=ASCII)
    assert texts(rows)[0] == "| celery/app/trace.py:453 in trace_task"
    assert texts(rows)[2] == "  shop/billing/tasks.py:88 in charge"
    assert texts(rows)[-1].startswith("x shop.billing")


@pytest.mark.parametrize(
    ("path", "own", "short"),
    [
        ("/srv/app/shop/billing/tasks.py", True, "shop/billing/tasks.py"),
        ("/app/tasks.py", True, "/app/tasks.py"),
        ("tasks.py", True, "tasks.py"),
        ("/home/me/proj/celery/tasks.py", True, "proj/celery/tasks.py"),
        ("/v/lib/python3.11/site-packages/celery/app/trace.py", False, "celery/app/trace.py"),
        ("/v/lib/python3.13t/json/decoder.py", False, "json/decoder.py"),
        ("/src/celery/celery/app/trace.py", False, "celery/app/trace.py"),
        ("/src/kombu/kombu/messaging.py", False, "kombu/kombu/messaging.py"),
        (r"C:\Python312\Lib\threading.py", False, "threading.py"),
        ("<frozen importlib._bootstrap>", False, "<frozen importlib._bootstrap>"),
    ],
)
def test_paths(path: str, own: bool, short: str) -> None:
    assert is_own(path) is own
    assert short_path(path) == short


def _chained() -> str:
    def inner() -> None:
        raise ValueError("first")

    try:
        try:
            inner()
        except ValueError as error:
            raise KeyError("second") from error
    except KeyError:
        try:
            raise RuntimeError("third\nwith a second line")
        except RuntimeError:
            text = traceback.format_exc()
    return text


def test_chained_exceptions_keep_what_was_said_between_them() -> None:
    rows = highlight_traceback(_chained(), 80, lambda path: True)
    text = texts(rows)
    rules = [line for line in text if line.startswith("── ")]
    assert len(rules) == 2
    assert rules[0].startswith("── The above exception was the direct cause of the following")
    assert rules[1].startswith("── During handling of the above exception")
    assert text[-2:] == ["✗ RuntimeError: third", "  with a second line"]
    assert "✗ ValueError: first" in text
    assert role_of(rows, "ValueError") != "failure bold"
    assert role_of(rows[-2:], "RuntimeError") == "failure bold"
    assert not any("Traceback" in line for line in text)


def test_a_recursion_and_a_syntax_error() -> None:
    text = texts(
        highlight_traceback(
            'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    f()\n'
            "  [Previous line repeated 996 more times]\nRecursionError: too deep\n",
            60,
        )
    )
    assert text[2:] == ["  [Previous line repeated 996 more times]", "✗ RecursionError: too deep"]
    text = texts(
        highlight_traceback('  File "a.py", line 1\n    1 +\n      ^\nSyntaxError: bad', 60)
    )
    assert text == ["▎ a.py:1", "▎   1 +", "✗ SyntaxError: bad"]


def test_an_exception_group_is_read_through_its_margin() -> None:
    group = """  + Exception Group Traceback (most recent call last):
  |   File "a.py", line 9, in main
  |     raise ExceptionGroup("two", errors)
  | ExceptionGroup: two (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "b.py", line 1, in f
    |     g()
    | ValueError: one
    +------------------------------------
"""
    text = texts(highlight_traceback(group, 60))
    assert text[:3] == [
        "▎ a.py:9 in main",
        '▎   raise ExceptionGroup("two", errors)',
        "✗ ExceptionGroup: two (2 sub-exceptions)",
    ]
    assert text[3].startswith("── exception 1 of the group ──")
    assert text[4:] == ["▎ b.py:1 in f", "▎   g()", "✗ ValueError: one"]


def test_a_long_message_is_wrapped_and_not_lost() -> None:
    words = " ".join(f"word{number}" for number in range(30))
    rows = highlight_traceback(f'  File "a.py", line 1, in f\nValueError: {words}', 40)
    assert " ".join(line.strip() for line in texts(rows)[1:]) == f"✗ ValueError: {words}"


def test_text_that_is_no_traceback_stays_as_it_is() -> None:
    assert texts(highlight_traceback("worker exited\nsignal 9", 40)) == [
        "worker exited",
        "signal 9",
    ]
    assert texts(highlight_traceback("", 10)) == [""]


lines = st.sampled_from(
    [
        "Traceback (most recent call last):",
        '  File "/a/b.py", line 3, in f',
        '    File "x", line 99999999999999999999',
        "    x = 1",
        "      ^^^",
        "ValueError: no",
        "During handling of the above exception, another exception occurred:",
        "  + Exception Group Traceback (most recent call last):",
        "  | ExceptionGroup: two (2 sub-exceptions)",
        '    |   File "x.py", line 1, in g',
        "  +-+---------------- 1 ----------------",
        "  [Previous line repeated 9 more times]",
        "\x1b[31m日本\ufe0f\x00",
        '"""',
        "",
    ]
)
hostile: st.SearchStrategy[str] = st.text(max_size=200) | st.lists(
    lines | st.text(max_size=20)
).map("\n".join)


@settings(max_examples=150)
@given(hostile, st.integers(1, 100), st.sampled_from([UNICODE, ASCII]))
def test_any_text_gives_rows_of_exactly_the_width(text: str, width: int, glyphs: Glyphs) -> None:
    for row in highlight_traceback(text, width, glyphs=glyphs):
        assert span_width(row) == width
        assert plain(row).isprintable()


@pytest.mark.parametrize(
    "make",
    [
        lambda: FAILED * 3000,
        lambda: "x" * 1_000_000,
        lambda: "\n" * 1_000_000,
        lambda: '  File "' * 100_000,
        lambda: '  File "a", line 1, in f\n    ' + "('" * 500_000,
        lambda: '  File "a", line 1, in f\nE: ' + "a." * 500_000,
        lambda: '  File "a", line 1, in f\n    \'' + "\\" * 500_000,
        lambda: " " * 1_000_000 + "^",
        lambda: '  File "a", line 1\n' * 50_000,
        lambda: "\n".join("abc" * 50_000),
        lambda: ("| " * 200 + "\n") * 2500,
    ],
)
def test_a_megabyte_is_bounded_in_rows(make: Callable[[], str]) -> None:
    rows = highlight_traceback(make(), 100)
    assert len(rows) <= MOST_ROWS
    assert all(span_width(row) == 100 for row in rows)


def test_the_ends_of_a_long_traceback_are_kept() -> None:
    text = texts(highlight_traceback(FAILED * 3000, 80))
    assert text[0].startswith("  celery/app/trace.py")
    assert text[-1] == "✗ shop.billing.errors.CardDeclined: insufficient_funds"
    assert any("characters left out" in line for line in text)
