"""Calls the command as a project's own code does."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.integration.django_project.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("celerytui", *sys.argv[1:], verbosity=0)
