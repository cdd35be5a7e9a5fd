"""What a newcomer may add, and what shows that it is there."""

from tests.unit.additions.addition import Addition, Change
from tests.unit.additions.command_line import COMMAND_LINE
from tests.unit.additions.shown import SHOWN
from tests.unit.additions.sources import SOURCES

ADDITIONS = {**SHOWN, **SOURCES, **COMMAND_LINE}

__all__ = ["ADDITIONS", "Addition", "Change"]
