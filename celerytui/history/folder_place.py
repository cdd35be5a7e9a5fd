"""A history in a folder, as a place."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from celerytui.history.folder import CATALOGUE, Folder
from celerytui.history.history import History, Importer, Report, Writer
from celerytui.model import Recording
from celerytui.settings import Keeping


class FolderPlace:
    """See `Place`; what reads or writes SQLite is imported when it is asked for."""

    def __init__(self, path: Path) -> None:
        self.folder = Folder(path)
        self.name = shown(path)

    def writer(self, app: str, broker: str, keeping: Keeping, started: float) -> Writer:
        """See `Place.writer`."""
        from celerytui.history.writer import HistoryWriter

        return HistoryWriter(self.folder, app, broker, keeping, started)

    def importer(self, keeping: Keeping, now: float) -> Importer:
        """See `Place.importer`."""
        from celerytui.history.importing import FolderImporter

        return FolderImporter(self.folder, keeping, now)

    def reader(self) -> History:
        """See `Place.reader`."""
        from celerytui.history.reading import SegmentHistory

        return SegmentHistory(self.folder)

    def recording(self) -> Recording:
        """See `Place.recording`."""
        from celerytui.history.segment_chapter import recording

        return recording(self.folder)

    def report(self) -> Report:
        """See `Place.report`."""
        from celerytui.history.report import report

        self.reader()
        return report(self.folder)

    def verify(self) -> Iterator[tuple[str, list[str]]]:
        """See `Place.verify`."""
        from celerytui.history.report import verify

        self.reader()
        for file, faults in verify(self.folder):
            yield file.path.name, faults

    def rebuild(self) -> Iterator[str]:
        """See `Place.rebuild`: makes the catalogue."""
        from celerytui.history.report import rebuild
        from celerytui.history.trouble import explain

        try:
            rebuild(self.folder)
        except (sqlite3.Error, OSError) as error:
            yield f"the catalogue stays as it is: {explain(error, self.folder.path / CATALOGUE)}"


def shown(path: Path) -> str:
    """A folder as it is shown to the user, who owns it."""
    home = os.path.expanduser("~")
    text = str(path)
    return f"~{text[len(home) :]}" if home != "/" and text.startswith(f"{home}/") else text
