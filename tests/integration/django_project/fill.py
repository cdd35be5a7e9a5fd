"""Runs N additions and a failure, which are kept as results; prints their ids as JSON."""

import json
import sys

import tests.integration.django_project.celery  # noqa: F401

if __name__ == "__main__":
    import django

    django.setup()
    from tests.integration.django_project.tasks import add, fail

    ids = [add.delay(number, y=2).id for number in range(int(sys.argv[1]))]
    ids.append(fail.delay("it broke: señor").id)
    sys.stdout.write(json.dumps(ids))
