"""Real beats with a project each, and what their logs say that they sent."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tests.integration.servers import REPO, Process, wait_until
from tests.waiting import patience

PROJECT = """
from celery import Celery
from celery.schedules import crontab
app = Celery("shop", broker={url!r})
app.conf.update(
    task_send_sent_event=True, timezone="Europe/Berlin", beat_max_loop_interval=1.0, **{conf!r}
)
app.conf.beat_schedule = {{
    "often": {{"task": "shop.add", "schedule": 1.0, "args": (1, 2), "options": {{"queue": "own"}}}},
    "nightly": {{"task": "shop.report", "schedule": crontab(minute=30, hour=3)}},
}}
"""
DJANGO_PROJECT = """
import os
from celery import Celery
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop_settings")
app = Celery("shop", broker={url!r})
app.conf.update(
    task_send_sent_event=True, timezone="UTC", beat_max_loop_interval=1.0,
    beat_scheduler="django", imports=("shop_tasks",), **{conf!r}
)
"""
DJANGO_SETTINGS = """
SECRET_KEY = "x"
INSTALLED_APPS = ["django_celery_beat"]
USE_TZ = True
TIME_ZONE = "UTC"
DATABASES = {{"default": {database!r}}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
"""
ROWS = """
import django; django.setup()
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask
every, _ = IntervalSchedule.objects.get_or_create(every=1, period="seconds")
nights, _ = CrontabSchedule.objects.get_or_create(minute="30", hour="3", timezone="Asia/Tokyo")
for name in ("often", "besides"):
    PeriodicTask.objects.create(
        name=name, task="shop.add", interval=every, args=f'[1, "{name}"]', queue="own"
    )
PeriodicTask.objects.create(name="nightly", task="shop.report", crontab=nights, enabled=False)
"""
ACT = """
import json, sys, time
from celerytui import connect
from celerytui.engine import Engine
from celerytui.schedule import asking
from celerytui.settings import Settings
asked = json.loads(sys.argv[1])
asking.JUST_RAN = asked["just_ran"]
app = connect.load_app(connect.PreloadOptions(app="shop_app"))
connect.import_task_modules(app)
engine = Engine(app, Settings(schedule=asked["url"]), headless=True)
engine.start()
came = []
for action, name, params in asked["actions"]:
    while engine.schedule.entry(name) is None:
        time.sleep(0.02)
    done = []
    engine.submit(action, [name], params, done.append)
    while not done:
        time.sleep(0.02)
    came.append([done[0].items[0].ok, done[0].items[0].text] if done[0].items else done[0].error)
    while asked["look"] and done[0].items and done[0].items[0].ok and not engine.findings:
        time.sleep(0.02)
    if asked["look"]:
        found = engine.findings.popleft() if engine.findings else None
        came[-1] += [found and found.ok, found and found.text]
print(json.dumps(came), flush=True)
engine.stop()
"""
SENT = re.compile(r"\[([\d-]+ [\d:]+),(\d+): \w+/\w+\] Scheduler: Sending due task (\S+) ")


class BeatProject:
    """A project in a folder of its own, and a beat of it."""

    def __init__(self, folder: Path, url: str, *, django: Any = None, **conf: Any) -> None:
        self.folder = folder
        self.url = url
        self.django = django
        self.process: Process | None = None
        folder.mkdir(exist_ok=True)
        text = (DJANGO_PROJECT if django else PROJECT).format(url=url, conf=conf)
        (folder / "shop_app.py").write_text(text)
        (folder / "shop_tasks.py").write_text("")
        if django:
            (folder / "shop_settings.py").write_text(DJANGO_SETTINGS.format(database=django))
            self.python("-m", "django", "migrate", "-v", "0")
            self.python("-c", ROWS)

    @property
    def environ(self) -> dict[str, str]:
        own = {
            "PYTHONPATH": os.pathsep.join([str(self.folder), str(REPO)]),
            "PYTHONWARNINGS": "ignore",
            "TZ": "UTC",
        }
        if self.django:
            own["DJANGO_SETTINGS_MODULE"] = "shop_settings"
        return os.environ | own

    def python(self, *args: str) -> str:
        """What a Python in the project prints."""
        done = subprocess.run(
            [sys.executable, *args],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *options: str) -> Process:
        args = [sys.executable, "-m", "celery", "-A", "shop_app", "beat", "-l", "INFO", *options]
        self.process = Process(args, self.folder / "beat.log", self.environ, self.folder)
        return self.process

    def schedule(self, *options: str) -> dict[str, Any]:
        """The document of `celerytui -A shop_app schedule --json`."""
        text = self.python("-m", "celerytui", "-A", "shop_app", "schedule", "--json", *options)
        found: dict[str, Any] = json.loads(text)
        return found

    def act(
        self,
        *actions: tuple[str, str, dict[str, str]],
        look: bool = False,
        url: str | None = None,
        just_ran: float = 10.0,
    ) -> Any:
        """Do actions to entries, as the monitor does; what came of each, or the error.

        With `look` what was found afterwards too. `url` is that of `--schedule`, `just_ran` within
        how many seconds before an entry is not asked for again.
        """
        asked = {"actions": actions, "look": look, "url": url, "just_ran": just_ran}
        return json.loads(self.python("-c", ACT, json.dumps(asked)))

    def sent(self, name: str) -> list[float]:
        """When beat sent an entry, by its own log."""
        text = (self.folder / "beat.log").read_text(errors="replace")
        return [
            datetime.fromisoformat(f"{when}.{millis}000").replace(tzinfo=timezone.utc).timestamp()
            for when, millis, found in SENT.findall(text)
            if found == name
        ]

    def wait_for(self, name: str, count: int) -> None:
        """Until beat has sent an entry that many times."""
        process = self.process
        assert process is not None

        def enough() -> bool:
            assert process.running, process.output()
            return len(self.sent(name)) >= count

        wait_until(enough, 20, f"{name} to be sent {count} times")

    def close(self) -> None:
        if self.process is not None:
            self.process.stop(grace=2.0)


def entry(document: dict[str, Any], name: str) -> dict[str, Any]:
    """One entry of a document."""
    (found,) = (one for one in document["entries"] if one["name"] == name)
    assert isinstance(found, dict)
    return found


def near(at: float, times: Sequence[float]) -> bool:
    """Whether a time is one of those, but for what comes between a line of a log and its event."""
    return any(abs(at - one) < 0.5 * patience() for one in times)
