"""The frames of panes and dialogs, and the heads of sections, as spans."""

from __future__ import annotations

from celerytui.ui.draw.glyphs import UNICODE, Glyphs
from celerytui.ui.draw.spans import Line, Span, Spans
from celerytui.ui.draw.titles import fit_title


def frame_top(
    width: int,
    title: Spans,
    right: Spans = (),
    *,
    border: str = "border",
    glyphs: Glyphs = UNICODE,
    corners: bool = True,
) -> list[Span]:
    """A pane's top border: title at the left, counts at the right; without corners a top rule."""
    return _frame(width, title, right, border, glyphs, _corners(glyphs, corners, top=True))


def frame_bottom(
    width: int,
    right: Spans = (),
    *,
    border: str = "border",
    glyphs: Glyphs = UNICODE,
) -> list[Span]:
    """A pane's bottom border, with words at its right if any."""
    return _frame(width, (), right, border, glyphs, _corners(glyphs, True, top=False))


def _corners(glyphs: Glyphs, corners: bool, *, top: bool) -> tuple[str, str]:
    if not corners:
        return "", ""
    if top:
        return glyphs.top_left, glyphs.top_right
    return glyphs.bottom_left, glyphs.bottom_right


def _frame(
    width: int, title: Spans, right: Spans, border: str, glyphs: Glyphs, ends: tuple[str, str]
) -> list[Span]:
    first, last = ends
    bar = glyphs.horizontal
    inner = width - len(first) - len(last) - 2
    if inner < 3:
        return [((first + bar * (width - 2 * len(first)) + last)[:width], border)]
    line = Line(inner, glyphs.ellipsis).fill(bar, border)
    title, right = fit_title(title, right, inner - bool(title) - bool(right), glyphs.ellipsis)
    if title:
        line.left((" ", ""), *title)
    if right:
        line.right(*right, (" ", ""))
    return [(first + bar, border), *line.spans(), (bar + last, border)]


def section(width: int, title: str, right: Spans = (), *, glyphs: Glyphs = UNICODE) -> list[Span]:
    """A section's head inside a pane: a bold word, a rule, and words at the right if any."""
    left, right = fit_title([(title, "strong")], right, width, glyphs.ellipsis)
    line = Line(width, glyphs.ellipsis).left(*left).right(*right)
    return line.fill(glyphs.horizontal, "border").spans()
