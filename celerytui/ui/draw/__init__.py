"""Spans, frames, charts, code, glyphs and themes: everything drawn, without a widget."""
