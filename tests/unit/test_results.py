"""Decoding of what backends keep, and what a filter lets them leave out."""

from __future__ import annotations

import io
import json
import math
import sqlite3
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.document import result_document
from celerytui.headless.output import print_json
from celerytui.iso_time import moment
from celerytui.masking import learn
from celerytui.model import StoredResult, TaskState
from celerytui.query import parse_filter
from celerytui.results import as_task, open_url, wanted
from celerytui.results.decode import (
    JSON,
    MSGPACK,
    Undecodable,
    decode,
    decode_any,
    plain,
    unpacked,
)
from celerytui.results.meta import (
    children_ids,
    exception_text,
    from_meta,
    member_ids,
)
from celerytui.results.seen_keys import SeenKeys

NOW = 1_764_000_000.0

LETTERS = st.characters(exclude_categories=["Cs"])
PLAIN: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(LETTERS),
    lambda parts: (
        st.lists(parts, max_size=4)
        | st.dictionaries(st.text(LETTERS, max_size=5), parts, max_size=4)
    ),
    max_leaves=12,
)


@given(PLAIN)
def test_json_and_msgpack_are_read_as_they_were_written(value: Any) -> None:
    assert decode(json.dumps(value), JSON) == value
    assert decode(json.dumps(value).encode(), JSON) == value
    assert decode_any(json.dumps(value), None) == value
    assert decode(msgspec.msgpack.encode(value), MSGPACK) == value


@given(st.binary(max_size=200), st.sampled_from([None, JSON, MSGPACK, "application/x-yaml", "x"]))
def test_no_bytes_do_more_than_fail_to_decode(payload: bytes, declared: str | None) -> None:
    try:
        value = decode_any(payload, declared)
    except Undecodable as error:
        value = str(error)
    print_json({"value": value}, stream := io.StringIO())
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (b"\x80\x04cposix\nsystem\n(S'true'\ntR.", "never loaded without --allow-pickle"),
        (b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93.", "never loaded without --allow-pickle"),
        (b"[" * 10_000, "nested too deeply|not valid json"),
        # The first would take 64 GB of memory, the second 1 TB.
        (b"\x80\x04Nr\xff\xff\xff\x7f.", "a value at place 2,147,483,647"),
        (
            b"\x80\x05\x96" + (1 << 40).to_bytes(8, "little") + b"x.",
            "expected 1099511627776 bytes",
        ),
        (b"- a\n" * 300_000, "longer than 1 MB of YAML"),
        (b"\x00celery-compressed\x00application/zstd\x00x", "'application/zstd', which is not"),
    ],
)
def test_what_is_refused_is_named(payload: bytes, said: str) -> None:
    with pytest.raises(Undecodable, match=said):
        decode_any(payload, None)


def test_aliases_of_yaml_are_not_expanded_without_end() -> None:
    pytest.importorskip("yaml")
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(Undecodable, match="too many values"):
        decode("\n".join(lines), "application/x-yaml")


def test_a_bomb_is_not_expanded() -> None:
    import zlib

    bomb = zlib.compress(bytes(65 * 1024 * 1024), 1)
    with pytest.raises(Undecodable, match="longer than 64 MB"):
        decode_any(b"\x00celery-compressed\x00application/x-gzip\x00" + bomb, JSON)


@pytest.mark.parametrize(
    "payload", [memoryview(b'{"a": 1}'), bytearray(b'{"a": 1}'), b'{"a": 1}', '{"a": 1}']
)
@pytest.mark.parametrize("declared", [None, JSON, MSGPACK])
def test_drivers_give_bytes_as_many_types(payload: Any, declared: str | None) -> None:
    assert decode_any(payload, declared) == {"a": 1}


@pytest.mark.parametrize("payload", [5, 2.5, [1], datetime(2026, 1, 1), object()])
def test_what_is_neither_bytes_nor_text_is_refused(payload: Any) -> None:
    with pytest.raises(Undecodable, match="neither bytes nor text but"):
        decode_any(payload, None)
    with pytest.raises(Undecodable):
        decode_any(unpacked(payload, "binary"), JSON)


def test_a_number_that_python_does_not_write_is_written() -> None:
    number = 1 << 40_000
    found = from_meta({"status": "SUCCESS", "result": plain(number)}, "id")
    assert as_task(found).result == repr(hex(number))
    assert plain(1 << 1_000) == 1 << 1_000


def test_types_that_kombu_marks_are_their_texts() -> None:
    value = {"at": {"__type__": "datetime", "__value__": "2026-11-27T03:00:00"}}
    assert decode(json.dumps(value), JSON) == {"at": "2026-11-27T03:00:00"}


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ({"exc_type": "KeyError", "exc_message": ["k"], "exc_module": "b"}, "KeyError('k')"),
        ({"exc_type": "E", "exc_message": [1, {"a": 2}]}, "E(1, {'a': 2})"),
        ({"exc_type": "E", "exc_message": "said", "exc_module": "m"}, "E('said')"),
        ({"exc_type": "E"}, "E()"),
        ("as text", "as text"),
        (None, None),
        (5, "5"),
    ],
)
def test_exceptions_are_shown_as_events_have_them(stored: Any, text: str | None) -> None:
    assert exception_text(stored) == text


def test_children_and_members() -> None:
    group = [["g", None], [[["m1", "p"], None], [["m2", "p"], None]]]
    assert children_ids([[["c1", None], None], group]) == ("c1", "m1", "m2")
    assert member_ids(group) == ("m1", "m2")
    assert member_ids({"result": group}) == ("m1", "m2")
    assert member_ids(["m1", "m2"]) == ("m1", "m2")
    assert children_ids(None) is None
    assert children_ids([]) == ()


@given(PLAIN)
def test_children_of_anything(value: Any) -> None:
    found = children_ids(value)
    assert found is None or all(isinstance(one, str) for one in found)


@settings(max_examples=50)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "status",
                "result",
                "traceback",
                "children",
                "date_done",
                "task_id",
                "group_id",
                "parent_id",
                "name",
                "args",
                "kwargs",
                "worker",
                "retries",
                "queue",
                "more",
            ]
        ),
        PLAIN,
    )
)
def test_any_meta_makes_a_result_a_task_and_a_line(meta: dict[str, Any]) -> None:
    result = from_meta(meta, "the-id")
    assert result.id
    assert result.state
    stream = io.StringIO()
    print_json(result_document(result), stream)
    line = json.loads(stream.getvalue())
    assert list(line) == [
        *("id", "name", "state", "args", "kwargs", "result", "exception", "traceback"),
        *("worker", "queue", "retries", "created", "finished", "parent_id", "group_id"),
        *("children", "meta"),
    ]
    assert as_task(result).state in TaskState


def test_a_line_has_no_password() -> None:
    learn(["hunter-two-word-99"])
    result = StoredResult(
        "id",
        "SUCCESS",
        args=["redis://user:s3cret-in-url@host/0", {"password": "plain-word"}],
        result={"token": "abc", "text": "hunter-two-word-99"},
        meta={"api_key": "xyz"},
    )
    failed = from_meta(
        {
            "status": "FAILURE",
            "result": {"exc_type": "E", "exc_message": ["said", {"password": "plain-word"}]},
            "kwargs": "{'token': 'abc', 'text': 'hunter-two-word-99'}",
        },
        "id",
    )
    assert failed.exception == "E('said', {'password': '**'})"
    for one in (result, failed):
        stream = io.StringIO()
        print_json(result_document(one), stream)
        task = as_task(one)
        shown = f"{stream.getvalue()} {task.args} {task.kwargs} {task.result} {task.more}"
        for secret in ("s3cret-in-url", "plain-word", "abc", "hunter-two-word-99", "xyz"):
            assert secret not in shown


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1970-01-01T00:00:10", 10.0),
        ("1970-01-01 00:00:10.500000", 10.5),
        (datetime(1970, 1, 1, 0, 0, 10), 10.0),
        (7, 7.0),
        (True, None),
        ("soon", None),
        (float("inf"), None),
        (float("nan"), None),
        (10**400, None),
        (1e300, None),
        (-1, None),
        ("9999-12-31T23:59:59", None),
        ("1970-01-01T00:00:10.1234567890123", 10.123456),
        ("1970-01-01T00:00:10" + " " * 100, None),
        (b"\xff", None),
        (None, None),
        ([], None),
    ],
)
def test_times(value: Any, expected: float | None) -> None:
    assert moment(value, timezone.utc) == expected


@given(st.lists(st.binary(max_size=3)))
def test_keys_are_seen_once(keys: list[bytes]) -> None:
    seen, known = SeenKeys(), set[bytes]()
    for key in keys:
        assert seen.add(key) is (key not in known)
        known.add(key)
    assert len(seen) == len(known)


def test_many_keys_are_seen_once() -> None:
    seen = SeenKeys()
    assert all(seen.add(f"key-{number}") for number in range(20_000))
    assert not any(seen.add(f"key-{number}") for number in range(20_000))


# -- what a database leaves out --------------------------------------------------------------------

STATES = ("SUCCESS", "FAILURE", "RETRY", "STARTED", "REVOKED", "PENDING", "PROGRESS")
NAMES = ("shop.add", "shop.Fail", "other_add", "100%", "añadir", "")
WORKERS = ("celery@a", "a@b", "a", "celery@ab", None)
TERMS = (
    *("state:failure", "state:success,retry", "state:started", "state:s*", "-state:success"),
    *("name:add", "name:=shop.add", "name:SHOP.*", "name:*%", "name:_", "name:añ", "name:/f.il/"),
    *(
        "worker:a",
        "worker:celery",
        "worker:*b",
        "finished:>-30m",
        "finished:<=-10m",
        "finished:>-99999999999d",
    ),
    *(
        "finished:<+99999999999d",
        "finished:>2020-01-01",
        "id:t",
        "result:1",
        "(name:add OR state:failure)",
        "add",
    ),
)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("table") / "results.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE celery_taskmeta (id INTEGER PRIMARY KEY, task_id TEXT, status TEXT,"
            " result BLOB, date_done TEXT, traceback TEXT, name TEXT, worker TEXT)"
        )
        rows = [
            # With gaps, as deleted rows leave them.
            (
                number * number,
                f"t{number}",
                state,
                b"1",
                _stored(NOW - 240.0 * number),
                name,
                worker,
            )
            for number, (state, name, worker) in enumerate(
                (state, name, worker) for state in STATES for name in NAMES for worker in WORKERS
            )
        ]
        connection.executemany(
            "INSERT INTO celery_taskmeta (id, task_id, status, result, date_done, name, worker)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
    connection.close()
    return path


def _stored(at: float) -> str:
    return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")


@settings(max_examples=25)
@given(
    query=st.lists(st.sampled_from(TERMS), max_size=3).map(" ".join),
    since=st.none() | st.sampled_from([60.0, 3600.0, 40_000.0, 1e17, -1e17, math.inf]),
    size=st.sampled_from([7, 100]),
    keys=st.sampled_from([1_000, 200_000]),
)
def test_what_a_database_leaves_out_is_not_wanted(
    table: Path, query: str, since: float | None, size: int, keys: int
) -> None:
    source = open_url(f"sqlite:///{table}")
    everything = [one for page in source.pages(wanted(), 1_000) for one in page.results]
    assert len(everything) == len(STATES) * len(NAMES) * len(WORKERS)
    asked = wanted(parse_filter(query), NOW, None if since is None else NOW - since)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("celerytui.results.sqlalchemy.SLICE", keys)
        narrowed = [one for page in source.pages(asked, size) for one in page.results]
    source.close()
    expected = [one.id for one in everything if asked.admits(one)]
    assert [one.id for one in narrowed if asked.admits(one)] == expected


def test_a_term_narrows_what_the_database_reads(table: Path) -> None:
    source = open_url(f"sqlite:///{table}")
    asked = wanted(parse_filter("state:failure name:=shop.add finished:>-1d"), NOW)
    read = sum(page.looked_at for page in source.pages(asked, 100))
    source.close()
    assert read == len(WORKERS)
