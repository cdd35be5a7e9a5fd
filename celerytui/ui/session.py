"""What every widget needs to draw: the engine, the look, and the moment that is shown."""

from __future__ import annotations

from dataclasses import dataclass, field

from celerytui.engine import Engine
from celerytui.model import LinkState
from celerytui.settings import Settings
from celerytui.ui.glyphs import Glyphs
from celerytui.ui.theme import Palette


@dataclass
class Session:
    """One run of the interface; `marked` are the ids of tasks."""

    engine: Engine
    settings: Settings
    palette: Palette
    glyphs: Glyphs
    utc: bool = False
    framed: bool = True
    paused_at: float | None = None
    view: str = "dashboard"
    filter_text: str = ""
    marked: set[str] = field(default_factory=set)

    def now(self) -> float:
        """The moment that is drawn: the clock, or when the display was paused or the link lost."""
        if self.paused_at is not None:
            return self.paused_at
        stale = self.stale_since
        return self.engine.clock() if stale is None else stale

    @property
    def stale_since(self) -> float | None:
        """Since when the figures are old, because the broker is gone; None while they are fresh."""
        link = self.engine.link
        if link.state in (LinkState.RECONNECTING, LinkState.STOPPED):
            return link.lost_at
        return None

    @property
    def ascii(self) -> bool:
        """Whether only ASCII is drawn."""
        return self.glyphs.area == "ascii"
