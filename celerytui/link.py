"""A command line that opens the monitor at a filter or a task, to be sent to somebody."""

from __future__ import annotations

from typing import NamedTuple

PROGRAM = ("celerytui",)


class Opening(NamedTuple):
    """Where the monitor opens: the filter of its tasks and the id of a task, "" for none.

    `command` is how it was started on this cluster, without passwords.
    """

    filter: str = ""
    task: str = ""
    command: tuple[str, ...] = PROGRAM

    def link(self, *, filter: str = "", task: str = "") -> str:
        """The command line that opens the monitor there, quoted for a shell."""
        import shlex

        from celerytui.masking import mask

        given = (("--filter", filter), ("--task", task))
        words = [word for flag, text in given if text for word in (flag, text)]
        return mask(shlex.join([*self.command, *words]))


def start_command(
    *program: str, app: str | None, broker: str | None, workdir: str | None = None
) -> tuple[str, ...]:
    """The words that start the monitor on the same cluster.

    A broker's URL with a password is left out where there is an app, which says where the broker
    is; else it goes without its password.
    """
    command, *plugin = program
    given = [
        ("-A", app),
        ("-b", broker_without_password(broker, named=app)),
        ("--workdir", workdir),
    ]
    words = [word for flag, text in given if text for word in (flag, text)]
    return (command, *words, *plugin)


def broker_without_password(url: str | None, *, named: str | None = None) -> str | None:
    """The URL of a broker as far as everybody may see it, None if nothing of it may be shown."""
    from celerytui.masking import MASK, mask_url

    if not url or mask_url(url) == url:
        return url
    if named:
        return None
    bare = mask_url(url).replace(f":{MASK}@", "@")
    return None if MASK in bare or mask_url(bare) != bare else bare
