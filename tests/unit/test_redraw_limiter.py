"""News comes as often as the line to the terminal bears, and never too seldom."""

from __future__ import annotations

from textual.geometry import Size

from celerytui.ui.terminal.redraw_limiter import LINE_RATE, SLOWEST_SECONDS, RedrawLimiter


class Line:
    def __init__(self) -> None:
        self.sent = 0
        self.size = Size(120, 40)
        self.now = 100.0
        self.limiter = RedrawLimiter(lambda: self.sent, lambda: self.size, lambda: self.now)


def test_the_first_news_is_drawn_at_once() -> None:
    assert Line().limiter.due_in <= 0


def test_what_a_drawing_cost_is_waited_off() -> None:
    line = Line()
    line.sent = 50_000
    line.limiter.drawing()
    line.sent += LINE_RATE // 2
    assert line.limiter.due_in == 0.5
    line.now += 0.5
    assert line.limiter.due_in <= 0


def test_a_drawing_that_cost_nothing_is_not_waited_for() -> None:
    line = Line()
    line.limiter.drawing()
    assert line.limiter.due_in <= 0


def test_news_is_never_older_than_the_limit() -> None:
    line = Line()
    line.limiter.drawing()
    line.sent += 100 * LINE_RATE
    assert line.limiter.due_in == SLOWEST_SECONDS


def test_a_larger_terminal_may_cost_more() -> None:
    line = Line()
    line.size = Size(240, 40)
    line.limiter.drawing()
    line.sent += LINE_RATE
    assert line.limiter.due_in == 0.5
