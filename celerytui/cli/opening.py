"""Where the monitor is to open, by the options of the command line."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import click
from click.core import ParameterSource

from celerytui.cli.groups import Subcommand
from celerytui.cli.options import given_preload
from celerytui.link import Opening, broker_without_password, start_command
from celerytui.settings import HISTORY_DEFAULT

FLAGS = {"query": "--filter", "task": "--task"}


def opening(ctx: click.Context, params: Mapping[str, Any]) -> Opening:
    """Where to open; raises UsageError for a filter that does not parse, or where nothing opens."""
    given = {name: params[name] for name in FLAGS if params.get(name) is not None}
    if given:
        _check_place(ctx, next(iter(given)))
    query, task = given.get("query", ""), given.get("task", "").strip()
    if query:
        from celerytui.query import parse_query

        parse_query(query)
    if "task" in given and not task:
        raise click.UsageError("--task: the id of a task is missing", ctx)
    return Opening(query, task, _command(ctx))


def _check_place(ctx: click.Context, name: str) -> None:
    """An option of the monitor before a command that does not open it does nothing there."""
    if ctx.invoked_subcommand is None or not isinstance(ctx.command, click.Group):
        return
    command = ctx.command.get_command(ctx, ctx.invoked_subcommand)
    if isinstance(command, Subcommand) and not command.opens:
        flag = FLAGS[name]
        own = any(flag in param.opts for param in command.params)
        text = f"{flag} is an option of the monitor; {command.name} does not open it"
        if own:
            text = f"{flag} goes after the command: {ctx.command_path} {command.name} {flag} ..."
        raise click.UsageError(text, ctx)


def _command(ctx: click.Context) -> tuple[str, ...]:
    """How the monitor was started, as far as it says on which cluster, or on which history."""
    if not ctx.params["offline"]:
        return _cluster(ctx)
    url = broker_without_password(ctx.params["history"])
    history = ("--history", url) if url and url != HISTORY_DEFAULT else ()
    return (*_cluster(ctx), *history, "--offline")


def _cluster(ctx: click.Context) -> tuple[str, ...]:
    parent = ctx.parent
    if parent is None:
        at_hand = ParameterSource.COMMANDLINE
        broker = ctx.params["broker"] if ctx.get_parameter_source("broker") is at_hand else None
        app, workdir = ctx.params["app"], ctx.params["workdir"]
        return start_command("celerytui", app=app, broker=broker, workdir=workdir)
    # Of Celery's own options the context has what became of them.
    given = given_preload(parent.command, parent, sys.argv[1:])
    where = {"app": given.app, "broker": given.broker, "workdir": given.workdir}
    return start_command("celery", ctx.info_name or "tui", **where)
