"""A bar for a person who waits."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

_PATIENCE = 0.8
"""Seconds before a bar appears; most audits are over by then."""


class Bar:
    """On stderr, when that is a terminal, and gone when it is done."""

    def __init__(self, title: str) -> None:
        self._title = title
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

    def count(self, done: int, total: int) -> None:
        """So many files."""
        self._show(done / max(total, 1), f"{done}/{total} files")

    def share(self, done: float, left: float | None) -> None:
        """A share in [0, 1], and the seconds that are left, where that is known."""
        self._show(done, "" if left is None else f"about {_spoken(left)} left")

    def _show(self, share: float, beside: str) -> None:
        if self._progress is None and sys.stderr.isatty() and time.monotonic() - self._began > _PATIENCE:
            columns = TextColumn(self._title), BarColumn(), TextColumn("{task.fields[beside]}")
            self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
            self._task = self._progress.add_task("", total=1.0, beside=beside)
            self._progress.start()
        if self._progress is not None:
            self._progress.update(self._task, completed=share, beside=beside)


def _spoken(seconds: float) -> str:
    """``40 s``, ``3 min``."""
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} min"
