"""A small shop that sells nothing: tasks that sleep instead of working, and sometimes fail."""
