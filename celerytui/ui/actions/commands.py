"""Every command of the palette, from the registries of keys, actions and groups."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from celerytui.control import Action, Group
from celerytui.ui.actions.flow import ActionFlow
from celerytui.ui.dialogs.palette import Command
from celerytui.ui.keys.registry import APART, Key
from celerytui.ui.session import Session


def every_command(session: Session, flow: ActionFlow, run: Callable[[Key], None]) -> list[Command]:
    """What can be done here first, then the keys of the page, the other actions, and moving.

    `run` does what a key does.
    """
    here = {one.id for one in flow.offers.here()}
    actions = sorted(flow.offers.all(), key=lambda one: one.id not in here)
    near = sum(one.id in here for one in actions)
    keys = [key for key in session.keys.offered if key.command and key.where not in APART]
    page = [key for key in keys if key.where == "app"]
    return [
        *(_of_action(session, flow, one) for one in actions[:near]),
        *(_of_key(session, key, run) for key in page),
        *(_of_action(session, flow, one) for one in actions[near:]),
        *(_of_group(session, flow, one) for one in flow.offers.groups()),
        *(_of_key(session, key, run) for key in keys if key.where != "app"),
    ]


def _of_key(session: Session, key: Key, run: Callable[[Key], None]) -> Command:
    own = session.key_of(key.id)
    return Command(key.id, key.title, key.help, own, key.words, partial(run, key))


def _of_action(session: Session, flow: ActionFlow, one: Action) -> Command:
    own, words = session.key_of(one.id), ", ".join(one.words)
    return Command(one.id, one.label, one.help, own, words, partial(flow.do, one.id))


def _of_group(session: Session, flow: ActionFlow, one: Group) -> Command:
    title = one.label + session.glyphs.ellipsis
    return Command(one.id, title, "a menu", session.key_of(one.id), "", partial(flow.group, one.id))
