"""What every widget needs to draw: the engine, the look, and the moment that is shown."""

from __future__ import annotations

from dataclasses import dataclass, field

from celerytui.engine import Engine
from celerytui.model import LinkState
from celerytui.settings import Settings
from celerytui.ui.answers import Answers
from celerytui.ui.glyphs import Glyphs
from celerytui.ui.history import History
from celerytui.ui.theme import Palette


@dataclass
class Session:
    """One run of the interface.

    `marked` are the ids of tasks and `marked_workers` hostnames; `worker` is the one that the view
    of one worker shows.
    """

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
    marked_workers: set[str] = field(default_factory=set)
    worker: str | None = None
    answers: Answers = field(init=False)
    history: History = field(init=False)

    def __post_init__(self) -> None:
        self.answers = Answers(self.engine)
        self.history = History(self.engine)

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
    def read_only(self) -> bool:
        """Whether nothing that changes the cluster may be done."""
        return self.engine.settings.read_only

    @property
    def ascii(self) -> bool:
        """Whether only ASCII is drawn."""
        return self.glyphs.area == "ascii"
