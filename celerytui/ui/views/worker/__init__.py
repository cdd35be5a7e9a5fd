"""One worker whole."""
