"""What the keys of a replay do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from textual.screen import Screen

from celerytui.engine.replayer import Replayer
from celerytui.model import Moments
from celerytui.ui.session import Session


class ReplayKeys:
    """Hands what a key asks for to the replayer, which does it in its own thread."""

    def __init__(self, page: Screen[Any], session: Session, replayer: Replayer) -> None:
        self._page = page
        self._session = session
        self._replayer = replayer
        self._deeds: Mapping[str, Callable[[], None]] = {
            "play": lambda: replayer.play(not replayer.state.playing),
            "step": replayer.step,
            "slower": lambda: replayer.speed(-1),
            "faster": lambda: replayer.speed(1),
            "next_trouble": lambda: replayer.find(Moments.TROUBLE),
            "previous_trouble": lambda: replayer.find(Moments.TROUBLE, back=True),
            "next_mark": lambda: replayer.find(Moments.MARK),
            "previous_mark": lambda: replayer.find(Moments.MARK, back=True),
            "skip": lambda: replayer.skip(not replayer.state.skipping),
            "go": self._ask_where,
        }

    def do(self, deed: str) -> None:
        """Do what a key of the place `replay` is for."""
        self._deeds[deed]()

    @property
    def labels(self) -> Mapping[str, str]:
        """What keys do now by their ids, where that depends on how the replay goes."""
        state = self._replayer.state
        return {
            "replay.play": "pause" if state.playing else "play",
            "replay.skip": "play silence" if state.skipping else "skip silence",
        }

    def _ask_where(self) -> None:
        from celerytui.ui.actions.go_to import GoTo

        def go(to: float | None) -> None:
            if to is not None:
                self._replayer.seek(to)

        self._page.app.push_screen(GoTo(self._session, self._replayer), go)
