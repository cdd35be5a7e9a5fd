from typing import Any

from django.conf import settings


class Router:
    """Keeps the results in a database of their own where there is one."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return "results" if "results" in settings.DATABASES else None

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return db == "results" if "results" in settings.DATABASES else None
