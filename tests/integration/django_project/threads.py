"""Reads all results in three threads, as the monitor does, and says how many connections are left.

As JSON: how many results each thread found, and how many connections PostgreSQL has besides ours.
"""

import json
import sys
import threading

import tests.integration.django_project.celery as project

if __name__ == "__main__":
    from django.db import connection

    from celerytui.connect import import_task_modules
    from celerytui.results import open_source, wanted

    import_task_modules(project.app)
    source = open_source(project.app)
    found: list[int] = []

    def read() -> None:
        found.append(sum(len(page.results) for page in source.pages(wanted(), 2)))

    for _ in range(3):
        thread = threading.Thread(target=read)
        thread.start()
        thread.join()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        (others,) = cursor.fetchone()
    sys.stdout.write(json.dumps({"found": found, "others": others}))
