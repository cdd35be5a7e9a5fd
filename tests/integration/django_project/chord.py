"""Runs a chord and saves its header as a group; sends another to a queue that nobody consumes.

Prints, as JSON, the ids, and what `celerytui.results` reads of both groups.
"""

import json
import sys

import tests.integration.django_project.celery as project

if __name__ == "__main__":
    import django

    django.setup()
    from celery import chord, group

    from celerytui.results import open_source
    from tests.integration.django_project.tasks import add, total

    header = group(add.s(number, 1) for number in range(3))
    done = chord(header)(total.s())
    assert done.get(timeout=60) == 6
    done.parent.save()
    waiting = chord(group(add.s(9).set(queue="nobody") for _ in range(3)))(total.s())
    source = open_source(project.app)
    saved, progress = source.group(done.parent.id), source.group(waiting.parent.id)
    assert saved is not None
    assert progress is not None
    sys.stdout.write(
        json.dumps(
            {
                "total": done.id,
                "group": done.parent.id,
                "members": [one.id for one in done.parent.results],
                "saved": list(saved.members),
                "waiting": [one.id for one in waiting.parent.results],
                "progress": {"members": list(progress.members), "missing": progress.missing},
            }
        )
    )
