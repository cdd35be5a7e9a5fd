"""A Django project as Django's and Celery's documentation make one; its app is `app`."""

from tests.integration.django_project.celery import app

__all__ = ["app"]
