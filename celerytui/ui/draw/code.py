"""Python as Celery's events carry it: reprs, often cut short, and tracebacks.

Both are foreign text: whatever they hold, it is cleaned, bounded and drawn, never refused.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from celerytui.columns import clean, cut, format_count
from celerytui.counts import agree
from celerytui.store.failures.paths import is_own, within_package
from celerytui.ui.draw.glyphs import UNICODE, Glyphs
from celerytui.ui.draw.spans import Line, Span, cells, fit_spans, merge_spans, wrap_spans

MOST_CHARACTERS = 64_000
"""Of a traceback; what is longer loses its middle, as the ends say most."""
MOST_COLOURED = 16_000
"""Characters of a repr."""
MOST_ROWS = 2_000
MOST_MESSAGE_ROWS = 20

# Strings, which are compiled when they are first used.
_TOKEN = (
    r"""(?s)(?P<string>[bBrRuUfF]{0,2}(?:'{3}.*?(?:'{3}|$)|"{3}.*?(?:"{3}|$)"""
    r"""|'(?:\\.|[^'\\])*(?:'|$|\\$)|"(?:\\.|[^"\\])*(?:"|$|\\$)))"""
    r"""|(?P<number>0[xXoObB][\da-fA-F_]+|\d[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?\d+)?[jJ]?)"""
    r"""|(?P<name>[^\W\d]\w*)|(?P<comment>\#.*)|(?P<other>.)"""
)
_KEYWORDS = frozenset(keyword.kwlist)

_FRAME = r'^[\s|]*File "(?P<path>.*)", line (?P<line>\d+)(?:, in (?P<name>.*))?\s*$'
_ERROR = r"^(?P<module>(?:\w+\.)*)(?P<name>[^\W\d]\w*)(?P<rest>:.*)?$"
_HEAD = r'^[\s|+-]*(?:Exception Group )?Traceback \(most recent call last\):\s*$|^"{3}$'
_CHAIN = r"^[\s|]*(During handling of the above|The above exception was the direct)"
_CARETS = r"^[\s|]*[~^][\s~^]*$"
_GROUPED = r"^\s*\+[-+]*-(?: (?P<number>[\d.]+) -+)?$"
_CODE = r"^(?:\s*\|\s{3}|\s{3}(?!\s*\|\s))"
_PREFIX = r"^[\s|]*(?:\|\s)?"


def highlight(code: str) -> list[Span]:
    """One line of Python as spans, complete or cut anywhere; the text is kept as it is."""
    spans: list[Span] = []
    after = ""
    for match in re.finditer(_TOKEN, code):
        kind, text = match.lastgroup, match.group()
        role = "text"
        if kind == "string" or kind == "number":
            role = f"code.{kind}"
        elif kind == "comment":
            role = "faint"
        elif kind == "name":
            if text in _KEYWORDS:
                role = "code.keyword"
            elif after in ("def", "class") or code[match.end() : match.end() + 1] == "(":
                role = "code.name"
        if not text.isspace():
            after = text
        spans.append((text, role))
    return merge_spans(spans)


def highlight_repr(
    text: str, width: int, *, most: int = 1, glyphs: Glyphs = UNICODE
) -> list[list[Span]]:
    """The repr of a value over at most `most` rows of exactly `width` cells.

    Of a long one only the beginning has colours.
    """
    shown = clean(text, limit=width * most + 1)
    spans = highlight(shown[:MOST_COLOURED])
    if rest := shown[MOST_COLOURED:]:
        spans.append((rest, "text"))
    rows = wrap_spans(spans, width, max(1, most), glyphs.ellipsis)
    return [fit_spans(row, width, ellipsis=glyphs.ellipsis) for row in rows]


def short_path(path: str) -> str:
    """A file's path from its package on, or its last three parts."""
    path = path.replace("\\", "/")
    rest = within_package(path)
    if rest != path:
        return rest
    parts = path.split("/")
    return path if len(parts) <= 4 and len(path) <= 30 else "/".join(parts[-3:])


class Raised(NamedTuple):
    """One step of a traceback as it was read; `kind` says which fields hold."""

    kind: str
    text: str = ""
    path: str = ""
    line: str = ""
    name: str = ""


def highlight_traceback(
    text: str, width: int, own: Callable[[str], bool] = is_own, *, glyphs: Glyphs = UNICODE
) -> list[list[Span]]:
    """A traceback as rows of exactly `width` cells, or the text as it is where it is none.

    Frames whose path is `own` have a bar and full colour, the others are faint; the exception
    stands last and red. What was said between chained exceptions becomes a rule.
    """
    steps = list(_read(_bounded(text)))
    if not any(step.kind == "frame" for step in steps):
        return _plain_rows(text, width, glyphs)
    last = max((i for i, step in enumerate(steps) if step.kind == "error"), default=-1)
    rows: list[list[Span]] = []
    mine = False
    for index, step in enumerate(steps):
        if step.kind == "frame":
            mine = own(step.path)
        rows.extend(_step_rows(step, width, mine, index == last, glyphs))
    return _without_middle(rows, width, glyphs)


def last_own_frame(text: str, own: Callable[[str], bool] = is_own) -> tuple[str, str, str] | None:
    """Short path, line number and function of the last frame in the user's own code, cleaned."""
    frames = [step for step in _read(_bounded(text)) if step.kind == "frame" and own(step.path)]
    if not frames:
        return None
    last = frames[-1]
    return clean(short_path(last.path)), clean(last.line), clean(last.name)


def _without_middle(rows: list[list[Span]], width: int, glyphs: Glyphs) -> list[list[Span]]:
    left_out = len(rows) - MOST_ROWS + 1
    if left_out <= 1:
        return rows
    head = MOST_ROWS // 4
    note = f"  [{format_count(left_out)} {agree(left_out, 'line')} left out]"
    row = fit_spans([(note, "faint")], width, ellipsis=glyphs.ellipsis)
    return [*rows[:head], row, *rows[head + left_out :]]


def _bounded(text: str) -> str:
    """The text cleaned, and without its middle if it is too long."""
    if len(text) > MOST_CHARACTERS:
        head, tail = text[: MOST_CHARACTERS // 4], text[-MOST_CHARACTERS * 3 // 4 :]
        left_out = format_count(len(text) - MOST_CHARACTERS)
        head, tail = head.rpartition("\n")[0] or head, tail.partition("\n")[2] or tail
        text = f"{head}\n  [{left_out} characters left out]\n{tail}"
    return clean(text, newlines=True)


def _read(text: str) -> Iterator[Raised]:
    """The steps of a traceback, line by line."""
    state = ""
    for line in text.split("\n"):
        frame = re.match(_FRAME, line)
        if frame:
            state = "frame"
            yield Raised("frame", "", frame["path"], frame["line"], frame["name"] or "")
        elif re.match(_CHAIN, line):
            state = ""
            yield Raised("rule", _unprefixed(line).rstrip(":").rstrip())
        elif re.match(_HEAD, line):
            state = ""
        elif grouped := re.match(_GROUPED, line):
            state = ""
            if grouped["number"]:
                yield Raised("rule", f"exception {grouped['number']} of the group")
        elif not line.strip(" |"):
            continue
        elif state == "frame" and line.lstrip(" |").startswith("[") and line.rstrip().endswith("]"):
            yield Raised("note", line.strip())
        elif state == "frame" and re.match(_CODE, line):
            yield Raised("carets" if re.match(_CARETS, line) else "code", line)
        elif state == "message":
            yield Raised("message", line)
        else:
            state = "message" if state == "frame" else state
            yield Raised("error" if state == "message" else "note", _unprefixed(line))


def _unprefixed(line: str) -> str:
    return re.sub(_PREFIX, "", line, count=1)


def _step_rows(
    step: Raised, width: int, mine: bool, last: bool, glyphs: Glyphs
) -> list[list[Span]]:
    if step.kind == "frame":
        return [_frame_row(step, width, mine, glyphs)]
    if step.kind == "code":
        return [_code_row(step.text, width, mine, glyphs)]
    if step.kind == "carets":
        return []  # the code line loses its indent, so they would point at nothing
    if step.kind == "rule":
        line = Line(width, glyphs.ellipsis).left(
            (glyphs.horizontal * 2 + " ", "border"), (step.text, "muted")
        )
        return [line.fill(glyphs.horizontal, "border").spans()]
    if step.kind == "error":
        return _error_rows(step.text, width, last, glyphs)
    role = "text" if step.kind == "message" else "faint"
    return _indented([(step.text.strip(), role)], width, ("  ", ""), glyphs)


def _frame_row(step: Raised, width: int, mine: bool, glyphs: Glyphs) -> list[Span]:
    where = f" in {step.name}" if step.name else ""
    room = max(12, width - 3 - len(step.line) - min(cells(where), 40))
    path = cut(short_path(step.path), room, where="left", ellipsis=glyphs.ellipsis)
    spans = [
        _bar(mine, glyphs),
        (path, "text"),
        (":", "muted"),
        (step.line, "code.number"),
        (where[:4], "muted"),
        (where[4:], "code.name"),
    ]
    return _row(spans, width, mine, glyphs)


def _code_row(text: str, width: int, mine: bool, glyphs: Glyphs) -> list[Span]:
    code = text.strip(" |")[: width * 2 + 1]
    spans = highlight(code) if mine else [(code, "faint")]
    return _row([_bar(mine, glyphs), ("  ", "text"), *spans], width, mine, glyphs)


def _bar(mine: bool, glyphs: Glyphs) -> Span:
    return (f"{glyphs.own} ", "accent") if mine else ("  ", "")


def _row(spans: list[Span], width: int, mine: bool, glyphs: Glyphs) -> list[Span]:
    if not mine:
        spans = merge_spans([(text, "faint") for text, _ in spans])
    return fit_spans(spans, width, ellipsis=glyphs.ellipsis)


def _error_rows(text: str, width: int, last: bool, glyphs: Glyphs) -> list[list[Span]]:
    role = "failure bold" if last else "failure"
    match = re.match(_ERROR, text[:2000])
    spans: list[Span] = [(text, role)]
    if match:
        rest = match["rest"] or ""
        spans = [(match["module"], "muted"), (match["name"], role), (rest + text[2000:], "text")]
    return _indented(spans, width, (f"{glyphs.failure} ", "failure"), glyphs)


def _indented(
    spans: list[Span], width: int, lead: Span, glyphs: Glyphs, most: int = MOST_MESSAGE_ROWS
) -> list[list[Span]]:
    """The spans over as many rows as they need, two cells in, `lead` before the first."""
    inner = max(1, width - 2)
    rows = wrap_spans(spans, inner, most, glyphs.ellipsis)
    return [
        fit_spans([("  ", "") if number else lead, *row], width, ellipsis=glyphs.ellipsis)
        for number, row in enumerate(rows)
    ]


def _plain_rows(text: str, width: int, glyphs: Glyphs) -> list[list[Span]]:
    rows: list[list[Span]] = []
    for line in _bounded(text).split("\n"):
        rows.extend(
            fit_spans(row, width, ellipsis=glyphs.ellipsis)
            for row in wrap_spans([(line, "text")], width, MOST_MESSAGE_ROWS, glyphs.ellipsis)
        )
    return _without_middle(rows, width, glyphs)
