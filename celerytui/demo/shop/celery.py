"""What `celery -A celerytui.demo.shop` finds; the folder of the broker comes from outside."""

import os
from pathlib import Path

from celerytui.demo.app import FOLDER, make_app

app = make_app(Path(os.environ[FOLDER]))
