"""Standard output has the document and nothing else, whatever the project does; and it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.test_cli import TINY_APP, finish, spawn, write

ON_MEMORY = TINY_APP + "app.conf.broker_url = 'memory://'\n"
OWN_OPTION = "import click\napp.user_options['preload'].add(click.Option(['--own']))\n"
NOISE = "NOISE-OF-THE-PROJECT"
PROJECTS = {
    "prints": f"print({NOISE!r})\n",
    "logs": "import logging, sys\nlogging.basicConfig(stream=sys.stdout)\n"
    f"logging.error({NOISE!r})\n",
    "writes": f"import os\nos.write(1, {NOISE.encode()!r})\n",
    "starts a thread": "import threading, time\n"
    "def talk():\n"
    f"    while True: print({NOISE!r}, flush=True); time.sleep(0.01)\n"
    "threading.Thread(target=talk, daemon=True).start()\n",
    "prints at the end": f"import atexit\natexit.register(lambda: print({NOISE!r}))\n",
    "has a child": f"import subprocess\nsubprocess.run(['echo', {NOISE!r}], check=True)\n",
    "replaces stdout": f"import io, sys\nsys.stdout = io.StringIO()\nprint({NOISE!r})\n"
    f"sys.stderr.write({NOISE!r})\n",
}


@pytest.mark.parametrize("project", PROJECTS)
@pytest.mark.parametrize("more", [(), ("--own", "x")], ids=["plain", "its own"])
def test_only_the_document_is_on_stdout(
    tmp_path: Path, project: str, more: tuple[str, ...]
) -> None:
    write(tmp_path, "noisy_app", PROJECTS[project] + ON_MEMORY + OWN_OPTION)
    args = ("-m", "celerytui", "-A", "noisy_app", *more, "snapshot", "--for", "0.1s", "--json")
    code, out, err = finish(spawn(*args, folder=tmp_path))
    assert code == 0, err
    assert json.loads(out)["app"] == "noisy_app"
    assert NOISE in err


@pytest.mark.parametrize("kind", ["words", "status"])
def test_a_project_that_exits_while_it_is_imported_did_not_load(tmp_path: Path, kind: str) -> None:
    said = "'set DATABASE_URL first'" if kind == "words" else "7"
    write(tmp_path, "leaving_app", f"import sys\nsys.exit({said})\n")
    args = ("-m", "celerytui", "-A", "leaving_app", "snapshot")
    code, out, err = finish(spawn(*args, folder=tmp_path))
    assert (code, out) == (2, "")
    assert "The module leaving_app exits when imported" in err
    assert said.strip("'") in err


@pytest.mark.parametrize(
    "rest",
    [
        "import threading, time\nthreading.Thread(target=time.sleep, args=(10_000,)).start()\n",
        "import atexit, time\natexit.register(time.sleep, 10_000)\n",
    ],
    ids=["thread", "exit hook"],
)
def test_it_ends_whatever_the_project_left(tmp_path: Path, rest: str) -> None:
    write(tmp_path, "staying_app", ON_MEMORY + rest)
    args = ("-m", "celerytui", "-A", "staying_app", "snapshot", "--for", "0.1s", "--json")
    code, out, err = finish(spawn(*args, folder=tmp_path))
    assert code == 0, err
    assert json.loads(out)["app"] == "staying_app"


def test_why_it_failed_is_read_where_the_project_replaced_stderr(tmp_path: Path) -> None:
    replaced = "import io, sys\nsys.stderr = io.StringIO()\n"
    write(tmp_path, "silent_app", replaced + ON_MEMORY + "app.conf.broker_url = 'nosuch://h'\n")
    code, _, err = finish(spawn("-m", "celerytui", "-A", "silent_app", "snapshot", folder=tmp_path))
    assert code == 2
    assert "nosuch" in err
