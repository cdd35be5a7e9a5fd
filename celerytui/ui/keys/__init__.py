"""Which key does what where, the user's own keys, and the help."""
