"""Widgets that draw each of their lines whole, by hand."""

from __future__ import annotations

from textual.filter import ANSIToTruecolor
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget


class HandDrawn(Widget):
    """A widget whose `render_line` gives whole lines, with every cell's colours.

    Textual has no border, padding, opacity or title of its own to add to them, and is not asked
    for any: to find that out takes it longer than the lines take us.
    """

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines in a part of the widget."""
        width = self.outer_size.width
        lines = [self.render_line(y).adjust_cell_length(width) for y in crop.line_range]
        for one in self.get_line_filters():
            # Palettes have true colours, or the terminal's own where the app draws those.
            if not isinstance(one, ANSIToTruecolor):
                _, background = self.background_colors
                lines = [line.apply_filter(one, background) for line in lines]
        if crop.column_span != (0, width):
            lines = [line.crop(*crop.column_span) for line in lines]
        return lines
