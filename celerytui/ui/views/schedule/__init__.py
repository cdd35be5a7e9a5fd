"""The schedule: every periodic task, and whether beat is alive."""
