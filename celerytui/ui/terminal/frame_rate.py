"""How soon one frame may follow another; said before Textual is imported, which reads it once."""

from __future__ import annotations

import os
from typing import Final

FRAMES_PER_SECOND: Final = 240
"""A key does not wait for the 60th of a second in which news was drawn. News comes at a pace of
its own."""


def raise_frame_rate() -> None:
    """Have Textual draw up to that many frames a second, unless the user says how many."""
    os.environ.setdefault("TEXTUAL_FPS", str(FRAMES_PER_SECOND))
