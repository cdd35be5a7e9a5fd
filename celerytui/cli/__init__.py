"""The commands, as a program and as `celery tui`."""

from celerytui.cli.entry import main, plugin, program

__all__ = ["main", "plugin", "program"]
