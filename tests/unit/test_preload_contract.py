"""Our own declaration of Celery's preload options, held against Celery's.

Both programs are run side by side: on a good app they load the same one, on a bad one they say the
same and exit alike.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from celerytui.connect import PreloadOptions
from celerytui.options import PRELOAD

CELERY = ("-m", "celery")
OURS = ("-m", "celerytui")

# Tells on stdout which app's task modules are imported, which both programs do.
TELL = """
from celery import Celery, signals

@signals.import_modules.connect
def tell(sender, **kwargs):
    print("APP", sender.main, sender.conf.broker_url, sender.conf.result_backend)
"""
FILES = {
    "okapp.py": TELL
    + "app = Celery('ok', broker='memory://code')\nother = Celery('other', broker='memory://o')\n",
    "celeryapp.py": TELL + "celery = Celery('celery-attribute', broker='memory://c')\n",
    "pkg/__init__.py": "",
    "pkg/celery.py": TELL + "app = Celery('in-package', broker='memory://p')\n",
    "noapp.py": "x = 1\n",
    "badimport.py": "import nosuchthing\n",
    "boom.py": "1 / 0\n",
    "celeryconfig.py": "imports = ('probe',)\nbroker_url = 'memory://default'\n",
    "otherconfig.py": "imports = ('probe',)\nbroker_url = 'memory://other'\n",
    "probe.py": "from celery import current_app as a\n"
    "print('APP', a.main, a.conf.broker_url, a.conf.result_backend)\n",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "pkg").mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "empty").mkdir()
    return folder


def run(
    program: tuple[str, ...], args: list[str], folder: Path, environ: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    variables = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CELERY", "COVERAGE")) and name not in ("APP", "BROKER_URL")
    }
    variables |= {"PYTHONPATH": str(Path(__file__).parents[2]), "HOME": str(folder)} | environ
    return subprocess.run(
        [sys.executable, *program, *args],
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def complaint(stderr: str) -> str:
    """Celery's words, without the lines that click and the Celery of the day put before them."""
    return stderr[stderr.index("Unable to load celery application.\n") :].strip()


def described(param: click.Parameter) -> dict[str, Any]:
    assert isinstance(param, click.Option)
    return {
        "opts": sorted(param.opts),
        "secondary": param.secondary_opts,
        "envvar": param.envvar,
        "type": param.type.name,
        "is_flag": param.is_flag,
        "is_eager": param.is_eager,
        "multiple": param.multiple,
        "nargs": param.nargs,
        "required": param.required,
        "autoenv": param.allow_from_autoenv,
    }


def test_the_options_are_those_of_celery() -> None:
    from celery.bin.celery import celery

    theirs = {param.name: described(param) for param in celery.params if param.name != "version"}
    # Celery leaves the app as it comes, since its own code passes an object there.
    theirs["app"]["type"] = "text"
    # Celery goes to the folder and gives the option no value: nobody sees that it was a Path.
    theirs["workdir"]["type"] = "text"
    assert {param.name: described(param) for param in PRELOAD} == theirs
    assert {param.name for param in PRELOAD} == set(PreloadOptions._fields)


@pytest.mark.parametrize(
    ("args", "environ", "expected"),
    [
        (["-A", "okapp"], {}, "APP ok memory://code None"),
        (["-A", "okapp:other"], {}, "APP other memory://o None"),
        (["--app=celeryapp"], {}, "APP celery-attribute memory://c None"),
        (["-A", "pkg"], {}, "APP in-package memory://p None"),
        ([], {"APP": "okapp"}, "APP ok memory://code None"),
        ([], {"CELERY_APP": "okapp", "BROKER_URL": "memory://v"}, "APP ok memory://v None"),
        (
            ["-A", "okapp", "-b", "memory://b", "--result-backend", "cache+memory://"],
            {"CELERY_BROKER": "memory://weaker"},
            "APP ok memory://b cache+memory://",
        ),
        (["--config", "otherconfig"], {}, "APP default memory://other None"),
        (["-b", "memory://only"], {}, "APP default memory://only None"),
        (["-A", "okapp", "--workdir", ".."], {}, "APP ok memory://code None"),
    ],
    ids=str,
)
def test_both_load_the_same_app(
    project: Path, args: list[str], environ: dict[str, str], expected: str
) -> None:
    folder = project / "empty" if "--workdir" in args else project
    theirs = run(CELERY, [*args, "report"], folder, environ)
    ours = run(OURS, args, folder, environ)
    told = [line for line in theirs.stdout.splitlines() if line.startswith("APP")]
    assert told == [expected]
    assert ours.stdout.splitlines() == told
    # There is no terminal here: the app was loaded and the monitor refused.
    assert ours.returncode == 2
    assert ours.stderr.startswith("celerytui: the monitor needs a terminal")
    assert ours.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["noapp", "nosuch", "okapp:nope", "pkg:nope"])
def test_both_refuse_a_bad_app_in_the_same_words(project: Path, name: str) -> None:
    theirs = run(CELERY, ["-A", name, "report"], project, {})
    ours = run(OURS, ["-A", name], project, {})
    assert (theirs.returncode, ours.returncode) == (2, 2)
    message = complaint(theirs.stderr)
    assert ours.stderr == f"celerytui: {message}\n"
    assert ours.stdout == ""


@pytest.mark.parametrize("name", ["badimport", "boom"])
def test_both_show_the_traceback_of_a_module_that_fails(project: Path, name: str) -> None:
    theirs = run(CELERY, ["-A", name, "report"], project, {})
    ours = run(OURS, ["-A", name], project, {})
    assert (theirs.returncode, ours.returncode) == (2, 2)
    message = complaint(theirs.stderr).splitlines()
    own = ours.stderr.removeprefix("celerytui: ").rstrip().splitlines()
    assert own[:3] == message[:3]
    # The frames differ where the two programs do; those of the project are the same.
    last = next(i for i, line in enumerate(message) if f"{name}.py" in line)
    assert own[-(len(message) - last) :] == message[last:]


@pytest.mark.parametrize(
    ("value", "shown"), [("", None), ("1", "1"), ("0", "1"), ("whatever", "1")]
)
def test_any_no_color_but_an_empty_one_counts(project: Path, value: str, shown: str | None) -> None:
    script = (
        "import os, sys\nfrom celerytui import cli\n"
        "cli._monitor = lambda start: print(os.environ.get('NO_COLOR')) or 0\n"
        "cli.main()\n"
    )
    ran = run(("-c", script), [], project, {"NO_COLOR": value})
    assert (ran.stdout, ran.stderr, ran.returncode) == (f"{shown}\n", "", 0)


def test_the_program_colours_nothing_in_an_error(project: Path) -> None:
    ours = run(OURS, ["-A", "noapp"], project, {})
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", ours.stderr)
