"""The commands: what they run, what they refuse, and how it reads."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import celerytui
from celerytui import cli, masking
from celerytui.cli import monitor as opening
from celerytui.cli import signals
from celerytui.errors import AppError, BrokerUnavailable, FilterError, ReadOnly, SettingsError
from celerytui.link import Opening
from celerytui.settings import Settings

REPOSITORY = Path(celerytui.__file__).parents[1]


SECRET = "s3cr3t-Pa55"


TINY_APP = """
from celery import Celery
app = Celery('{name}', broker='memory://', set_as_current=False)
"""


OPTION_APP = (
    TINY_APP
    + """
import click
from celery import signals
app.user_options['preload'].add(
    click.Option(['-Z', '--template'], default='plain', envvar='TEMPLATE', help='A template.'))
received = []
@signals.user_preload_options.connect(weak=False)
def note(options, app, **kwargs):
    received.append(options)
    print('OPTIONS', options)
"""
)


@pytest.fixture(autouse=True)
def _nothing_stays(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give the environment, the imported projects and the learnt secrets back as they were."""
    monkeypatch.setattr(masking._Known, "secrets", frozenset())
    monkeypatch.setattr(masking._Known, "pattern", None)
    environ, modules = dict(os.environ), set(sys.modules)
    for name in list(os.environ):
        if name.startswith(("CELERY", "NO_COLOR")) or name == "APP":
            del os.environ[name]
    os.environ["HOME"] = "/nonexistent"
    os.environ.pop("XDG_CONFIG_HOME", None)
    yield
    os.environ.clear()
    os.environ.update(environ)
    for name in set(sys.modules) - modules:
        if "pytest-of-" in (getattr(sys.modules[name], "__file__", None) or ""):
            del sys.modules[name]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Monitor:
    """Stands in for the screen: notes what it was started with."""

    def __init__(self) -> None:
        self.started: list[tuple[Any, Settings]] = []
        self.openings: list[Opening] = []
        self.act: Callable[[], int] = lambda: 0

    def run_monitor(self, app: Any, settings: Settings, opening: Opening) -> int:
        self.started.append((app, settings))
        self.openings.append(opening)
        return self.act()


@pytest.fixture
def monitor(monkeypatch: pytest.MonkeyPatch) -> Monitor:
    stand_in = Monitor()
    module = types.ModuleType("celerytui.ui.app")
    module.__dict__["run_monitor"] = stand_in.run_monitor
    monkeypatch.setitem(sys.modules, "celerytui.ui.app", module)
    monkeypatch.setattr(opening, "need_terminal", lambda: None)
    return stand_in


def write(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.py").write_text(text.replace("{name}", name), encoding="utf-8")


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as exit_status:
        cli.program().main(list(args), prog_name="celerytui", auto_envvar_prefix="CELERY")
    assert isinstance(exit_status.value.code, int)
    return exit_status.value.code


def spawn(*args: str, folder: Path, **variables: str) -> subprocess.Popen[str]:
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CELERY") or name == "CELERYTUI_X"
    }
    return subprocess.Popen(
        [sys.executable, *args],
        cwd=folder,
        env=environ | {"PYTHONPATH": str(REPOSITORY)} | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def test_the_monitor_gets_the_app_and_the_settings(project: Path, monitor: Monitor) -> None:
    write(project, "first_app", TINY_APP)
    assert run("-A", "first_app", "--max-tasks", "7", "--no-enable-events", "-Q", "a,b") == 0
    [(app, settings)] = monitor.started
    assert app.main == "first_app"
    assert settings == Settings(max_tasks=7, enable_events=False, queues=("a", "b"))


def test_flags_beat_the_environment_beats_the_file(project: Path, monitor: Monitor) -> None:
    write(project, "second_app", TINY_APP)
    (project / "my.toml").write_text("max-tasks = 1\nmax-workers = 1\nrefresh = 1\n")
    os.environ |= {"CELERYTUI_MAX_TASKS": "2", "CELERYTUI_MAX_WORKERS": "2"}
    assert run("-A", "second_app", "--conf", "my.toml", "--max-tasks", "3") == 0
    assert monitor.started[0][1] == Settings(max_tasks=3, max_workers=2, refresh=1.0)


def test_celerys_prefix_sets_nothing_of_ours(project: Path, monitor: Monitor) -> None:
    write(project, "third_app", TINY_APP)
    os.environ |= {"CELERY_MAX_TASKS": "2", "CELERY_QUEUES": "x", "CELERY_TIMEOUT": "9"}
    assert run("-A", "third_app") == 0
    assert monitor.started[0][1] == Settings()


def test_the_exit_status_is_the_monitors(project: Path, monitor: Monitor) -> None:
    write(project, "fourth_app", TINY_APP)
    monitor.act = lambda: 129
    assert run("-A", "fourth_app") == 129


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SettingsError("flag --x: bad"), 2),
        (AppError("no app"), 2),
        (FilterError("no", 0, 1), 2),
        (BrokerUnavailable("nobody"), 69),
        (ReadOnly("no"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_errors_are_one_line_and_their_status(
    project: Path,
    monitor: Monitor,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    status: int,
) -> None:
    write(project, "failing_app", TINY_APP)

    def fail() -> int:
        raise error

    monitor.act = fail
    assert run("-A", "failing_app") == status
    err = capsys.readouterr().err
    assert err == (f"celerytui: {error}\n" if str(error) else "")


def test_a_crash_tells_no_password_and_moves_no_cursor(
    project: Path, monitor: Monitor, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, "crashing_app", TINY_APP)

    def crash() -> int:
        raise RuntimeError(f"\x1b[2J redis://:{SECRET}@h and {SECRET}")

    monitor.act = crash
    assert run("-A", "crashing_app", "--result-backend", f"redis://:{SECRET}@h") == 1
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "redis://:**@h and **" in err
    assert SECRET not in err
    assert "\x1b" not in err


@pytest.mark.parametrize("missing", ["stdin", "stderr"])
@pytest.mark.parametrize("command", [["-A", "lonely_app"], ["demo"]], ids=str)
def test_without_a_terminal_it_refuses_in_one_line(
    tmp_path: Path, missing: str, command: list[str]
) -> None:
    write(tmp_path, "lonely_app", TINY_APP)
    controller, terminal = pty.openpty()
    said = tmp_path / "said"
    with os.fdopen(controller, "rb", buffering=0), os.fdopen(terminal, "r+b", buffering=0) as tty:
        with said.open("w+b") as file:
            ran = subprocess.run(
                [sys.executable, "-m", "celerytui", *command],
                cwd=tmp_path,
                env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
                stdin=subprocess.DEVNULL if missing == "stdin" else tty,
                stdout=tty,
                stderr=file if missing == "stderr" else tty,
                timeout=300,
                check=False,
            )
        assert ran.returncode == 2
        text = said.read_text() if missing == "stderr" else os.read(controller, 4096).decode()
    # What takes its time is told, as everything does on a busy machine.
    [line] = [one for one in text.splitlines() if not one.startswith("celerytui: importing")]
    assert line.startswith("celerytui: the monitor needs a terminal")
    assert line.endswith("use `celerytui snapshot`")


def test_a_bad_setting_is_refused_before_the_project_is_imported(
    project: Path, monitor: Monitor, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, "never_app", "raise SystemExit('imported')")
    assert run("-A", "never_app", "--refresh", "50ms") == 2
    assert capsys.readouterr().err == (
        "celerytui: flag --refresh: 50ms is too short; the minimum is 0.1s\n"
    )


def test_the_demo_runs_the_monitor_on_its_own_cluster(
    monkeypatch: pytest.MonkeyPatch, monitor: Monitor
) -> None:
    module = types.ModuleType("celerytui.demo")
    module.__dict__["run_demo"] = lambda settings, run: run("demo app", settings)
    monkeypatch.setitem(sys.modules, "celerytui.demo", module)
    assert run("--utc", "demo") == 0
    assert monitor.started == [("demo app", Settings(utc=True))]


def test_the_monitor_opens_at_a_filter_and_a_task(project: Path, monitor: Monitor) -> None:
    write(project, "opened_app", TINY_APP)
    broker = "redis://:geheim99@h/1"
    assert run("-A", "opened_app", "-b", broker, "--filter", "name:a", "--task", "a-1") == 0
    assert run("--filter", "state:retry", "-b", broker) == 0
    assert run("--task", "a-1", "demo") == 0
    assert monitor.openings == [
        Opening("name:a", "a-1", ("celerytui", "-A", "opened_app")),
        Opening("state:retry", "", ("celerytui", "-b", "redis://@h/1")),
        Opening("", "a-1", ("celerytui", "demo")),
    ]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--filter", "runtime:>2x"], "--filter 'runtime:>2x', character 11: "),
        (["--filter", "statex:a"], "--filter 'statex:a', character 1: "),
        (["--task", " "], "--task: the id of a task is missing"),
        (["--filter", "a", "snapshot"], "goes after the command: celerytui snapshot --filter"),
        (["--task", "a", "snapshot"], "--task is an option of the monitor; snapshot does not"),
        (["demo", "--task", "a"], "--task goes before the command: celerytui --task ... demo"),
    ],
)
def test_where_it_cannot_open_is_said_before_the_project_is_imported(
    project: Path,
    monitor: Monitor,
    capsys: pytest.CaptureFixture[str],
    args: list[str],
    said: str,
) -> None:
    write(project, "never_app", "raise SystemExit('imported')")
    assert run("-A", "never_app", *args) == 2
    assert said in capsys.readouterr().err
    assert monitor.openings == []


def test_an_option_of_the_program_after_the_command_is_told_its_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("snapshot", "-A", "proj") == 2
    assert "-A goes before the command: celerytui -A ... snapshot" in capsys.readouterr().err
    assert run("snapshot", "--utc") == 2
    assert "--utc goes before the command" in capsys.readouterr().err
    assert run("snapshot", "--nonsense") == 2
    assert "No such option" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "variables", "value"),
    [
        (["-A", "template_app", "-Z", "fancy"], {}, "fancy"),
        (["-Z", "fancy", "-A", "template_app"], {}, "fancy"),
        (["--template=fancy", "--app=template_app", "--utc"], {}, "fancy"),
        (["-Zapp", "-A", "template_app"], {}, "app"),
        (["-Zfancy"], {"CELERY_APP": "template_app"}, "fancy"),
        (["-A", "template_app"], {}, "plain"),
        (["-A", "template_app"], {"TEMPLATE": "from-variable"}, "from-variable"),
    ],
    ids=str,
)
def test_the_apps_own_options(
    project: Path, monitor: Monitor, args: list[str], variables: dict[str, str], value: str
) -> None:
    write(project, "template_app", OPTION_APP)
    os.environ |= variables
    assert run(*args) == 0
    assert sys.modules["template_app"].received == [{"template": value}]
    assert len(monitor.started) == 1


def test_an_option_that_the_app_does_not_know_either(
    project: Path, monitor: Monitor, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, "plain_app", TINY_APP)
    assert run("-A", "plain_app", "--templat", "x") == 2
    assert "No such option" in capsys.readouterr().err
    assert run("-A", "no_such_app", "--templat", "x") == 2
    assert "The module no_such_app was not found." in capsys.readouterr().err


def test_what_the_version_says(capsys: pytest.CaptureFixture[str]) -> None:
    from importlib.metadata import version

    assert run("--version") == 0
    assert capsys.readouterr().out == (
        f"celerytui {celerytui.__version__} (celery {version('celery')})\n"
    )


SLOW = "import time\ntime.sleep(1.3)\n" + TINY_APP


@pytest.mark.parametrize(
    ("args", "said"),
    [((), True), (("-q",), False)],
    ids=["slow", "slow and quiet"],
)
def test_a_slow_import_is_announced(tmp_path: Path, args: tuple[str, ...], said: bool) -> None:
    write(tmp_path, "slow_app", SLOW)
    status, _, err = finish(spawn("-m", "celerytui", "-A", "slow_app", *args, folder=tmp_path))
    assert status == 2
    assert ("celerytui: importing slow_app ...\n" in err) is said


def test_a_quick_import_is_not_announced(
    project: Path,
    monitor: Monitor,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(signals, "SLOW_IMPORT_SECONDS", 600.0)
    write(project, "quick_app", TINY_APP)

    assert run("-A", "quick_app") == 0
    assert capfd.readouterr().err == ""
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_project_keeps_the_alarm_that_it_set(project: Path, monitor: Monitor) -> None:
    write(
        project,
        "alarm_app",
        "import signal\nhandler = lambda *_: None\nsignal.signal(signal.SIGALRM, handler)\n"
        + TINY_APP,
    )
    before = signal.getsignal(signal.SIGALRM)
    try:
        assert run("-A", "alarm_app") == 0
        assert signal.getsignal(signal.SIGALRM) is sys.modules["alarm_app"].handler
    finally:
        signal.signal(signal.SIGALRM, before)
