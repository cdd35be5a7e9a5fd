"""The monitor: the app that shows an engine's store and hands keys to it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any, ClassVar

from rich.console import RenderableType
from textual import events, on, work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen

from celerytui.columns import clean, format_clock
from celerytui.engine import Engine
from celerytui.engine.replayer import SPEEDS
from celerytui.errors import Offline
from celerytui.health.link import MISSING
from celerytui.interpreter import collect_new, opening, share_interpreter
from celerytui.lazy_app import LazyApp
from celerytui.link import Opening
from celerytui.model import Outcome, Recording
from celerytui.query import check_filters
from celerytui.settings import Settings
from celerytui.ui.actions.flow import ActionFlow
from celerytui.ui.draw.glyphs import pick_glyphs
from celerytui.ui.draw.theme import Palette, pick_palette
from celerytui.ui.keys.registry import Key
from celerytui.ui.keys.user_keys import added_bindings
from celerytui.ui.messages import ActionFinished, StoreChanged
from celerytui.ui.screen import MainScreen
from celerytui.ui.session import Session
from celerytui.ui.terminal.caches import trim_caches
from celerytui.ui.terminal.key_queue import KeyQueue
from celerytui.ui.terminal.lifecycle import Lifecycle
from celerytui.ui.terminal.redraw_limiter import RedrawLimiter
from celerytui.ui.terminal.tidying import ROUND_SECONDS, Tidying
from celerytui.ui.views.registry import all_keys

NEW_TASK_SECONDS = 10.0
"""How long the first event of a task that was sent from here is waited for."""
GAP_SECONDS = 15.0
COLLECT_SECONDS = 10.0
TRIM_SECONDS = 60.0
OPENING = Opening()


class MonitorApp(App[int], inherit_bindings=False):
    """Shows what an engine knows; started by `run_monitor`, and by tests with an engine at rest.

    Raises SettingsError for a key of the user's that does not exist or has two meanings.
    """

    TITLE = "celerytui"
    CSS_PATH = Path(__file__).with_name("monitor.tcss")
    AUTO_FOCUS = None
    """What has the focus is chosen by the views; the first widget is the hidden filter line."""
    ENABLE_COMMAND_PALETTE = False
    """Textual's own key of the palette could not be given away; `palette.open` is the key."""
    CLOSE_TIMEOUT = 1.0
    BINDINGS: ClassVar[list[BindingType]] = [
        # Of Textual's own only this one: its ctrl+q could not be given away either.
        Binding("ctrl+c", "help_quit", show=False, system=True),
        # Before the screen is asked: the chain of a dialog, and of a text field in it, ends there.
        Binding("ctrl+z", "suspend_process", "suspend", show=False, priority=True),
    ]

    def __init__(
        self, engine: Engine, palette: Palette | None = None, opening: Opening = OPENING
    ) -> None:
        # Textual takes the mere presence for a yes; the convention is that an empty one says no.
        if os.environ.get("NO_COLOR") == "":
            del os.environ["NO_COLOR"]
        self.lifecycle = Lifecycle(self, self.on_leaving)
        self.key_queue = KeyQueue(self)
        super().__init__(driver_class=self.lifecycle.make_driver)  # type: ignore[arg-type]  # makes it
        self.engine = engine
        engine.choices.load()
        settings, environ = engine.settings, os.environ
        check_filters(settings.filters)
        if palette is None:
            palette = pick_palette(settings.theme, environ, self.console.color_system)
        encoding = getattr(sys.__stdout__, "encoding", None)
        glyphs = pick_glyphs(settings.ascii, environ, encoding)
        keys = all_keys(settings.keys, replaying=engine.replayer is not None)
        self.session = Session(engine, palette, glyphs, keys, opening)
        self._look(palette)
        self._bind(settings)
        self.main = MainScreen(self.session)
        self.actions = ActionFlow(self, self.session, self.main, self.run_key)
        self.main.actions = self.actions
        self._new_task: tuple[str, float] | None = None
        self._gap_told: float | None = None
        self._tidying = Tidying(self._rate, lambda: self.lifecycle.untouched_for)
        self.redraws = RedrawLimiter(lambda: self.lifecycle.bytes_sent, lambda: self.size)

    def _look(self, palette: Palette) -> None:
        self.register_theme(palette.theme)
        self.theme = palette.theme.name
        if palette.native:
            self.ansi_color = True
        self.set_class(self.session.ascii, "-ascii")

    def _bind(self, settings: Settings) -> None:
        self.set_keymap(settings.keys)
        for one in added_bindings(settings.keys):
            self.bind(one.key, f"screen.{one.action}", description=one.description, show=False)

    def get_default_screen(self) -> Screen[Any]:
        return self.main

    def refresh_css(self, animate: bool = True) -> None:
        """Take the theme's variables, and style what there is by them."""
        if self.screen_stack:
            super().refresh_css(animate)
        else:
            # So early Textual would read every rule for nothing: it does when there is a screen.
            self.stylesheet.set_variables(self.get_css_variables())

    # Coming and going

    def on_mount(self) -> None:
        # What is connected, read and started has to wait for the first frame, not it for them.
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        if self.lifecycle.leaving:
            return
        if not self.is_headless:
            share_interpreter()
        self.engine.start()
        self.load_log()
        self.receive_news()
        self.set_interval(ROUND_SECONDS, self._tidy)
        self.set_interval(COLLECT_SECONDS, collect_new)
        self.set_interval(TRIM_SECONDS, trim_caches)

    def _tidy(self) -> None:
        if (seconds := self._tidying.turn()) is not None:
            self.set_timer(seconds, self._tidy)

    def _rate(self) -> float | None:
        return self.engine.store.summary(self.engine.clock()).events_per_second

    async def on_leaving(self) -> None:
        """Stop what was started; see `Lifecycle`."""
        await asyncio.to_thread(self.engine.stop)

    def push_screen(self, *args: Any, **options: Any) -> Any:
        """Show a dialog; what is busy gives way until it is there."""
        if self.is_running:  # the page itself is the first screen
            opening()
        return super().push_screen(*args, **options)

    async def on_event(self, event: events.Event) -> None:
        await self.key_queue.on_event(event)

    def exit(
        self,
        result: int | None = None,
        return_code: int = 0,
        message: RenderableType | None = None,
    ) -> None:
        self.lifecycle.exit(result, return_code, message)

    async def on_unmount(self) -> None:
        await self.lifecycle.unmount()

    def copy_to_clipboard(self, text: str) -> None:
        """Copy text without control characters: it may be pasted into a shell."""
        super().copy_to_clipboard(clean(text, newlines=True))

    def action_help_quit(self) -> None:
        self.notify(f"{self.session.key_of('quit')} quits", markup=False)

    def action_suspend_process(self) -> None:
        self.lifecycle.suspend()

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        self.lifecycle.display(screen, renderable)

    def _handle_exception(self, error: Exception) -> None:
        self.lifecycle.handle_exception(error)

    @work(exit_on_error=False)
    async def load_log(self) -> None:
        """Read what was done in earlier runs."""
        await asyncio.to_thread(self.engine.log.load)

    # News

    @work(exclusive=True, group="news")
    async def receive_news(self) -> None:
        """The app's receiver of events: waits for the engine and tells the widgets."""
        mailbox, view = self.engine.mailbox, self.engine.view
        drawn = view.showing
        while True:
            await mailbox.wait()
            self._take_outcomes()
            # The tasks or the order that somebody asked for do not wait as other news does.
            while (seconds := self.redraws.due_in) > 0 and view.showing == drawn:
                await mailbox.wait(seconds)
                self._take_outcomes()
            drawn = view.showing
            self.redraws.drawing()
            self.tell_widgets()

    def _take_outcomes(self) -> None:
        while self.engine.outcomes:
            self.post_message(ActionFinished(self.engine.outcomes.popleft()))
        while self.engine.findings:
            self.actions.report.found(self.engine.findings.popleft())

    def tell_widgets(self) -> None:
        """Hand the news to what is on the screen."""
        self.main.post_message(StoreChanged())
        self._look_for_new_task()
        self._tell_gap()

    def _tell_gap(self) -> None:
        """Say, once events come again, which are missing and why; the chart shows where."""
        missing = self.engine.health.alerts.get(MISSING)
        gap = {} if missing is None else missing.evidence
        if gap.get("until") in (None, self._gap_told):
            return
        self._gap_told = gap["until"]
        since, until = (format_clock(gap[end], self.session.utc) for end in ("since", "until"))
        self.notify(
            f"from {since} to {until}: {clean(gap['reason'])}",
            title="Events are missing",
            severity="warning",
            timeout=GAP_SECONDS,
            markup=False,
        )

    @on(ActionFinished)
    def _action_finished(self, event: ActionFinished) -> None:
        self.show_outcome(event.outcome)

    def show_outcome(self, outcome: Outcome) -> None:
        """Say what each worker answered, and go on to the one new task if there is one."""
        self.actions.report.finished(outcome)
        new = [item.new_id for item in outcome.items if item.new_id]
        if len(new) == 1:
            self._new_task = (new[0], self.engine.clock() + NEW_TASK_SECONDS)
        self.main.repaint()

    def _look_for_new_task(self) -> None:
        """Go to the task that was sent from here as soon as anything is known of it."""
        if self._new_task is None:
            return
        task_id, until = self._new_task
        known = self.engine.store.task(task_id) is not None
        if self.engine.clock() > until or (known and self.main.show_new_task(task_id)):
            self._new_task = None

    # The palette

    def action_palette(self) -> None:
        from celerytui.ui.actions.commands import every_command
        from celerytui.ui.dialogs.palette import Command, Palette

        def chosen(command: Command | None) -> None:
            if command is not None:
                command.take()

        commands = every_command(self.session, self.actions, self.run_key)
        self.push_screen(Palette(self.session, commands), chosen)

    def run_key(self, key: Key) -> None:
        """Do what a key does, in the pane that has it: the one in focus, else the next best."""
        pane = self.main.navigator.focus_on(key.where)
        self.call_later(self.run_action, key.action, pane or self.main)


def run_monitor(app: Any, settings: Settings, opening: Opening = OPENING) -> int:
    """Open the monitor on a Celery app and return its exit status.

    Raises NoTerminal where there is no terminal, and SettingsError for a key that does not exist.
    """
    return MonitorApp(Engine(app, settings), opening=opening).lifecycle.run(
        log_file=settings.log_file
    )


def run_replay(
    recording: Recording, settings: Settings, opening: Opening, *, at: float | None, speed: int
) -> int:
    """Open the monitor on a recording, at a time and one of `SPEEDS`; gives its exit status."""

    def load() -> Any:
        raise Offline("a replay has no app, only what was recorded of it")

    app = LazyApp(recording.broker, load, recording.app)
    engine = Engine(app, settings, recording=recording)
    if (replayer := engine.replayer) is not None:
        replayer.speed(SPEEDS.index(speed))
        if at is not None:
            replayer.seek(at)
    return MonitorApp(engine, opening=opening).lifecycle.run(log_file=settings.log_file)
