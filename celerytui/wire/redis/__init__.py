"""Redis: pub/sub for events, lists and hashes for queues."""
