from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from celerytui import files
from celerytui.control import ITSELF, actionlog
from celerytui.control.actionlog import ActionLog, log_path, overall
from celerytui.masking import learn
from celerytui.model import Finding, Item, Outcome, Reply


def outcome(number: int = 1, **more: Any) -> Outcome:
    replies = (Reply("w1@test", True, "ok"), Reply("w2@test", None, "no reply within 1 s"))
    return Outcome("task.revoke", (f"id{number}",), replies, number, number + 0.5, **more)


def opened(path: Path | None) -> ActionLog:
    log = ActionLog(path, user="ann", app="shop", broker="redis://:pw123456@h/0")
    log.load()
    return log


def test_what_was_done_is_there_in_the_next_session(tmp_path: Path) -> None:
    path = tmp_path / "state" / "actions.jsonl"
    log = opened(path)
    items = (Item("a", True, ""), Item("b", False, ""), Item("c", None, ""))
    log.record(outcome(items=items, params={"signal": "SIGKILL"}))
    log.record(outcome(2, error="the broker is gone"))
    log.find(Finding("task.revoke", 1, 6.0, False, "it started anyway"))
    (first, second) = opened(path).entries()
    assert [structs.replace(one, items=()) for one in log.entries()] == opened(path).entries()
    assert (first.user, first.app, first.broker) == ("ann", "shop", "redis://:**@h/0")
    assert (first.count, first.targets, first.params) == (1, ["id1"], {"signal": "SIGKILL"})
    assert first.tally == {"ok": 1, "failed": 1, "not done": 1}
    assert first.replies == list(outcome().replies)
    assert first.finding is not None
    assert (first.finding.ok, first.finding.text) == (False, "it started anyway")
    assert (second.error, second.finding, second.seconds) == ("the broker is gone", None, 0.5)


def test_what_was_done_unasked_is_the_monitors_own(tmp_path: Path) -> None:
    log = opened(tmp_path / "actions.jsonl")
    log.record(outcome(), by=ITSELF)
    log.record(outcome())
    assert [entry.user for entry in opened(tmp_path / "actions.jsonl").entries()] == [ITSELF, "ann"]


def test_it_is_for_its_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "actions.jsonl"
    opened(path).record(outcome())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_thousands_of_targets_are_counted_and_a_hundred_named(tmp_path: Path) -> None:
    path = tmp_path / "actions.jsonl"
    ids = tuple(f"id{number}" for number in range(10_000))
    opened(path).record(Outcome("task.revoke", ids, (), 1, 2))
    (entry,) = opened(path).entries()
    assert (entry.count, entry.targets) == (10_000, list(ids[:100]))


def test_secrets_do_not_reach_it(tmp_path: Path) -> None:
    learn(["s3cr3t-of-the-log"])
    path = tmp_path / "actions.jsonl"
    params = {"args": '["s3cr3t-of-the-log", "redis://u:hidden77@h"]'}
    log = opened(path)
    log.record(outcome(params=params, error="amqp://u:hidden77@h refused"))
    for secret in ("s3cr3t", "hidden77", "pw123456"):
        assert secret not in path.read_text()
        assert secret not in str(log.entries())


def test_lines_of_others_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "actions.jsonl"
    opened(path).record(outcome())
    with path.open("ab") as file:
        file.write(b'{"half": \n\xff\xfe\n[1]\n{"finding": {"action": 3}}\n{"time": "x"}\n\n')
        file.write(b"[" * 100_000 + b"\n")
    opened(path).record(outcome(2))
    assert [entry.time for entry in opened(path).entries()] == [1, 2]


def test_the_newest_are_kept_and_a_full_file_is_put_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actionlog, "MAX_BYTES", 20_000)
    path = tmp_path / "actions.jsonl"
    log = opened(path)
    for number in range(700):
        log.record(outcome(number))
    assert [entry.time for entry in log.entries()] == list(range(200, 700))
    assert path.stat().st_size < 21_000
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "actions.jsonl",
        "actions.jsonl.1",
    ]
    assert opened(path).entries()[-1].time == 699


def test_what_cannot_be_written_is_said_and_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    log = opened(tmp_path / "file" / "actions.jsonl")
    assert "cannot read" in str(log.trouble)
    log.record(outcome())
    assert "cannot write" in str(log.trouble)
    assert "check its permissions" in str(log.trouble)
    assert len(log.entries()) == 1
    homeless = opened(None)
    homeless.record(outcome())
    assert homeless.trouble == "no home directory for the action log"
    assert len(homeless.entries()) == 1


def test_where_it_is() -> None:
    state = {"XDG_STATE_HOME": "/s", "HOME": "/h"}
    assert log_path(state) == Path("/s/celerytui/actions.jsonl")
    # The XDG specification says to ignore relative paths.
    home = Path("/h/.local/state/celerytui/actions.jsonl")
    assert log_path({"XDG_STATE_HOME": "s", "HOME": "/h"}) == home
    assert log_path({}) is None


def test_nothing_is_read_before_it_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "actions.jsonl"
    opened(path).record(outcome())
    log = ActionLog(path, user="ann", app="shop", broker="")
    assert log.entries() == []
    log.record(outcome(2))
    assert [entry.time for entry in log.entries()] == [1, 2]
    log.load()
    assert len(log.entries()) == 2


def test_entries_keep_their_numbers_while_others_come_and_go(tmp_path: Path) -> None:
    path = tmp_path / "actions.jsonl"
    for _ in range(3):  # at the same time, as two sessions might
        opened(path).record(outcome())
    log = opened(path)
    before = {entry.number: entry for entry in log.entries()}
    assert len(before) == 3
    for _ in range(actionlog.KEPT - 1):
        log.record(outcome())
    oldest = log.entries()[0]
    assert before[oldest.number] is oldest
    assert len({entry.number for entry in log.entries()}) == actionlog.KEPT


def test_items_are_kept_for_the_newest_and_never_written(tmp_path: Path) -> None:
    path = tmp_path / "actions.jsonl"
    log = opened(path)
    for number in range(actionlog.KEPT_ITEMS + 1):
        log.record(outcome(number, items=(Item("a", True, "it went well"),)))
    first, *others = log.entries()
    assert first.items == ()
    assert all(entry.items for entry in others)
    assert (first.summary, others[0].summary) == ("1 ok", "it went well")
    assert "it went well" not in path.read_text()
    assert all(entry.items == () for entry in opened(path).entries())


def test_a_file_cannot_set_what_is_only_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "actions.jsonl"
    opened(path).record(outcome())
    line = json.loads(path.read_text())
    path.write_text(json.dumps(line | {"number": 99, "tally": {"ok": 7}}) + "\n")
    (entry,) = opened(path).entries()
    assert (entry.number, entry.tally) == (0, {})


@given(st.lists(st.sampled_from([True, False, None])), st.sampled_from([None, "it is gone"]))
def test_one_failure_fails_all_and_silence_is_no_success(
    signs: list[bool | None], error: str | None
) -> None:
    ok = overall(signs, error)
    assert (ok is False) is (error is not None or False in signs)
    assert (ok is True) is (error is None and bool(signs) and all(signs))


def test_an_action_of_another_version_is_shown_by_its_id() -> None:
    log = opened(None)
    log.record(Outcome("task.of_tomorrow", ("a", "b"), (), 1, 2, params={"speed": "3"}))
    (entry,) = log.entries()
    assert (entry.label, entry.scope, entry.label_of("speed")) == (
        "task.of_tomorrow",
        None,
        "speed",
    )
    assert (entry.on(ascii=True), entry.given, entry.summary) == ("2", "3", "no worker replied")


def test_each_line_is_json(tmp_path: Path) -> None:
    path = tmp_path / "actions.jsonl"
    opened(path).record(outcome(params={"args": '["\\n\\u2028"]'}))
    (line,) = path.read_text().splitlines()
    assert json.loads(line)["action"] == "task.revoke"


def test_a_file_that_cannot_be_begun_anew_closes_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(path: files.Path) -> int:
        """As where another program takes the number of a file that was closed."""
        if not numbers:
            numbers.append(append(path))
            return numbers[0]
        os.dup2(other.fileno(), numbers[0])
        raise PermissionError(13, "Permission denied")

    append, numbers = files.open_to_append, list[int]()
    monkeypatch.setattr(files, "open_to_append", taken)
    path = tmp_path / "log.jsonl"
    path.write_text("x" * 100)
    with (tmp_path / "other").open("w") as other:
        with pytest.raises(PermissionError):
            files.append_rotating(path, "line\n", 10)
        os.fstat(numbers[0])
        os.close(numbers[0])
