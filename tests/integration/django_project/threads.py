"""Reads all results in three threads, as the monitor does, and says how many connections are left.

As JSON: how many results each thread found, what it read by the app's backend, and how many
connections PostgreSQL has besides ours while the threads are there.
"""

import json
import sys
import threading
import time

import tests.integration.django_project.celery as project

if __name__ == "__main__":
    from django.db import connection

    from celerytui.connect import import_task_modules
    from celerytui.results import ResultLookup, open_source, wanted
    from celerytui.wire.result_backend import task_meta

    import_task_modules(project.app)
    found: list[int] = []
    read: list[str | None] = []
    over = threading.Event()
    done = threading.Barrier(4)

    def use() -> None:
        source = open_source(project.app)
        results = [one for page in source.pages(wanted(), 2) for one in page.results]
        found.append(len(results))
        read.append(ResultLookup(project.app, time.time).read_result(results[1].id).result)
        assert task_meta(project.app, results[1].id)["result"] == 5
        done.wait()
        over.wait()

    threads = [threading.Thread(target=use) for _ in range(3)]
    for thread in threads:
        thread.start()
    done.wait()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        (others,) = cursor.fetchone()
    over.set()
    sys.stdout.write(json.dumps({"found": found, "read": read, "others": others}))
