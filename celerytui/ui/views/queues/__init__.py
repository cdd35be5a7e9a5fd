"""All queues."""
