"""Runs a chord and saves its header as a group; sends another to a queue that nobody consumes.

Prints, as JSON, the ids, and what `celerytui.results` reads of both groups, also of a task that is
in one: of its own group, and of the other members that are not in memory.
"""

import json
import sys
import time
from typing import Any

import tests.integration.django_project.celery as project
from celerytui.model import TaskGroups


def groups_of(answer: TaskGroups) -> list[Any]:
    """The groups of an answer: id, members, how many they are and how many are missing."""
    assert answer.error is None, answer.error
    return [[one.id, list(one.members), one.count, one.missing] for one in answer.groups]


if __name__ == "__main__":
    import django

    django.setup()
    from celery import chord, group

    from celerytui.results import ResultLookup, open_source
    from tests.integration.django_project.tasks import add, total

    header = group(add.s(number, 1) for number in range(3))
    done = chord(header)(total.s())
    assert done.get(timeout=60) == 6
    done.parent.save()
    waiting = chord(group(add.s(9).set(queue="nobody") for _ in range(3)))(total.s())
    source = open_source(project.app)
    saved, progress = source.group(done.parent.id), source.group(waiting.parent.id)
    lookup = ResultLookup(project.app, time.time)
    header = [one.id for one in done.parent.results]
    member = lookup.read_groups(
        header[1], None, lambda ids: [one for one in ids if one != header[1]]
    )
    body = lookup.read_groups(done.id, header[-1], list)
    held_back = lookup.read_groups(waiting.parent.results[2].id, None, lambda ids: [])
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
                "member": groups_of(member),
                "member_results": {one.id: one.state.label for one in member.results},
                "body": groups_of(body),
                "held_back": groups_of(held_back),
                "waiting_group": waiting.parent.id,
                "progress": {"members": list(progress.members), "missing": progress.missing},
            }
        )
    )
