"""A task comes out of a history as it went in, without what is to be hidden."""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from celerytui.history.flush import Flush
from celerytui.history.redaction import TEXT_LIMIT, Redaction, safe
from celerytui.history.rows import Decoder, Encoder, key_of, read_id, stored_id
from celerytui.masking import MASK
from celerytui.model import Attempt, CustomEvent, Progress, Task, TaskExtra, TaskState
from celerytui.query.kwargs_path import look
from celerytui.settings import Keeping
from tests.unit.history_tasks import T0, ended, found, tasks, writer

quick = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def there_and_back(task: Task, redaction: Redaction | None = None) -> Task:
    numbers: dict[tuple[int, str], int] = {}
    encoder = Encoder(
        lambda kind, text: numbers.setdefault((kind, text), len(numbers) + 1),
        redaction or Redaction(),
    )
    row = encoder.row(task)
    texts: dict[int | None, str] = {number: text for (_, text), number in numbers.items()}
    return Decoder(texts, encoder.tracebacks.get).task(row)


@quick
@given(tasks)
def test_a_row_gives_the_task_back(task: Task) -> None:
    again = there_and_back(task)
    if task.state.finished and task.runtime is None:
        # What it ran by its events is kept as what it ran.
        assert again.runtime == pytest.approx(task.running(0.0))
        again.runtime = None
    if task.extra is not None and task.extra == TaskExtra():
        again.extra = task.extra
    assert again == task


@pytest.mark.parametrize("shift", [math.nan, math.inf])
def test_a_clock_that_nothing_is_known_of_stays_one(shift: float) -> None:
    task = ended(1, T0)
    task.extra = TaskExtra(worker_shift=shift)
    kept = there_and_back(task).more.worker_shift
    assert kept is not None
    assert repr(kept) == repr(shift)


@given(st.uuids().map(str) | st.text(min_size=1, max_size=40))
@example("5F0C0000-0000-4000-8000-000000000000")
@example("5f0c0000-0000-4000-8000-00000000000 ")
def test_an_id_is_stored_as_what_it_is(task_id: str) -> None:
    assert read_id(stored_id(task_id)) == task_id
    assert -(2**63) <= key_of(stored_id(task_id)) < 2**63 if _encodable(task_id) else True


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@given(st.text(st.characters(), max_size=60))
def test_any_text_can_be_kept(text: str) -> None:
    kept = safe(text)
    assert kept is not None
    assert "\0" not in kept
    kept.encode()


def test_a_long_text_is_cut_and_a_password_is_masked() -> None:
    cut = safe("x" * (TEXT_LIMIT + 5))
    assert cut is not None
    assert len(cut) == TEXT_LIMIT + 1
    assert safe("redis://u:secret@h/0") == "redis://u:**@h/0"
    # Cut first it would be no URL of a user any more.
    edge = safe("x" * (TEXT_LIMIT - 14) + " redis://u:secret@h/0")
    assert edge is not None
    assert "sec" not in edge


@pytest.mark.parametrize(
    ("paths", "field", "text", "kept"),
    [
        (["kwargs.card"], "kwargs", "{'card': '4111', 'a': 1}", "{'card': '**', 'a': 1}"),
        (["kwargs.card"], "kwargs", "{'a': {'card': 1}}", "{'a': {'card': 1}}"),
        (["kwargs.a.card"], "kwargs", "{'a': {'card': [1, 2]}}", "{'a': {'card': '**'}}"),
        (["kwargs.card"], "kwargs", '{"card": "4111", "a": null}', '{"card": "**", "a": null}'),
        (["kwargs.a.card"], "kwargs", "{'a': <Pay card=4111>, 'b': 2}", "{'a': '**', 'b': 2}"),
        (["kwargs.a.card"], "kwargs", """{'a': '{"card": 4111}'}""", "{'a': '**'}"),
        (["kwargs.a.card"], "kwargs", "{'a': None, 'b': 1.5}", "{'a': None, 'b': 1.5}"),
        (
            ["kwargs.card"],
            "kwargs",
            "{'at': Decimal('1'), 'zone': Zone(key='UTC'), ...}",
            "{'at': Decimal('1'), 'zone': Zone(key='UTC'), ...}",
        ),
        (["events.card"], "events", '{"card": "4111"}', '{"card": "**"}'),
        (["args.1"], "args", "(7, 'pin', 9)", "(7, '**', 9)"),
        (["result"], "result", "'token'", "**"),
        (["kwargs"], "kwargs", "{}", "**"),
        (["kwargs.card"], "args", "{'card': 1}", "{'card': 1}"),
    ],
)
def test_named_arguments_are_not_kept(paths: list[str], field: str, text: str, kept: str) -> None:
    assert Redaction(paths).of(field, text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "{'a': 1, 'card': '4111",
        "{'a': 1, 'card': 4111",
        "{'a': 'x, 'card': '4111'}",
        "{'path': 'C:\\', 'card': '4111'}",
        "{'a': <it's>, 'card': '4111', 'b': <it's>}",
        "{'a': [1, 'card': '4111'}",
        "card=4111",
        "Kwargs card: '4111'",
        "{'a': '" + "x" * 20_000 + "', 'card': '4111'}",
    ],
)
def test_a_text_that_cannot_be_read_is_hidden_as_a_whole(text: str) -> None:
    kept = Redaction(["kwargs.card"]).of("kwargs", text)
    assert kept in (MASK, f"'{MASK}'")
    assert Redaction(["args.0"]).of("kwargs", text) == text


def test_what_is_too_long_to_be_read_is_not_kept_where_something_is_to_be_hidden() -> None:
    text = "{'a': '" + "x" * 20_000 + "', 'card': '4111'}"
    kept = Redaction(["kwargs.card"]).of("kwargs", text)
    assert kept is not None
    assert "4111" not in kept


@given(
    st.dictionaries(st.sampled_from("abc"), st.text("x'\"{}[],:\\ ", max_size=6), min_size=1),
    st.sampled_from("abc"),
)
def test_a_hidden_value_is_gone_and_the_others_stay(values: dict[str, str], key: str) -> None:
    kept = Redaction([f"kwargs.{key}"]).of("kwargs", repr(values))
    assert kept is not None
    for other in values:
        expected = "**" if other == key else look(repr(values), (other,))
        assert look(kept, (other,)) == expected


def test_nothing_hidden_is_in_the_file(tmp_path: Path) -> None:
    task = ended(1, T0, kwargs="{'card': '4111222233334444', 'a': 1}", args="('amqp://u:pw9x@h',)")
    task.extra = TaskExtra(
        client="amqp://u:pw9x@h",
        progress=Progress(T0, message="to amqp://u:pw9x@h"),
        custom_events=(
            CustomEvent(T0, "paid", '{"card": "4111222233334444", "to": "amqp://u:pw9x@h"}'),
        ),
        attempts=(Attempt(T0, None, None, worker="amqp://u:pw9x@h"),),
    )
    sent = {
        "action": "task.send",
        "params": {"kwargs": '{"card": "4111222233334444"}', "args": '["amqp://u:pw9x@h"]'},
    }
    made = writer(tmp_path / "h", Keeping(redact=("kwargs.card", "events.card")))
    made.write(Flush(tasks=[task], actions=[(T0, json.dumps(sent))]), T0)
    made.close(T0)
    raw = b"".join(path.read_bytes() for path in (tmp_path / "h").iterdir())
    assert b"4111222233334444" not in raw
    assert b"pw9x" not in raw
    (kept,) = found(tmp_path / "h")
    assert kept.kwargs == "{'card': '**', 'a': 1}"
    assert kept.more.progress == Progress(T0, message="to amqp://u:**@h")
    (event,) = kept.more.custom_events
    assert event.fields == '{"card": "**", "to": "amqp://u:**@h"}'


@settings(quick, max_examples=12)
@given(st.lists(tasks, max_size=8, unique_by=lambda task: task.id))
def test_what_is_written_is_found(some: list[Task]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = writer(Path(folder))
        made.write(Flush(tasks=some), T0)
        made.close(T0)
        got = found(Path(folder))
    assert {task.id for task in got} == {task.id for task in some}
    done = [task.seen for task in got if task.state >= TaskState.SUCCESS]
    assert done == sorted(done, reverse=True)
