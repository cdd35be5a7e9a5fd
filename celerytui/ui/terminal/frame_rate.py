"""The maximum frame rate; set before Textual is imported, which reads it once."""

from __future__ import annotations

import os
from typing import Final

FRAMES_PER_SECOND: Final = 240
"""A key does not wait for the 60th of a second after an update. Updates have a rate of their
own."""


def raise_frame_rate() -> None:
    """Set Textual's maximum frame rate, unless the user has set it."""
    os.environ.setdefault("TEXTUAL_FPS", str(FRAMES_PER_SECOND))
