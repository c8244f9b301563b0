"""What a call that was run before comes to when it is found again."""

from __future__ import annotations

from made_up import Page

from auditor.static.machine import Summary
from auditor.static.values import NONE
from auditor.static.worlds import World
from auditor.trace import Event, Grad


def event(page: Page, line: int) -> Event:
    return Grad(place=page.place(line), on=True, scope="statement")


def ended(*last: Event) -> World:
    world = World(World())
    world.last = frozenset(last)
    return world


def test_a_call_in_which_nothing_happens_keeps_what_came_before_it() -> None:
    page = Page("train.py")
    then, now = event(page, 1), event(page, 2)
    summary = Summary({}, [(ended(then), {}, NONE)], [], frozenset({then}))
    ((after, _),) = summary.replayed(ended(now))
    assert after.last == {now}


def test_a_call_in_which_something_may_happen_keeps_both() -> None:
    page = Page("train.py")
    then, now, inside = event(page, 1), event(page, 2), event(page, 3)
    summary = Summary({}, [(ended(inside), {}, NONE), (ended(inside, then), {}, NONE)], [inside], frozenset({then}))
    always, perhaps = (after.last for after, _ in summary.replayed(ended(now)))
    assert always == {inside}
    assert perhaps == {inside, now}
    assert now in inside.after
