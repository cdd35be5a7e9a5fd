"""All types of tasks, and one of them whole."""
