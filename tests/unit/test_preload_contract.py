"""Our own declaration of Celery's preload options, held against Celery's.

Both programs are run side by side: on a good app they load the same one, on a bad one they say the
same and exit alike.
"""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Any

import celery
import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.cli.options import PRELOAD
from celerytui.connect import PreloadOptions

VARIABLES = {str(param.envvar) for param in PRELOAD if param.envvar}
CELERY = ("-m", "celery")
OURS = ("-m", "celerytui")

# Tells on stdout which app's task modules are imported, which both programs do, and what a project
# sees then.
TELL = """
import os
from celery import Celery, signals

def tell(app):
    print("APP", app.main, app.conf.broker_url, app.conf.result_backend,
          type(app.loader).__name__, os.path.basename(os.getcwd()),
          os.environ.get("CELERY_SKIP_CHECKS"))

@signals.import_modules.connect
def tell_of(sender, **kwargs):
    tell(sender)
"""
FILES = {
    "telling.py": TELL,
    "okapp.py": "from telling import Celery\n"
    "app = Celery('ok', broker='memory://code')\nother = Celery('other', broker='memory://o')\n",
    "celeryapp.py": "from telling import Celery\n"
    "celery = Celery('celery-attribute', broker='memory://c')\n",
    "pkg/__init__.py": "",
    "pkg/celery.py": "from telling import Celery\napp = Celery('in-package', broker='memory://p')\n",
    "ownloader.py": "from celery.loaders.default import Loader\nclass OwnLoader(Loader): pass\n",
    "noapp.py": "x = 1\n",
    "badimport.py": "import nosuchthing\n",
    "boom.py": "1 / 0\n",
    "celeryconfig.py": "imports = ('probe',)\nbroker_url = 'memory://default'\n",
    "otherconfig.py": "imports = ('probe',)\nbroker_url = 'memory://other'\n",
    "probe.py": "import telling\nfrom celery import current_app\ntelling.tell(current_app)\n",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("contract") / "project"
    (folder / "pkg").mkdir(parents=True)
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
        if not name.startswith(("CELERY", "COVERAGE")) and name not in VARIABLES
    }
    variables |= {"PYTHONPATH": str(Path(__file__).parents[2]), "HOME": str(folder)} | environ
    done = subprocess.run(
        [sys.executable, *program, *args],
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    # What takes its time is told, as everything does on a busy machine.
    done.stderr = re.sub(r"^celerytui: importing .*\n", "", done.stderr, flags=re.M)
    return done


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
        "default": param.default,
        "hidden": param.hidden,
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


def parsed(params: Sequence[click.Parameter], args: Sequence[str]) -> dict[str, Any] | str:
    """What click makes of the arguments and the environment, or what it says is wrong."""
    command = click.Command("program", params=list(params), add_help_option=False)
    try:
        context = command.make_context("program", list(args), auto_envvar_prefix="CELERY")
    except click.UsageError as error:
        return f"{type(error).__name__} {error.exit_code}: {error.format_message()}"
    # Celery goes to the folder as we do, and then gives the option no value.
    return {name: value for name, value in context.params.items() if name != "workdir"}


VALUES = st.sampled_from(["", "0", "1", "true", "no", "proj:app", "-q", "maybe", "redis://h/1"])
GIVEN = st.one_of(
    st.tuples(st.sampled_from(["-A", "--app", "-b", "--broker", "--loader", "--config"]), VALUES),
    st.tuples(st.sampled_from(["--result-backend"]), VALUES),
    st.tuples(st.sampled_from(["--workdir"]), st.just(".")),
    st.tuples(st.sampled_from(["-C", "--no-color", "-q", "--quiet", "--skip-checks", "-Cq"])),
    st.tuples(st.sampled_from(["--app=x", "-bx", "-Ax", "--bro", "--nosuch", "-A", "--config"])),
)
# Any $NO_COLOR but an empty one counts for us, whatever is in it: see below.
SET = st.dictionaries(
    st.sampled_from(
        sorted(
            VARIABLES - {"NO_COLOR"}
            | {f"CELERY_{name}".upper() for name in PreloadOptions._fields if name != "workdir"}
        )
    ),
    VALUES,
    max_size=4,
)


@settings(deadline=None)
@given(words=st.lists(GIVEN, max_size=4), environ=SET, no_color=st.sampled_from(["", "1", "true"]))
def test_both_read_arguments_and_variables_alike(
    words: list[tuple[str, ...]], environ: dict[str, str], no_color: str
) -> None:
    from celery.bin.celery import celery as program

    theirs = [copy(param) for param in program.params if param.name != "version"]
    for param in theirs:
        if param.name == "app":
            # Celery before 5.5 loads the app while it reads the arguments.
            param.type = click.STRING
    args = [*itertools.chain.from_iterable(words)]
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("CELERY") or name in VARIABLES:
                patch.delenv(name)
        for name, value in (environ | {"NO_COLOR": no_color}).items():
            patch.setenv(name, value)
        assert parsed(PRELOAD, args) == parsed(theirs, args)


DEFAULT = "APP default memory://default None Loader project None"
LOADED = "APP ok memory://code None AppLoader project None"
OWN_LOADER = "APP default memory://default None OwnLoader project None"
OTHER = "APP default memory://other None Loader project None"
RESULTS = "APP ok memory://code cache+memory:// AppLoader project None"
UNCHECKED = "APP ok memory://code None AppLoader project true"


@pytest.mark.parametrize(
    ("args", "environ", "expected"),
    [
        ([], {}, DEFAULT),
        (["-A", "okapp"], {}, LOADED),
        (["-A", "okapp:other"], {}, "APP other memory://o None AppLoader project None"),
        (["--app=celeryapp"], {}, "APP celery-attribute memory://c None AppLoader project None"),
        (["-A", "pkg"], {}, "APP in-package memory://p None AppLoader project None"),
        ([], {"APP": "okapp"}, LOADED),
        (
            ["-Cq"],
            {"CELERY_APP": "okapp", "BROKER_URL": "memory://v"},
            "APP ok memory://v None AppLoader project None",
        ),
        (
            ["-A", "okapp", "-b", "memory://b", "--result-backend", "cache+memory://"],
            {"CELERY_BROKER": "memory://weaker"},
            "APP ok memory://b cache+memory:// AppLoader project None",
        ),
        ([], {"APP": "okapp", "RESULT_BACKEND": "cache+memory://"}, RESULTS),
        (["-A", "okapp"], {"CELERY_RESULT_BACKEND": "cache+memory://"}, RESULTS),
        (["--config", "otherconfig"], {}, OTHER),
        ([], {"CONFIG_MODULE": "otherconfig"}, OTHER),
        ([], {"CELERY_CONFIG": "otherconfig"}, OTHER),
        (["-b", "memory://only"], {}, "APP default memory://only None Loader project None"),
        ([], {"CELERY_BROKER": "memory://v"}, "APP default memory://v None Loader project None"),
        (["--loader", "ownloader.OwnLoader"], {}, OWN_LOADER),
        ([], {"LOADER": "ownloader.OwnLoader"}, OWN_LOADER),
        ([], {"CELERY_LOADER": "ownloader.OwnLoader"}, OWN_LOADER),
        (["-A", "okapp", "--workdir", ".."], {}, LOADED),
        (["-A", "okapp"], {"CELERY_WORKDIR": ".."}, LOADED),
        (["-A", "okapp", "--skip-checks"], {}, UNCHECKED),
        (["-A", "okapp"], {"SKIP_CHECKS": "1", "NO_COLOR": "1"}, UNCHECKED),
        (["-A", "okapp"], {"CELERY_SKIP_CHECKS": "true", "CELERY_QUIET": "1"}, UNCHECKED),
    ],
    ids=str,
)
def test_both_load_the_same_app(
    project: Path, args: list[str], environ: dict[str, str], expected: str
) -> None:
    if expected == UNCHECKED and celery.VERSION < (5, 3, 2):
        pytest.skip("this Celery crashes where it is not to check anything")
    elsewhere = "--workdir" in args or "CELERY_WORKDIR" in environ
    folder = project / "empty" if elsewhere else project
    theirs = run(CELERY, [*args, "report"], folder, environ)
    ours = run(OURS, args, folder, environ)
    told = [line for line in theirs.stdout.splitlines() if line.startswith("APP")]
    assert told == [expected]
    assert ours.stdout.splitlines() == told
    # There is no terminal here: the app was loaded and the monitor refused.
    assert ours.returncode == 2
    [refusal] = ours.stderr.splitlines()
    assert refusal.startswith("celerytui: the monitor needs a terminal")


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
        "import os, sys\nfrom celerytui import cli\nfrom celerytui.cli import monitor\n"
        "monitor.open_monitor = lambda start: print(os.environ.get('NO_COLOR')) or 0\n"
        "cli.main()\n"
    )
    ran = run(("-c", script), [], project, {"NO_COLOR": value})
    assert (ran.stdout, ran.stderr, ran.returncode) == (f"{shown}\n", "", 0)


def test_the_program_colours_nothing_in_an_error(project: Path) -> None:
    ours = run(OURS, ["-A", "noapp"], project, {})
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", ours.stderr)
