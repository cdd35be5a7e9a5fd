"""All workers."""
