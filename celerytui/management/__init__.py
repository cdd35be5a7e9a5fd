"""`python manage.py celerytui`, where celerytui is in INSTALLED_APPS."""
