"""The panel that all views are made of: a frame with two titles and lines that are drawn by hand.

A pane draws all its lines at each change and repaints only those that differ from what is on the
screen, so that a storm of events costs the terminal no more than a reader could see of it.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.strip import Strip

from celerytui.columns import format_clock
from celerytui.control import Scope
from celerytui.ui.draw.frame import frame_bottom, frame_top
from celerytui.ui.draw.hand_drawn import HandDrawn
from celerytui.ui.draw.spans import Line, Spans, to_strip
from celerytui.ui.draw.theme import Palette
from celerytui.ui.keys.registry import Keyed
from celerytui.ui.session import Session

if TYPE_CHECKING:
    from celerytui.ui.keys.help import HelpSubject

Row = tuple[Line | Spans, str]
"""A line and its background."""


class Pane(Keyed, HandDrawn, can_focus=True):
    """A panel; with a whole frame where there is room, else under a rule that has the titles.

    Subclasses say their `titles` and draw their `body`; missing lines are blank.
    """

    DEFAULT_CSS = """
    Pane { width: 1fr; height: 1fr; background: $background; }
    """
    NAME = ""
    LABELS: ClassVar[Mapping[str, str]] = {}
    """What keys do here by their ids, where the footer says it in other words."""

    def __init__(self, session: Session, *, id: str) -> None:
        super().__init__(id=id)
        self.session = session
        self._strips: list[Strip] = []
        self._blank: tuple[int, Row] = (-1, ([], "bg"))
        self._top_drawn: tuple[Hashable, Strip] | None = None
        self._made: Mapping[int, tuple[Row, Hashable, Strip]] = {}
        """The lines of the body by the rows they were made from, which are kept alive by it."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether a key's action is there: some are not in a replay."""
        return self.session.keys.allows(action)

    @property
    def idle(self) -> Collection[str]:
        """The ids of keys that would do nothing now: the footer does not name them."""
        return ()

    def titles(self) -> tuple[Spans, Spans]:
        """The texts of the top border, at the left and at the right."""
        return [(self.NAME, self.title_role)], []

    def body(self, width: int, height: int) -> list[Row]:
        """The lines inside the frame, each `width` cells, with their grounds."""
        raise NotImplementedError

    def targets(self, scope: Scope) -> list[str]:
        """What an action of that scope is about while this pane has the focus."""
        return []

    def has_targets(self, scope: Scope) -> bool:
        """Whether there are any; asked at each drawing, so it costs the same however many."""
        return bool(self.targets(scope))

    @property
    def current_task(self) -> str | None:
        """The id of the one task that keys are about here, whatever is marked."""
        return next(iter(self.targets(Scope.TASK)), None)

    @property
    def rows_wanted(self) -> int:
        """How many rows of body it would like to have."""
        return 0

    def columns_explained(self) -> Sequence[tuple[str, str]]:
        """The heads of its columns, and what each shows."""
        return ()

    def help_subject(self) -> HelpSubject:
        """What help is about while this pane has the focus."""
        from celerytui.ui.keys.help import HelpSubject

        return HelpSubject(self.NAME, self.places(), self.columns_explained())

    def footnote(self) -> Spans:
        """The text of the bottom border, at the right."""
        return []

    def thumb(self) -> tuple[int, int] | None:
        """First line and length of the scroll bar's thumb in the body; None without one."""
        return None

    @property
    def title_role(self) -> str:
        """The accent where the pane has the focus."""
        return "key" if self.has_focus else "strong"

    @property
    def inside(self) -> Region:
        """Where the body is drawn, in the pane's own coordinates."""
        width, height = self.outer_size  # there is no padding; `size` looks for it each time
        if self.session.framed:
            return Region(1, 1, max(0, width - 2), max(0, height - 2))
        return Region(0, 1, width, max(0, height - 1))

    def line(self) -> Line:
        """An empty line of the body."""
        return Line(self.inside.width, self.session.glyphs.ellipsis)

    def paint(self) -> None:
        """Read again what is shown, and redraw it."""
        self.redraw()

    def redraw(self) -> None:
        """Draw again what was read, and repaint the lines that changed."""
        if not self.is_attached or not self.display or not self.outer_size:
            return
        before, self._strips = self._strips, self._draw()
        if len(before) != len(self._strips):
            self.refresh()
            return
        changed = [y for y, strip in enumerate(self._strips) if strip != before[y]]
        if changed:
            self.refresh(*(Region(0, y, self.outer_size.width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        """One line of the pane as it was last drawn.

        The first frame comes before any drawing, and not each new size with an event of its own.
        """
        if len(self._strips) != self.outer_size.height:
            self.paint()
        if y >= len(self._strips):
            return Strip.blank(self.outer_size.width, self.session.palette.style("text"))
        return self._strips[y]

    def on_resize(self, event: events.Resize) -> None:
        drawn = [strip.cell_length for strip in self._strips]
        if drawn != [event.size.width] * event.size.height:
            self._strips = []
        self.paint()

    def on_show(self) -> None:
        self.paint()

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self.redraw()

    @property
    def palette(self) -> Palette:
        """The palette to draw with: the faint one while the figures are old."""
        palette = self.session.palette
        return palette if self.session.stale_since is None else palette.stale

    def _draw(self) -> list[Strip]:
        session, inside, palette = self.session, self.inside, self.palette
        border = "border.focused" if self.has_focus else "border"
        left, right = self.titles()
        if session.stale_since is not None:
            right = [("as of " + format_clock(session.stale_since, session.utc), "stamp")]
        strips = [self._upper_border(left, right, border)]
        rows = self.body(inside.width, inside.height)[: inside.height]
        thumb = self.thumb() or (0, 0)
        made: dict[int, tuple[Row, Hashable, Strip]] = {}
        if self._blank[0] != inside.width:
            self._blank = inside.width, (self.line(), "bg")
        for y in range(inside.height):
            row = rows[y] if y < len(rows) else self._blank[1]
            in_thumb = thumb[0] <= y < thumb[0] + thumb[1]
            look = palette, border, in_thumb, session.framed
            known = self._made.get(id(row))
            if known and known[0] is row and known[1] == look:
                made[id(row)] = known
            else:
                strip = self._framed(to_strip(row[0], palette, row[1]), border, in_thumb)
                made[id(row)] = row, look, strip
            strips.append(made[id(row)][2])
        self._made = made
        if session.framed and self.outer_size.height > 1:
            bottom = frame_bottom(
                self.outer_size.width, self.footnote(), border=border, glyphs=session.glyphs
            )
            strips.append(to_strip(bottom, palette))
        return strips[: self.outer_size.height]

    def _upper_border(self, left: Spans, right: Spans, border: str) -> Strip:
        """The top border; it is often as it was, and fitting titles takes a while."""
        session, width = self.session, self.outer_size.width
        look = (tuple(left), tuple(right), border, width, session.framed, self.palette)
        if self._top_drawn is None or self._top_drawn[0] != look:
            top = frame_top(
                width, left, right, border=border, glyphs=session.glyphs, corners=session.framed
            )
            self._top_drawn = look, to_strip(top, self.palette)
        return self._top_drawn[1]

    def _framed(self, strip: Strip, border: str, in_thumb: bool) -> Strip:
        glyphs, style = self.session.glyphs, self.palette.style
        edge = Segment(glyphs.vertical, style(border))
        end = Segment(glyphs.thumb, style("accent")) if in_thumb else edge
        if self.session.framed:
            return Strip([edge, *strip, end], strip.cell_length + 2)
        if in_thumb:
            return Strip([*strip.crop(0, strip.cell_length - 1), end], strip.cell_length)
        return strip
