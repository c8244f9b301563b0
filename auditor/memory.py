"""Holding the garbage collector while much is made and little of it is thrown away."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collector() -> Iterator[None]:
    """Trees, worlds and what rules ask of them hold few cycles: the collector only walks them again and again.

    What was made meanwhile counts as old afterwards: as young objects it would all be walked at once.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            if not gc.get_freeze_count():  # else somebody has frozen objects of theirs
                gc.freeze()
                gc.unfreeze()
            gc.enable()
