"""The views, each in a room of its own."""
