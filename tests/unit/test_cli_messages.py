"""What the commands write to stderr has no control characters and no passwords."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.test_cli import SECRET, TINY_APP, finish, spawn, write

EVIL = "\x1b[2J\x1b]0;title\x07\x9b31m\x08\r\u202e"
URL = f"redis://user:{SECRET}@h/0"
RAISES = {
    "exception": f"raise RuntimeError({EVIL + URL!r})",
    "exit": f"raise SystemExit({EVIL + URL!r})",
    "its own kind": f"class E(BaseException): pass\nraise E({EVIL + URL!r})",
    "option": TINY_APP + f"import click\n"
    f"def check(ctx, param, value): raise click.BadParameter({EVIL + URL!r})\n"
    "app.user_options['preload'].add(click.Option(['--own'], default='x', callback=check))\n",
    "failing option": TINY_APP + f"import click\n"
    f"def check(ctx, param, value): raise ValueError({EVIL + URL!r})\n"
    "app.user_options['preload'].add(click.Option(['--own'], default='x', callback=check))\n",
    "while it is slow": "import time\ntime.sleep(1.3)\n" + TINY_APP,
}


def assert_safe(err: str) -> None:
    assert err
    assert all(line.isprintable() for line in err.split("\n")), repr(err)
    assert SECRET not in err


@pytest.mark.parametrize(
    "args",
    [
        (f"--{EVIL}",),
        (f"-{EVIL}",),
        (f"--utc={EVIL}",),
        (EVIL,),
        (URL,),
        ("snapshot", EVIL, URL),
        ("snapshot", "--for", EVIL),
        ("snapshot", "--filter", f"state:{EVIL}"),
        ("snapshot", f"--{EVIL}={URL}"),
        ("demo", URL),
        ("-A", EVIL),
        ("-A", f"{EVIL}:{URL}"),
        ("-b", f"{EVIL}{URL}"),
        ("-b", f"sqs{URL}{EVIL}", "snapshot"),
        ("--theme", EVIL),
        ("--refresh", URL),
        ("--conf", EVIL, "snapshot"),
        ("--workdir", EVIL),
        ("--log-file", f"/{EVIL}/x", "-b", "memory://", "snapshot"),
        ("--result-backend", URL, "--config", f"{EVIL}{SECRET}"),
        ("--loader", EVIL),
        ("-q", "-b", f"redis://user:{SECRET}@127.0.0.1:1/0", "snapshot", "--timeout", "100ms"),
        ("\udcff", "\udcfe"),
    ],
    ids=ascii,
)
def test_what_arguments_say(tmp_path: Path, args: tuple[str, ...]) -> None:
    status, out, err = finish(spawn("-m", "celerytui", *args, folder=tmp_path))
    assert status in (1, 2, 69)
    assert out == ""
    assert_safe(err)


@pytest.mark.parametrize(
    "variable",
    [
        *("CELERYTUI_THEME", "CELERYTUI_REFRESH", "CELERYTUI_CONF", f"CELERYTUI_{EVIL}"),
        *("CELERY_SKIP_CHECKS", "CELERY_APP", "CELERY_BROKER_URL", "CELERY_WORKDIR"),
    ],
    ids=ascii,
)
def test_what_the_environment_says(tmp_path: Path, variable: str) -> None:
    process = spawn("-m", "celerytui", folder=tmp_path, **{variable: EVIL + URL})
    status, out, err = finish(process)
    assert (status, out) == (2, "")
    assert_safe(err)


@pytest.mark.parametrize("config", [f'"{EVIL}"', 'theme = "\\u001b[2J"', '"\\u001b[2J" = 1'])
def test_what_the_config_file_says(tmp_path: Path, config: str) -> None:
    (tmp_path / "own.toml").write_text(config, encoding="utf-8")
    status, _, err = finish(spawn("-m", "celerytui", "--conf", "own.toml", folder=tmp_path))
    assert status == 2
    assert_safe(err)


@pytest.mark.parametrize("raises", RAISES)
def test_what_a_project_raises(tmp_path: Path, raises: str) -> None:
    write(tmp_path, "loud_app", RAISES[raises])
    args = ("-A", "loud_app", "snapshot", "--for", "100ms", "--timeout", "100ms")
    _, _, err = finish(spawn("-m", "celerytui", *args, folder=tmp_path))
    assert_safe(err)


@pytest.mark.parametrize("raises", ["exception", "exit", "its own kind"])
def test_what_a_project_raises_as_a_command_of_celery(tmp_path: Path, raises: str) -> None:
    # What Celery itself loads, and says of it, is Celery's.
    write(tmp_path, "loud_tasks", RAISES[raises])
    write(tmp_path, "quiet_app", TINY_APP + "app.conf.imports = ['loud_tasks']\n")
    _, _, err = finish(spawn("-m", "celery", "-A", "quiet_app", "tui", "snapshot", folder=tmp_path))
    assert_safe(err)
    args = ("-A", "quiet_app", "tui", f"--{EVIL}={URL}")
    write(tmp_path, "loud_tasks", "")
    status, _, err = finish(spawn("-m", "celery", *args, folder=tmp_path))
    assert status == 2
    assert_safe(err)


def test_a_relative_log_file_is_where_the_program_was_started(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    args = ("--workdir", "elsewhere", "--log-file", "own.log", "-b", "redis://127.0.0.1:1/0")
    code, _, err = finish(
        spawn("-m", "celerytui", *args, "snapshot", "--timeout", "0.1s", folder=tmp_path)
    )
    assert code == 69, err
    assert (tmp_path / "own.log").exists()
    assert list((tmp_path / "elsewhere").iterdir()) == []
