"""One task whole."""
