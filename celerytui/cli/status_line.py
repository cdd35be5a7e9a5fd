"""One line on standard error that is drawn again and again, where that is a terminal."""

from __future__ import annotations

from collections.abc import Callable

from celerytui.streams import stderr


def status_line() -> Callable[[str], None] | None:
    """Draws the line, and clears it for an empty text; None where nobody would see it."""
    stream = stderr()
    if stream is None or not stream.isatty():
        return None

    def show(text: str) -> None:
        import shutil

        from celerytui.columns import clean, cut
        from celerytui.logs import CLEAR_LINE

        width = shutil.get_terminal_size().columns
        stream.write(CLEAR_LINE + cut(clean(text), width - 1))
        stream.flush()

    return show
