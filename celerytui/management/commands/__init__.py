"""The command of Django's manage.py."""
