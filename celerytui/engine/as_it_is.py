"""Stands for what is to be left as it is."""

from __future__ import annotations

import enum
from typing import Final, Literal


class _Keep(enum.Enum):
    AS_IT_IS = enum.auto()


AS_IT_IS: Final = _Keep.AS_IT_IS
"""Stands for what `Engine.show` is to leave alone."""
AsItIs = Literal[_Keep.AS_IT_IS]
