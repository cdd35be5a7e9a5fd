"""What was chosen on the screen is there again the next time, whatever is in the file."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celerytui.control import Choices, Order, choices_path
from celerytui.control.choices import LONGEST_FILTER, LONGEST_NAME, MAX_BYTES, MAX_FILTERS

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=LONGEST_NAME)
FILTERS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-5, 5) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)


def loaded(path: Path | None, app: str = "shop") -> Choices:
    found = Choices(path, app)
    found.load()
    return found


def seen(choices: Choices) -> tuple[Any, ...]:
    return dict(choices.filters), choices.hidden("tasks"), choices.order("tasks")


def test_what_was_chosen_is_there_in_the_next_session(tmp_path: Path) -> None:
    path = tmp_path / "apps" / "shop.json"
    first = loaded(path)
    assert seen(first) == ({}, frozenset(), None)
    first.save()
    assert not path.exists()
    first.keep_filter("slow", "runtime:>5")
    first.keep_filter("gone", "state:lost")
    first.remove_filter("gone")
    first.hide("tasks", frozenset({"id", "queue"}))
    first.sort("tasks", "runtime", reverse=True)
    chosen = {"slow": "runtime:>5"}, frozenset({"id", "queue"}), Order("runtime", True)
    assert seen(first) == chosen
    first.save()
    assert seen(loaded(path)) == chosen
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert os.listdir(path.parent) == ["shop.json"]


def test_two_sessions_keep_what_the_other_saved(tmp_path: Path) -> None:
    path = tmp_path / "shop.json"
    one, other = loaded(path), loaded(path)
    one.keep_filter("a", "state:lost")
    other.keep_filter("b", "state:retry")
    other.hide("tasks", frozenset({"id"}))
    one.save()
    other.save()
    one.hide("tasks", frozenset())
    one.save()
    assert seen(loaded(path)) == ({"a": "state:lost", "b": "state:retry"}, frozenset(), None)


@given(st.dictionaries(NAMES, FILTERS, max_size=5))
def test_any_names_and_filters_come_back(tmp_path_factory: Any, filters: dict[str, str]) -> None:
    path = tmp_path_factory.mktemp("any") / "shop.json"
    first = loaded(path)
    for name, text in filters.items():
        first.keep_filter(name, text)
    first.save()
    assert dict(loaded(path).filters) == filters


@given(st.binary(max_size=80) | JSON.map(lambda made: json.dumps(made).encode()))
def test_whatever_is_in_the_file_the_program_starts(tmp_path_factory: Any, text: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "shop.json"
    path.write_bytes(text)
    choices = loaded(path)
    assert choices.filters == {}
    choices.keep_filter("a", "state:lost")
    choices.save()
    assert loaded(path).filters == {"a": "state:lost"} or choices.trouble is not None


HOSTILE = {
    "broken": "{",
    "too large": " " * (MAX_BYTES + 1),
    "of other types": '{"version": 1, "filters": ["a"]}',
    "deep": '{"version": 1, "filters": ' + "[" * 50_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_broken_file_is_ignored_with_a_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    path = tmp_path / "shop.json"
    path.write_text(text)
    choices = loaded(path)
    assert seen(choices) == ({}, frozenset(), None)
    [record] = caplog.records
    assert record.getMessage().startswith(f"{path} is ignored: ")
    choices.sort("tasks", "name", reverse=False)
    choices.save()
    assert loaded(path).order("tasks") == Order("name")


def test_a_newer_file_is_ignored_and_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "shop.json"
    text = '{"version": 2, "filters": {"a": {"query": "state:lost"}}}'
    path.write_text(text)
    choices = loaded(path)
    choices.keep_filter("b", "state:retry")
    choices.save()
    assert dict(choices.filters) == {"b": "state:retry"}
    assert path.read_text() == text
    assert [one.getMessage() for one in caplog.records] == [
        f"{path} is of a newer version: choices are not saved"
    ]


def test_what_is_beyond_the_bounds_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "shop.json"
    filters = {f"n{at}": "a" for at in range(MAX_FILTERS + 5)}
    odd = {"": "a", "x" * (LONGEST_NAME + 1): "a", "long": "a" * (LONGEST_FILTER + 1), "none": ""}
    path.write_text(json.dumps({"version": 1, "filters": odd | filters}))
    choices = loaded(path)
    assert list(choices.filters) == list(filters)[5:]
    choices.keep_filter("new", "b")
    assert list(choices.filters) == [*list(filters)[6:], "new"]


@pytest.mark.parametrize("trap", ["link", "folder"])
def test_a_link_is_not_followed(tmp_path: Path, trap: str) -> None:
    path, other = tmp_path / "shop.json", tmp_path / "other"
    if trap == "link":
        other.write_text('{"version": 1, "filters": {"a": "b"}}')
        path.symlink_to(other)
    else:
        path.mkdir()
    choices = loaded(path)
    assert choices.filters == {}
    assert f"cannot read {path}" in str(choices.trouble)
    choices.keep_filter("c", "d")
    choices.save()
    assert f"cannot read {path}" in str(choices.trouble)
    assert path.is_dir() if trap == "folder" else path.is_symlink()
    assert trap == "folder" or "c" not in other.read_text()
    assert sorted(os.listdir(tmp_path)) == sorted({"shop.json", "other"} & {*os.listdir(tmp_path)})


def test_without_a_home_nothing_is_saved_and_it_says_so() -> None:
    choices = loaded(None)
    choices.keep_filter("a", "b")
    choices.save()
    assert dict(choices.filters) == {"a": "b"}
    assert choices.trouble == "not saved: there is no home directory"


@given(st.text(max_size=80), st.text(max_size=80))
def test_apps_have_files_of_their_own_with_plain_names(one: str, other: str) -> None:
    paths = [choices_path({"XDG_STATE_HOME": "/state"}, app) for app in (one, other)]
    assert (paths[0] == paths[1]) is (one == other)
    for path in paths:
        assert path is not None
        assert path.parent == Path("/state/celerytui/apps")
        assert path.name.isascii()
        assert len(path.name) <= 60


def test_a_reader_never_sees_a_half_change(tmp_path: Path) -> None:
    choices = loaded(tmp_path / "shop.json")
    ends = threading.Event()
    errors: list[Exception] = []

    def read() -> None:
        while not ends.is_set():
            try:
                dict(choices.filters)
                choices.save()
            except Exception as error:
                errors.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(300):
        choices.keep_filter(f"n{number % 20}", "a")
        choices.remove_filter(f"n{(number + 7) % 20}")
    ends.set()
    thread.join(100)
    choices.save()
    assert errors == []
    assert dict(loaded(tmp_path / "shop.json").filters) == dict(choices.filters)


def test_what_cannot_be_written_now_is_written_later(tmp_path: Path) -> None:
    path = tmp_path / "apps" / "shop.json"
    (tmp_path / "apps").write_text("in the way")
    choices = loaded(path)
    choices.keep_filter("slow", "runtime:>5")
    choices.save()
    assert "cannot" in str(choices.trouble)
    (tmp_path / "apps").unlink()
    choices.save()
    assert dict(loaded(path).filters) == {"slow": "runtime:>5"}


def test_a_file_that_cannot_be_read_is_not_written_over(tmp_path: Path) -> None:
    path, away = tmp_path / "shop.json", tmp_path / "away.json"
    first = loaded(path)
    first.keep_filter("kept", "state:retry")
    first.save()
    path.rename(away)
    path.symlink_to(away)
    choices = loaded(path)
    choices.keep_filter("more", "state:lost")
    choices.save()
    assert path.is_symlink()
    path.unlink()
    away.rename(path)
    choices.save()
    assert set(loaded(path).filters) == {"kept", "more"}


def test_once_a_newer_file_is_gone_choices_are_saved(tmp_path: Path) -> None:
    path = tmp_path / "shop.json"
    path.write_text('{"version": 2}')
    choices = loaded(path)
    choices.keep_filter("b", "state:retry")
    choices.save()
    path.unlink()
    choices.save()
    assert dict(loaded(path).filters) == {"b": "state:retry"}


def test_a_name_that_is_cut_replaces_its_own(tmp_path: Path) -> None:
    choices = loaded(tmp_path / "shop.json")
    for number in range(MAX_FILTERS):
        choices.keep_filter(f"{number:0{LONGEST_NAME}}", "a")
    choices.keep_filter(f"{0:0{LONGEST_NAME}} and more", "b")
    assert len(choices.filters) == MAX_FILTERS
    assert choices.filters[f"{0:0{LONGEST_NAME}}"] == "b"
