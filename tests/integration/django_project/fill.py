"""Makes the tables, runs N additions and a failure, whose results are kept; prints their ids."""

import json
import sys

import tests.integration.django_project.celery  # noqa: F401  it makes the app the current one

if __name__ == "__main__":
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    database = "results" if "results" in settings.DATABASES else "default"
    call_command("migrate", verbosity=0, database=database)
    from tests.integration.django_project.tasks import add, fail

    ids = [add.delay(number, y=2).id for number in range(int(sys.argv[1]))]
    ids.append(fail.delay("it broke: señor").id)
    sys.stdout.write(json.dumps(ids))
