"""The registry of commands, in the order of --help."""

from __future__ import annotations

from celerytui.cli.commands import demo, mark, snapshot
from celerytui.cli.groups import Subcommand

COMMANDS: tuple[Subcommand, ...] = (snapshot.COMMAND, mark.COMMAND, demo.COMMAND)
