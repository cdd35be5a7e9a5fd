"""A terminal monitor for Celery."""

__version__ = "0.1.0"
