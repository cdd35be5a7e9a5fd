"""All tasks."""
