"""The program: the console script, and `python -m celerytui`.

Before anything else it makes sure that an interrupt prints no traceback.
"""

from typing import NoReturn

from celerytui.interrupt import end_by_interrupt


def main() -> NoReturn:
    """Run the command line and exit."""
    end_by_interrupt()
    from celerytui import cli

    cli.main()


if __name__ == "__main__":
    main()
