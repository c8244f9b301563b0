"""A bar for a person who waits."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

_PATIENCE = 0.8
"""Seconds before a bar appears; most audits are over by then."""


class Bar:
    """On stderr, when that is a terminal, and gone when it is done."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._progress: Progress | None = None
        self._task = TaskID(0)

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def update(self, done: int, total: int) -> None:
        if self._progress is None and sys.stderr.isatty() and time.monotonic() - self._began > _PATIENCE:
            self._start(total)
        if self._progress is not None:
            self._progress.update(self._task, completed=done, total=total)

    def _start(self, total: int) -> None:
        columns = TextColumn("auditing"), BarColumn(), MofNCompleteColumn(), TextColumn("files")
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task("", total=total)
        self._progress.start()
