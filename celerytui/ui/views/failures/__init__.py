"""All failures, in groups."""
