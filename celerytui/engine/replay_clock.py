"""The clock of a replay: it stands wherever the replay has come to."""

from __future__ import annotations


class ReplayClock:
    """Gives the time that is replayed, in Unix seconds; only the replaying thread moves it."""

    def __init__(self, begins: float) -> None:
        self.position = begins

    def __call__(self) -> float:
        """Unix seconds."""
        return self.position
