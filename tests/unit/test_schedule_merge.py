"""One schedule of what several sources say of the same entries."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celerytui.model import Crontab, Interval, OtherTiming, Solar
from celerytui.schedule.merge import merge
from celerytui.schedule.plain import DEEPEST, MOST_VALUES, is_plain, plain, plain_form
from tests.unit.schedule_plans import plan


def test_what_beat_keeps_wins_and_differences_are_said() -> None:
    conf = [plan(), plan(name="new"), plan(name="same")]
    kept = [plan(timing=Interval(60.0), source="RedBeat"), plan(name="same", source="RedBeat")]
    found = {one.name: (one, said) for one, said in merge([("app.conf", conf), ("RedBeat", kept)])}
    sync, said = found["sync"]
    assert sync.timing == Interval(60.0)
    assert said == ("schedule: RedBeat has every 1m, app.conf has every 30s",)
    assert found["new"][1] == ("only in app.conf: beat has not stored it in RedBeat",)
    assert found["same"][1] == ()
    # Of one there may be more than was read.
    part = {
        one.name: said for one, said in merge([("app.conf", conf), ("RedBeat", kept)], whole=False)
    }
    assert [name for name, said in part.items() if said] == ["sync"]


names = st.sampled_from(["a", "b", "c", "d"])
sources = st.lists(names.map(lambda name: plan(name=name)), max_size=5, unique_by=lambda p: p.name)


@given(sources, sources, sources)
def test_each_name_comes_once_from_the_last_that_has_it(
    first: Any, second: Any, third: Any
) -> None:
    read = [("s1", first), ("s2", second), ("s3", third)]
    merged = [one for one, _ in merge(read)]
    wanted = {one.name: one for _, plans in read for one in plans}
    assert merged == [wanted[name] for name in sorted(wanted)]


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> tuple[str, ...]:
    """What is said of an entry that `app.conf` has so, and RedBeat otherwise."""
    first, second = plan(**ours), plan(source="RedBeat", **theirs)
    ((_, said),) = merge([("app.conf", [first]), ("RedBeat", [second])])
    return said


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"timing": Crontab("0", "*/6")}, {"timing": Crontab("0", "0,6,12,18")}),
        ({"timing": Crontab(day_of_week="mon")}, {"timing": Crontab(day_of_week="1")}),
        ({"timing": Interval(0.1 + 0.2)}, {"timing": Interval(0.3)}),
        ({"timing": Solar("dawn", 52.5200066, 1)}, {"timing": Solar("dawn", 52.520007, 1)}),
        ({"timing": Crontab("5"), "timezone": "UTC"},
         {"timing": Crontab("5"), "timezone": "Etc/UTC"}),
        ({"timing": Crontab("*/5"), "timezone": "UTC"},
         {"timing": Crontab("*/5"), "timezone": "Asia/Tokyo"}),
        ({"timing": OtherTiming("own")}, {"timing": OtherTiming("shop.Own, not read")}),
        ({"args": (1, (2, 3))}, {"args": (1, [2, 3])}),
        ({"kwargs": {"a": 1, "b": {2: 3}}}, {"kwargs": {"b": {"2": 3}, "a": 1}}),
        ({"args": (object(),)}, {"args": (object(),)}),
        ({"args": (1,)}, {"unread": "no JSON"}),
    ],
)  # fmt: skip
def test_the_same_written_otherwise_is_no_difference(
    ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    assert differences(ours, theirs) == ()


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        ({"timing": Crontab("5"), "timezone": "UTC"},
         {"timing": Crontab("5"), "timezone": "Asia/Tokyo"},
         "schedule: RedBeat has every 1h at :05 Asia/Tokyo, app.conf has every 1h at :05 UTC"),
        ({"timing": Interval(90.2)}, {"timing": Interval(90.3)},
         "schedule: RedBeat has every 90.3s, app.conf has every 90.2s"),
        ({"args": ("x" * 300 + "a",)}, {"args": ("x" * 300 + "b",)}, "args: RedBeat has ['xxx"),
        ({"task": "shop.a"}, {"task": "shop.b"}, "task: RedBeat has shop.b, app.conf has shop.a"),
    ],
)  # fmt: skip
def test_what_differs_is_said(ours: dict[str, Any], theirs: dict[str, Any], said: str) -> None:
    (text,) = differences(ours, theirs)
    assert text.startswith(said)


def test_arguments_that_a_source_cannot_give_are_those_that_beat_was_given() -> None:
    given_ = plan(args=(1,), kwargs={"a": 2}, options={"queue": "own"})
    stored = plan(source="celerybeat-schedule", unread="an object", total_runs=7)
    ((found, _),) = merge([("app.conf", [given_]), ("celerybeat-schedule", [stored])])
    assert (found.args, found.kwargs, found.options) == ((1,), {"a": 2}, {"queue": "own"})
    assert (found.unread, found.total_runs, found.source) == ("", 7, "celerybeat-schedule")
    other = plan(task="shop.other", args=(1,))
    ((found, _),) = merge([("app.conf", [other]), ("celerybeat-schedule", [stored])])
    assert (found.args, found.unread) == ((), "an object")


def test_small_data_that_holds_endlessly_much_is_not_plain() -> None:
    doubled: Any = []
    for _ in range(DEEPEST - 1):
        doubled = [doubled, doubled]
    circle: Any = []
    circle.append(circle)
    for value in (doubled, circle, [0] * (MOST_VALUES + 1), {"a": object()}):
        assert not is_plain(value)


scalars = st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.dates()
data = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(data)
def test_plain_data_is_copied_as_it_is(value: Any) -> None:
    assert plain(value) == value
    assert plain_form(plain_form(value)) == plain_form(value)
