"""The registry of commands, in the order of --help."""

from __future__ import annotations

from celerytui.cli.commands import demo, mark, results, schedule, snapshot
from celerytui.cli.groups import Subcommand

COMMANDS: tuple[Subcommand, ...] = (
    snapshot.COMMAND,
    schedule.COMMAND,
    results.COMMAND,
    mark.COMMAND,
    demo.COMMAND,
)
