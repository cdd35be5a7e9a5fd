"""What a newcomer may add to the command line."""

from __future__ import annotations

from tests.unit.additions.addition import Addition, Change

COMMAND_LINE = {
    "an option": Addition(
        (
            Change(
                "settings/options.py",
                "    quiet_nights: bool = False\n",
                "    keys: Mapping[str, str]",
            ),
            Change(
                "settings/options.py",
                """    Option(name="quiet_nights", kind="flag", help="Wake nobody at night."),
""",
                '    Option(\n        name="production"',
            ),
        ),
        """
async def show(at):
    import subprocess

    run = [sys.executable, "-m", "celerytui", "--help"]
    told = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert "--quiet-nights" in told
    assert at.engine.settings.quiet_nights is False
    assert fake_app(quiet_nights=True).engine.settings.quiet_nights is True
""",
    ),
    "a command": Addition(
        (
            Change(
                "cli/commands/greet.py",
                '''"""`celerytui greet`."""

from __future__ import annotations

import click

from celerytui.cli.groups import Subcommand
from celerytui.cli.start import kept_stdout


def _run_greet(ctx: click.Context) -> None:
    """Say hello."""
    stream = kept_stdout(ctx)
    assert stream is not None
    stream.write("hello\\n")
    stream.flush()


COMMAND = Subcommand(
    "greet",
    callback=click.pass_context(_run_greet),
    help=_run_greet.__doc__,
    prints=True,
)
''',
            ),
            Change(
                "cli/registry.py",
                "from celerytui.cli.commands import greet\n",
                "from celerytui.cli.groups",
            ),
            Change("cli/registry.py", "    greet.COMMAND,\n", ")\n"),
        ),
        """
async def show(at):
    import subprocess

    for args, said in ((["greet"], "hello"), (["--help"], "Say hello.")):
        run = [sys.executable, "-m", "celerytui", *args]
        assert said in subprocess.run(run, capture_output=True, text=True, check=True).stdout
""",
    ),
}
