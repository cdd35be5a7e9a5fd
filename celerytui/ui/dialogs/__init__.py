"""Boxes over the page: a choice, a text to read, an entry of the log."""
