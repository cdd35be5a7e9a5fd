"""The registry of commands, in the order of --help."""

from __future__ import annotations

from celerytui.cli.commands import (
    demo,
    history,
    mark,
    record,
    replay,
    results,
    schedule,
    snapshot,
    tasks,
)
from celerytui.cli.groups import Subcommand

COMMANDS: tuple[Subcommand, ...] = (
    snapshot.COMMAND,
    schedule.COMMAND,
    results.COMMAND,
    mark.COMMAND,
    record.COMMAND,
    replay.COMMAND,
    tasks.COMMAND,
    history.COMMAND,
    demo.COMMAND,
)
