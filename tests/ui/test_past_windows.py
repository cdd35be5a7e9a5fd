"""Seven and thirty days of types, failures and charts, where a history is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from celerytui.columns import format_clock
from celerytui.demo.sample import NOW
from celerytui.errors import HistoryError
from celerytui.history.flush import Flush
from celerytui.history.folder import Folder
from celerytui.history.keeping import prune
from celerytui.model import Mark, TaskExtra, TaskState
from celerytui.settings import Keeping
from celerytui.store import Store
from celerytui.ui.views.dashboard.charts import ClusterCharts
from celerytui.ui.views.failures.list import FailureList
from celerytui.ui.views.types.list import TypeList
from celerytui.ui.views.types.places import TypePlaces
from tests.ui.pilot import Driver, driven, rows
from tests.unit.history_tasks import DAY, ended, writer

LONGER = "right_square_bracket"
RECORDED_SINCE = NOW - 20 * DAY


def keep(folder: Path) -> str:
    """A history of twenty days with a success and a failure a day; gives its URL."""
    made = writer(folder, started=RECORDED_SINCE)
    for day in range(20, 0, -1):
        at = NOW - day * DAY + 60
        failed = ended(100 + day, at + 1, TaskState.FAILURE, name="shop.mail")
        failed.extra = TaskExtra("KeyError('x')", "Traceback:\nKeyError: 'x'")
        made.write(Flush(tasks=[ended(day, at), failed], marks=[Mark(at, f"v{day}")]), at + 5)
    made.close(NOW - 60)
    return f"sqlite:///{folder}"


async def fill(at: Driver) -> None:
    """What the engine's thread does."""
    history = at.engine.history.open()
    at.engine.store.marks.restore(history.marks(0.0))
    at.engine.past_windows.fill(history, NOW, lambda: False)
    history.close()
    at.engine.store.types.refresh(NOW)
    at.engine.store.failures.update(NOW)
    at.app.main.repaint()
    await at.pilot.pause()


async def test_without_a_history_there_are_none() -> None:
    async with driven() as at:
        for view in ("5", "6"):
            await at.press(view, *[LONGER] * 5)
            assert "24h" in at.screen_text()
            assert "7d" not in at.screen_text()


async def test_types_are_read_once_somebody_looks(tmp_path: Path) -> None:
    async with driven(store=Store(), history=keep(tmp_path / "h")) as at:
        await at.press("5")
        types = at.app.main.body.of_kind(TypeList)
        assert "[ ] 5m 1h 24h 7d 30d" in rows(types)[0]
        await at.press(*[LONGER] * 3)
        assert not at.engine.past_windows.reach("30d")
        assert "reading the history" in rows(types)[-1]
        await at.press(LONGER)
        await fill(at)
        text = "\n".join(rows(types))
        assert "shop.pay" in text
        assert "20" in next(line for line in rows(types) if "shop.pay" in line).split()
        assert "recorded since" in rows(types)[-1]
        await at.press("left_square_bracket")
        await fill(at)
        # Of the seven days all is known.
        assert "recorded since" not in rows(types)[-1]
        assert "7" in next(line for line in rows(types) if "shop.pay" in line).split()


async def test_where_a_type_ran_and_how_often_it_was_retried_reach_back(tmp_path: Path) -> None:
    url = keep(tmp_path / "h")
    prune(Folder(tmp_path / "h"), Keeping(), NOW)
    async with driven(store=Store(), history=url, size=(140, 50)) as at:
        await at.press("5", *[LONGER] * 4)
        places = at.app.main.query_one(TypePlaces)
        assert "since the monitor started" in rows(places)[0]
        await fill(at)
        text = "\n".join(rows(places))
        assert f"since {format_clock(RECORDED_SINCE, False, now=NOW)}" in rows(places)[0]
        assert "w@h" in text
        assert "without successes up to " in text


async def test_failures_are_counted_once(tmp_path: Path) -> None:
    async with driven(store=Store(), history=keep(tmp_path / "h")) as at:
        await at.press("6", *[LONGER] * 3)
        failures = at.app.main.body.of_kind(FailureList)
        await fill(at)
        await fill(at)
        assert "last 30d" in rows(failures)[0]
        assert "1 group · 20 failures" in rows(failures)[0]
        assert "recorded since" in rows(failures)[-1]
        await at.press("left_square_bracket")
        await fill(at)
        assert "1 group · 6 failures" in rows(failures)[0]


async def test_more_failures_than_are_told_apart_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("celerytui.store.failures.recorded.MOST", 10)
    async with driven(store=Store(), history=keep(tmp_path / "h"), size=(140, 40)) as at:
        await at.press("6", *[LONGER] * 3)
        failures = at.app.main.body.of_kind(FailureList)
        await fill(at)
        assert "1 group · 10 failures" in rows(failures)[0]
        since = format_clock(NOW - 10 * DAY + 61, False, now=NOW)
        said = f"before {since} not all are counted: the limit is 10 recorded tasks"
        assert said in rows(failures)[-1]


async def test_a_day_says_how_far_it_is_read(tmp_path: Path) -> None:
    async with driven(store=Store(), history=keep(tmp_path / "h")) as at:
        at.engine.past_windows.begin()
        await at.press("5")
        types = at.app.main.body.of_kind(TypeList)
        await at.press(LONGER)
        assert "reading the history" in rows(types)[-1]
        await fill(at)
        assert "reading the history" not in rows(types)[-1]


async def test_charts_have_the_days_and_their_marks(tmp_path: Path) -> None:
    async with driven(store=Store(), history=keep(tmp_path / "h")) as at:
        charts = at.app.main.body.of_kind(ClusterCharts)
        charts.focus()
        await at.pilot.pause()
        await at.press(*[LONGER] * 4, "z")
        await fill(at)
        text = "\n".join(rows(charts))
        assert " in 30d" in text
        assert "v1 " in rows(charts)[-1]
        assert "recorded since" in rows(charts)[-1]
        assert "peak <0.01/s in 30d" in rows(charts)[0]


def refuse(*_: object) -> list[tuple[float, float]]:
    raise HistoryError("history in /x is locked")


async def test_a_history_that_cannot_be_read_is_said_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with driven(store=Store(), history=keep(tmp_path / "h")) as at:
        await at.press("5", *[LONGER] * 3)
        types = at.app.main.body.of_kind(TypeList)
        windows, history = at.engine.past_windows, at.engine.history.open()
        history.close()

        monkeypatch.setattr(type(history), "recorded", refuse)
        with pytest.raises(HistoryError):
            windows.fill(history, NOW, lambda: False)
        monkeypatch.undo()
        at.app.main.repaint()
        await at.pilot.pause()
        assert "history not read: history in /x is locked" in rows(types)[-1]
        await at.press("left_square_bracket", LONGER)
        assert "reading the history" in rows(types)[-1]
        await fill(at)
        assert "7" in next(line for line in rows(types) if "shop.pay" in line).split()
