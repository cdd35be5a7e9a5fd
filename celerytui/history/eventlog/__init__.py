"""Event logs: all that a monitor was told, as it came, in files that can be told again."""
