"""Failures in groups: which failures are one and the same, and how often each came."""
