"""What keys are about where the user is, and what it costs to say so."""

from __future__ import annotations

from collections.abc import Iterator

from celerytui.ui.views.tasks.table import ASKED
from tests.ui.pilot import driven


async def test_marks_cost_the_footer_nothing_however_many_they_are() -> None:
    async with driven() as at:
        await at.press("2", "j")
        with_cursor = [hint[:2] for hint in at.app.main.key_hints()]
        marked = Uncounted(at.engine.view.matching_ids())
        assert len(marked) > ASKED
        at.app.session.marked = marked
        assert [hint[:2] for hint in at.app.main.key_hints()] == with_cursor
        assert marked.looked_at <= ASKED


async def test_keys_of_the_detail_act_on_its_task_while_no_row_is_chosen() -> None:
    async with driven() as at:
        detail = at.app.main.detail
        assert at.app.main.table.cursor is None
        assert detail.task_id is not None
        assert ("R", "run again") in [hint[:2] for hint in at.app.main.key_hints()]
        await at.press("R", "enter")
        assert at.engine.submitted[0][:2] == ("task.run_again", (detail.task_id,))


class Uncounted(set[str]):
    """A set that counts how many of its members were looked at one by one."""

    looked_at = 0

    def __iter__(self) -> Iterator[str]:
        for one in super().__iter__():
            self.looked_at += 1
            yield one
