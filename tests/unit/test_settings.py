"""Settings: what wins, what is refused, and how the refusal reads."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as checks
from hypothesis import strategies as st

from celerytui import settings
from celerytui.durations import UNIT_SECONDS
from celerytui.errors import SettingsError
from celerytui.settings import DEFAULTS, OPTIONS, TABLES, Keeping, Settings, load, parse_duration

NOWHERE = {"HOME": "/nonexistent"}


@dataclasses.dataclass
class Source:
    """A pair of different good values of one option, as text and as the setting."""

    texts: tuple[str, str, str]
    toml: tuple[str, str, str]
    values: tuple[Any, Any, Any]


SAMPLES = {
    "count": Source(("11", "12", "13"), ("11", "12", "13"), (11, 12, 13)),
    "duration": Source(("2s", "300ms", "4"), ("2.0", '"300ms"', "4"), (2.0, 0.3, 4.0)),
    "path": Source(("/a", "/b", "/c"), ('"/a"', '"/b"', '"/c"'), ("/a", "/b", "/c")),
    "url": Source(
        ("redis://a", "sqlite:///b", "mysql://c"),
        ('"redis://a"', '"sqlite:///b"', '"mysql://c"'),
        ("redis://a", "sqlite:///b", "mysql://c"),
    ),
    "names": Source(
        ("a,b", "b", "c"), ('["a", "b"]', '"b"', '["c"]'), (("a", "b"), ("b",), ("c",))
    ),
    "choice": Source(
        ("dark", "light", "mono"), ('"dark"', '"light"', '"mono"'), ("dark", "light", "mono")
    ),
    "history": Source(
        ("sqlite:////a", "default", "sqlite:////c"),
        ('"sqlite:////a"', "true", '"sqlite:////c"'),
        ("sqlite:////a", "default", "sqlite:////c"),
    ),
    "flag": Source(("1", "false", "yes"), ("true", "false", "true"), (True, False, True)),
}


def refusal(
    flags: dict[str, Any] | None = None,
    environ: dict[str, str] | None = None,
    conf: Path | None = None,
) -> str:
    with pytest.raises(SettingsError) as caught:
        load(flags or {}, NOWHERE | (environ or {}), conf)
    text = str(caught.value)
    assert "\n" not in text
    return text


def config(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_field_has_one_option_and_every_option_a_field() -> None:
    assert [option.name for option in OPTIONS] == list(Settings._fields)


def test_defaults_when_nobody_says_anything() -> None:
    assert load({}, {}, None) == DEFAULTS == Settings()
    assert load({option.name: None for option in OPTIONS}, NOWHERE, None) == DEFAULTS


@checks(deadline=None)
@given(
    option=st.sampled_from([option for option in OPTIONS if option.kind not in TABLES]),
    flag=st.none() | st.integers(0, 2),
    variable=st.none() | st.integers(0, 2),
    key=st.none() | st.integers(0, 2),
)
def test_flags_beat_the_environment_beats_the_file_beats_the_default(
    tmp_path_factory: pytest.TempPathFactory,
    option: settings.Option,
    flag: int | None,
    variable: int | None,
    key: int | None,
) -> None:
    sample = SAMPLES[option.kind]
    assert option.variable is not None
    environ = dict(NOWHERE)
    if variable is not None:
        environ[option.variable] = sample.texts[variable]
    conf = tmp_path_factory.getbasetemp() / "precedence.toml"
    conf.write_text("" if key is None else f"{option.key} = {sample.toml[key]}\n", "utf-8")
    flags: dict[str, Any] = {option.name: None}
    if flag is not None:
        flags[option.name] = sample.values[flag] if option.kind == "flag" else (sample.texts[flag])

    chosen = next((index for index in (flag, variable, key) if index is not None), None)
    expected = option.default if chosen is None else sample.values[chosen]
    loaded = load(flags, environ, conf)
    assert getattr(loaded, option.name) == expected
    others = set(Settings._fields) - {option.name}
    assert all(getattr(loaded, name) == getattr(DEFAULTS, name) for name in others)


@checks(deadline=None)
@given(st.floats(0, 1e9), st.sampled_from(sorted(UNIT_SECONDS)))
def test_durations_round_trip(amount: float, unit: str) -> None:
    text = f"{amount:.6f}{unit}"
    seconds = float(f"{amount:.6f}") * UNIT_SECONDS[unit]
    assert parse_duration(text) == seconds
    assert parse_duration(f"{seconds:.9f}") == pytest.approx(seconds, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25),
        ("3s", 3.0),
        ("0.5", 0.5),
        (".5", 0.5),
        ("2m", 120),
        ("1.5h", 5400),
        ("1d", 86400),
        (" 3 s ", 3.0),
        ("7.", 7.0),
        ("1h30m", 5400),
        ("1d 2.5s", 86402.5),
    ],
)
def test_durations_that_people_write(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("", "s", "-1s", "1e3", "nan", "inf", "1 2s", "3 weeks", "٣s", "9" * 400),
        *("1h30", "1.2.3s", "1m-1s"),
    ],
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@checks(deadline=None)
@given(st.text())
def test_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    try:
        seconds = parse_duration(text)
    except ValueError:
        return
    assert seconds >= 0


@checks(deadline=None)
@given(
    st.sampled_from([option for option in OPTIONS if option.variable]),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1),
)
def test_any_text_in_the_environment_is_taken_or_refused_by_name(
    option: settings.Option, text: str
) -> None:
    assert option.variable is not None
    try:
        load({}, NOWHERE | {option.variable: text}, None)
    except SettingsError as error:
        message = str(error)
    else:
        return
    assert message.startswith(f"environment variable {option.variable}: ")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"refresh": "0.05"}, "flag --refresh: 0.05 is too short; the minimum is 0.1s"),
        ({"refresh": "99ms"}, "flag --refresh: 99ms is too short; the minimum is 0.1s"),
        ({"max_tasks": "many"}, "flag --max-tasks: 'many' is not a whole number"),
        ({"max_tasks": "0"}, "flag --max-tasks: 0 is too small; the minimum is 1"),
        (
            {"theme": "drak"},
            "flag --theme: 'drak' is not one of auto, dark, light, ansi, mono (did you mean dark?)",
        ),
        ({"log_file": ""}, "flag --log-file: '' is not a file name"),
    ],
)
def test_a_bad_flag_is_named(flags: dict[str, Any], message: str) -> None:
    assert refusal(flags) == message


def test_refresh_goes_down_to_a_tenth_of_a_second() -> None:
    assert load({"refresh": "100ms"}, NOWHERE, None).refresh == 0.1


def test_a_bad_variable_is_named() -> None:
    assert refusal(environ={"CELERYTUI_READ_ONLY": "maybe"}) == (
        "environment variable CELERYTUI_READ_ONLY: 'maybe' is not true or false"
    )


def test_an_unknown_variable_is_named_with_what_was_meant() -> None:
    assert refusal(environ={"CELERYTUI_MAX_TASK": "5"}) == (
        "environment variable CELERYTUI_MAX_TASK: unknown setting"
        " (did you mean CELERYTUI_MAX_TASKS?)"
    )


@pytest.mark.parametrize(
    "variable",
    [
        "CELERYTUI_PORT",
        "CELERYTUI_SERVICE_HOST",
        "CELERYTUI_SERVICE_PORT",
        "CELERYTUI_SERVICE_PORT_HTTP",
        "CELERYTUI_PORT_5555_TCP",
        "CELERYTUI_PORT_5555_TCP_ADDR",
        "CELERYTUI_PORT_5555_UDP_PROTO",
        "CELERYTUI_WEB_SERVICE_HOST",
        "CELERYTUI_WEB_PORT_80_TCP_PORT",
    ],
)
def test_the_variables_of_a_kubernetes_service_are_no_settings(variable: str) -> None:
    assert load({}, NOWHERE | {variable: "tcp://10.0.0.1:5555"}, None) == DEFAULTS


def test_an_empty_variable_is_not_set() -> None:
    assert load({}, NOWHERE | {"CELERYTUI_MAX_TASKS": ""}, None) == DEFAULTS


def test_the_default_file_is_in_the_users_config_folder(tmp_path: Path) -> None:
    folder = tmp_path / ".config" / "celerytui"
    folder.mkdir(parents=True)
    config(folder, "utc = true")
    assert load({}, {"HOME": str(tmp_path)}, None).utc is True
    assert load({}, {"HOME": "/x", "XDG_CONFIG_HOME": str(tmp_path / ".config")}, None).utc is True
    # The XDG specification: a relative path is invalid and counts as not set.
    assert load({}, {"HOME": str(tmp_path), "XDG_CONFIG_HOME": "elsewhere"}, None).utc is True


def test_a_named_file_wins_over_the_variable_over_the_default_place(tmp_path: Path) -> None:
    flag = tmp_path / "flag.toml"
    flag.write_text("max-tasks = 1")
    variable = tmp_path / "variable.toml"
    variable.write_text("max-tasks = 2")
    environ = NOWHERE | {"CELERYTUI_CONF": str(variable)}
    assert load({}, environ, flag).max_tasks == 1
    assert load({}, environ, None).max_tasks == 2


def test_a_named_file_has_to_be_there(tmp_path: Path) -> None:
    missing = tmp_path / "no.toml"
    assert refusal(conf=missing) == f"{missing}: no such config file"
    assert refusal(environ={"CELERYTUI_CONF": str(missing)}) == f"{missing}: no such config file"
    assert "is not a regular file; name a config file" in refusal(conf=tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max-task = 5", "max-task: unknown setting (did you mean max-tasks?)"),
        ("max_tasks = 5", "max_tasks: unknown setting (did you mean max-tasks?)"),
        ("zzz = 5", "zzz: unknown setting"),
        ("max-tasks = 5.5", "max-tasks: 5.5 is not a whole number"),
        ("max-tasks = true", "max-tasks: True is not a whole number"),
        ("refresh = inf", "refresh: inf is not a duration such as 250ms, 3s or 0.5"),
        (f"refresh = 1{'0' * 400}", "refresh: int too large to convert to float"),
        ("read-only = 1", "read-only: 1 is not true or false"),
        ("queues = [1]", "queues: [1] is not a list of names"),
        ("log-file = 3", "log-file: 3 is not a file name"),
        ("keys = 'C'", "keys: 'C' is not a table of binding ids and keys"),
        ("[keys]\n'task.revoke' = 7", "keys: task.revoke: 7 is not a key"),
    ],
)
def test_a_bad_key_is_named_with_its_file(tmp_path: Path, text: str, message: str) -> None:
    path = config(tmp_path, text)
    assert refusal(conf=path) == f"{path}: {message}"


def test_a_file_that_is_no_toml(tmp_path: Path) -> None:
    path = config(tmp_path, "max-tasks =\n")
    message = refusal(conf=path)
    assert message.startswith(f"{path} is not valid TOML: ")
    assert "line 1" in message
    path.write_bytes(b"\xff\xfe")
    assert refusal(conf=path) == f"{path} is not UTF-8 text"


def test_keys_are_a_table_with_or_without_quotes(tmp_path: Path) -> None:
    path = config(tmp_path, '[keys]\n"task.revoke" = "ctrl+k"\ntask.terminate = "F9"\nquit = "Q"\n')
    assert load({}, NOWHERE, path).keys == {
        "task.revoke": "ctrl+k",
        "task.terminate": "F9",
        "quit": "Q",
    }


def test_queues_are_stripped_and_named_once() -> None:
    assert load({"queues": " a, b,,a "}, NOWHERE, None).queues == ("a", "b")


def test_a_log_file_in_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    assert load({"log_file": "~/x.log"}, NOWHERE, None).log_file == "/home/someone/x.log"


def test_an_apps_own_table_makes_it_stricter_only(tmp_path: Path) -> None:
    conf = tmp_path / "config.toml"
    conf.write_text(
        "[apps.shop]\nproduction = true\nread-only = true\n[apps.dev]\nread-only = false\n"
    )
    made = load({}, NOWHERE, conf)
    assert (made.production, made.read_only) == (False, False)
    shop, dev, other = (made.for_app(name) for name in ("shop", "dev", "other"))
    assert (shop.production, shop.read_only) == (True, True)
    assert (dev.production, dev.read_only) == (False, False)
    assert other == made
    strict = load({"read_only": True, "production": True}, NOWHERE, conf)
    assert all(strict.for_app(name).read_only for name in ("shop", "dev", "other"))
    assert all(strict.for_app(name).production for name in ("shop", "dev", "other"))


def test_the_table_of_the_history_is_its_url_and_how_long_it_is_kept(tmp_path: Path) -> None:
    conf = config(
        tmp_path,
        '[history]\nurl = "sqlite:////srv/h"\nkeep-successes = "1d"\nmax-size = "500 MB"\n'
        'redact = ["kwargs.card", "result", "events.card", "progress"]\n',
    )
    made = load({}, NOWHERE, conf)
    assert made.history == "sqlite:////srv/h"
    assert made.keeping == Keeping(
        86_400, 30 * 86_400, 500_000_000, ("kwargs.card", "result", "events.card", "progress")
    )
    other = load({"history": "sqlite:////elsewhere"}, NOWHERE, conf)
    assert (other.history, other.keeping) == ("sqlite:////elsewhere", made.keeping)


def test_a_table_without_a_url_records_nothing_by_itself(tmp_path: Path) -> None:
    assert load({}, NOWHERE, config(tmp_path, '[history]\nkeep-others = "9d"')).history is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[history]\nurl = "redis://h"', "history: 'redis://h' is not the URL of a history"),
        ('[history]\nkeep-sucesses = "1d"', "keep-sucesses: unknown setting .did you mean keep"),
        ('[history]\nkeep-others = "x"', "history: keep-others: 'x' is not a duration"),
        ('[history]\nmax-size = "5"', "history: max-size: 5 is too small; the minimum is 10MB"),
        ("[history]\nmax-size = 1e99", "history: max-size: .* is not a size such as 500MB"),
        ('[history]\nredact = ["exception"]', "'exception' is not a path such as kwargs.card"),
        ('[history]\nurl = "postgre://me:hidden@h/x"', r"'postgre://me:\*\*@h/x' is not the URL"),
        ("history = 7", "history: 7 is not the URL of a history"),
    ],
)
def test_a_wrong_table_of_the_history_is_named(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=told):
        load({}, NOWHERE, config(tmp_path, text))


def test_a_relative_folder_of_a_history_is_one_from_where_it_was_started() -> None:
    made = load({"history": "postgresql://h/x"}, NOWHERE, None)
    assert made.history == "postgresql://h/x"
    made = load({"history": "sqlite:///rec"}, NOWHERE, None)
    assert made.history is not None
    assert made.history.endswith("/rec")
    assert made.history.startswith("sqlite:////")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[apps.shop]\nreadonly = true", "apps: shop: readonly: unknown setting"),
        ("[apps.shop]\nread-only = 3", "apps: shop: read-only: 3 is not true or false"),
        ("[apps]\nshop = true", "apps: shop: True is not a table"),
        ("apps = 1", "apps: 1 is not a table of apps"),
    ],
)
def test_a_wrong_table_of_an_app_is_named(text: str, told: str, tmp_path: Path) -> None:
    conf = tmp_path / "config.toml"
    conf.write_text(text)
    with pytest.raises(SettingsError, match=told):
        load({}, NOWHERE, conf)


def test_the_defaults_are_those_of_the_documentation() -> None:
    assert (DEFAULTS.max_tasks, DEFAULTS.max_workers) == (100_000, 5_000)
    assert (DEFAULTS.refresh, DEFAULTS.reply_timeout, DEFAULTS.queue_interval) == (0.25, 1.0, 2.0)
    assert DEFAULTS.enable_events
    assert not any((DEFAULTS.read_only, DEFAULTS.restore_events, DEFAULTS.production))
