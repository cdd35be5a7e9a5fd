"""One row across the screen."""

from __future__ import annotations

from textual.strip import Strip

from celerytui.ui.draw.hand_drawn import HandDrawn
from celerytui.ui.draw.spans import Line, to_strip
from celerytui.ui.session import Session


class Bar(HandDrawn):
    """One row across the screen, drawn by hand on its ground."""

    DEFAULT_CSS = """
    Bar { height: 1; width: 100%; }
    """
    GROUND = "surface"

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.session = session
        self._strip: Strip | None = None

    @property
    def ground(self) -> str:
        """The background of the row."""
        return self.GROUND

    def draw(self, line: Line) -> None:
        """Fill the row."""
        raise NotImplementedError

    def paint(self) -> None:
        """Draw again, and repaint if it differs."""
        if not self.is_attached or not self.outer_size.width:
            return
        line = Line(self.outer_size.width, self.session.glyphs.ellipsis)
        self.draw(line)
        strip = to_strip(line, self.session.palette, self.ground)
        if strip != self._strip:
            self._strip = strip
            self.refresh()

    def on_resize(self) -> None:
        self.paint()

    def render_line(self, y: int) -> Strip:
        """The row as it was last drawn; the first frame comes before any drawing."""
        if self._strip is None or self._strip.cell_length != self.outer_size.width:
            self.paint()
        if self._strip is None:
            style = self.session.palette.style("text", self.ground)
            return Strip.blank(self.outer_size.width, style)
        return self._strip
