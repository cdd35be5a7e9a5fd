"""The program: the console script, and `python -m celerytui`.

Only what stops an interrupt from becoming a traceback is imported before the rest.
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
