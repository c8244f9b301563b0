"""Sets of rows as cuts of a source, and what a value knows of its rows."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import product

import made_up
import pytest

from auditor.static.trails import MOST_ROWS, Columns, Trail, alternatives, complement, merged
from auditor.trace import Cut, Mark, Origin, Range, Rows, Train, apart, holds, meet
from auditor.trace.rows import DECLARED, FILTERED, PERHAPS, PICKED, POSITIONS, strangers

TABLE, OTHER = Origin("table", "t.csv"), Origin("other")
ALL = Rows(TABLE)
SPLIT, AGAIN = "split", "again"
TRAIN, TEST = Cut(SPLIT, "train"), Cut(SPLIT, "test")
SOMEWHERE = made_up.Page("x.py").place(1)


def sliced(low: Hashable, high: Hashable, key: Hashable = "range") -> Rows:
    return ALL.cut(Cut(key, Range(low, high)))


def mark() -> Mark:
    return Mark(place=SOMEWHERE, kind="statistic", rows=frozenset((ALL,)))


# one set of rows and another


def test_a_whole_holds_its_parts_and_no_part_the_whole() -> None:
    part, smaller = ALL.cut(TRAIN), ALL.cut(TRAIN, Cut(AGAIN, 1))
    assert ALL.holds(part)
    assert part.holds(smaller)
    assert part.holds(part)
    assert not part.holds(ALL)
    assert not smaller.holds(part)
    assert not Rows(OTHER).holds(part)


def test_the_name_of_a_source_is_not_its_identity() -> None:
    assert Rows(Origin("table", "train.csv")).holds(Rows(Origin("table", "again.csv")))


@pytest.mark.parametrize(
    ("one", "two", "excluded"),
    [
        (TRAIN, TEST, True),
        (TRAIN, TRAIN, False),
        (TRAIN, Cut(AGAIN, "test"), False),
        (TRAIN, Cut(SPLIT), False),
        (Cut(SPLIT), Cut(SPLIT), False),
        (TRAIN, Cut(SPLIT, ("not", "train")), True),
        (TRAIN, Cut(SPLIT, ("not", "test")), False),
        (Cut(SPLIT, ("not", "train")), Cut(SPLIT, ("not", "test")), False),
        (Cut("mask", True), Cut("mask", ("not", True)), True),
        (Cut("sample", True), Cut("sample", False), True),
    ],
)
def test_cuts_of_one_question_exclude_each_other(one: Cut, two: Cut, excluded: bool) -> None:
    assert one.excludes(two) is excluded
    assert two.excludes(one) is excluded
    assert ALL.cut(one, Cut("more", 1)).excludes(ALL.cut(two)) is excluded


def test_equal_cuts_of_two_sources_say_nothing() -> None:
    assert not ALL.cut(TRAIN).excludes(Rows(OTHER).cut(TEST))
    assert not ALL.cut(TRAIN).meets(Rows(OTHER).cut(TRAIN))


@pytest.mark.parametrize(
    ("one", "two", "excluded", "shared"),
    [
        ((None, 80), (80, None), True, False),
        ((None, 80), (70, None), False, True),
        ((0, 10), (20, 30), True, False),
        ((0, 20), (10, 30), False, True),
        ((None, -20), (-20, None), True, False),
        ((None, -20), (-30, None), False, True),
        ((None, 80), (-20, None), False, False),
        ((None, "n"), ("n", None), True, False),
        ((None, "n"), ("n", "m"), True, False),
        ((None, "n"), ("m", None), False, False),
        ((None, "n"), (None, "m"), False, True),
        (("n", None), ("m", None), False, True),
        (("n", "m"), ("n", "m"), False, True),
        (("n", "m"), ("m", "k"), True, False),
        ((None, None), ("n", "m"), False, True),
        ((None, 10), (20, "n"), True, False),
    ],
)
def test_ranges(one: tuple[Hashable, Hashable], two: tuple[Hashable, Hashable], excluded: bool, shared: bool) -> None:
    for a, b in ((one, two), (two, one)):
        assert Range(*a).excludes(Range(*b)) is excluded
        assert Range(*a).meets(Range(*b)) is shared
        assert sliced(*a).excludes(sliced(*b)) is excluded
        assert sliced(*a).meets(sliced(*b)) is shared


def slices() -> Iterator[slice]:
    for low, high in product([None, 0, 5, 10, 30, -30, -10, -5], [None, 5, 10, 30, -30, -10, -5]):
        if all(range(size)[low:high] for size in (100, 1000)):
            yield slice(low, high)


def test_what_is_said_of_ranges_is_true_of_lists() -> None:
    said = 0
    for one, two in product(slices(), repeat=2):
        a, b = Range(one.start, one.stop), Range(two.start, two.stop)
        for size in (100, 1000):
            shared = set(range(size)[one]) & set(range(size)[two])
            assert not (a.excludes(b) and shared), (a, b)
            assert not (a.meets(b) and not shared), (a, b)
        said += a.excludes(b) or a.meets(b)
    assert said > 500


def test_ranges_meet_only_where_nothing_else_chose() -> None:
    assert sliced(0, 20).meets(sliced(10, 30))
    assert not any(sliced(0, 20).meets(sliced(10, 30).cut(Cut(key, 1))) for key in range(20)), "in any order"
    assert not sliced(0, 20, "rows").meets(sliced(10, 30, "shuffled"))
    assert sliced(0, 20).cut(TRAIN).meets(sliced(10, 30).cut(TRAIN))


def test_what_holds_meets_and_two_unknown_choices_do_not() -> None:
    assert ALL.meets(ALL.cut(TRAIN))
    assert ALL.cut(TRAIN).meets(ALL)
    assert not ALL.cut(Cut("some")).meets(ALL.cut(Cut("others")))


def test_row_numbers_are_no_rows() -> None:
    numbers = Rows(Origin(POSITIONS))
    assert not numbers.meets(numbers)


def test_one_of_several_possibilities_meets_only_its_like() -> None:
    maybe = Cut((PERHAPS, "which"))
    assert ALL.cut(maybe).perhaps == {maybe}
    assert not ALL.cut(TRAIN).perhaps
    assert not ALL.meets(ALL.cut(maybe))
    assert ALL.cut(maybe).meets(ALL.cut(maybe, TRAIN))


def test_choices_that_exclude_each_other_leave_no_row() -> None:
    assert ALL.cut(TRAIN, TEST).none
    assert not ALL.cut(TRAIN, Cut(AGAIN, "test")).none


def test_a_random_draw_meets_what_was_chosen_row_by_row() -> None:
    draws = frozenset((TRAIN, TEST))
    women, measured = Cut(("equal", "sex"), "f"), Cut((FILTERED, 1))
    assert ALL.cut(TEST).drawn_among(ALL.cut(women, measured), draws)
    assert not ALL.cut(TEST).drawn_among(ALL.cut(women), frozenset()), "the parts are in order"
    assert not ALL.cut(TEST).drawn_among(ALL.cut(Cut("some")), draws), "nobody knows what was chosen"
    assert not ALL.cut(TEST).drawn_among(ALL.cut(TRAIN, women), draws)
    assert not ALL.cut(Cut(("equal", "sex"), "m"), TEST).drawn_among(ALL.cut(women), draws), "the others"
    assert not Rows(OTHER).cut(TEST).drawn_among(ALL.cut(women), draws)


def test_what_a_source_says_of_its_rows() -> None:
    assert ALL.cut(Cut(DECLARED, "test")).declared == "test"
    assert ALL.cut(Cut(DECLARED, "unsupervised")).declared is None
    assert ALL.cut(TEST).declared is None


# many sets


def test_some_meet_and_all_are_apart() -> None:
    train, test, other = ALL.cut(TRAIN), ALL.cut(TEST), Rows(OTHER)
    assert meet([other, train], [test, ALL.cut(TRAIN, Cut(AGAIN, 1))])
    assert not meet([other, train], [test])
    assert apart([other, train], iter([test]))
    assert not apart([train], [test, ALL])
    assert not apart([train], [ALL.cut(Cut(AGAIN, 1))]), "nobody knows"
    assert holds([test, ALL], iter([train]))
    assert not holds([test], [train])


def test_what_is_picked_from_a_stack_may_be_none_of_one_array() -> None:
    picked = Cut((PICKED, "stack"))
    some = [ALL.cut(picked, TRAIN), Rows(OTHER).cut(picked, TRAIN)]
    assert not holds([ALL], some)
    assert holds([ALL, Rows(OTHER)], some)
    assert not meet([ALL], some)
    assert meet([ALL, Rows(OTHER)], some)
    assert meet(some, [Rows(OTHER), ALL]), "either way"
    assert meet(some, some)


def test_strangers_have_nothing_in_common_for_sure() -> None:
    files = [Rows(Origin(("file", "pandas", name))) for name in ("train.csv", "test.csv")]
    unknown = Rows(Origin(("file", "pandas", ("path", 1, "x"))))
    assert strangers(files[:1], files[1:])
    assert not strangers(files, files[1:])
    assert not strangers(files[:1], [unknown]), "it may be the same file"
    assert not strangers([ALL], [Rows(OTHER)])
    assert strangers([ALL.cut(TRAIN)], [ALL.cut(TEST)])


# what a value knows


def trail(*cuts: Cut, origin: Origin = TABLE) -> Trail:
    return Trail(frozenset((Rows(origin, frozenset(cuts)),)))


def test_values_are_merged() -> None:
    one, two = trail(TRAIN).as_("mask"), trail(TEST).as_("mask").marked((mark(),))
    made = merged([one, None, two])
    assert made is not None
    assert made.rows == one.rows | two.rows
    assert made.found == two.found
    assert made.role == "mask"
    assert merged([]) is None
    assert merged([None, None]) is None
    assert merged([one, None, one]) is one


def test_a_merge_keeps_only_what_all_share() -> None:
    one, two = trail(TRAIN).column("a").as_("mask"), trail(TRAIN).as_("index")
    made = merged([one, two])
    assert made is not None
    assert (made.role, made.columns) == ("", None)
    figure = Trail(role="statistic", columns=None).marked((mark(),))
    kept = merged([one, figure])
    assert kept is not None
    assert (kept.role, kept.columns) == (one.role, one.columns), "a figure has no rows, so that it changes no role"
    assert kept.found == figure.found


def test_predictions_beside_labels_are_judged() -> None:
    fit = Train(place=SOMEWHERE, model=None, framework="")
    guess = Trail(trail(TEST).rows, learnt=frozenset((fit,)))
    made = merged([guess, trail(TEST)])
    assert made is not None
    assert made.judged
    assert made.learnt == {fit}
    same = merged([guess, Trail(trail(TRAIN).rows, learnt=frozenset((fit,)))])
    assert same is not None
    assert not same.judged


def test_more_rows_than_are_kept_are_not_forgotten_silently() -> None:
    few = merged(trail(Cut("n", number)) for number in range(MOST_ROWS))
    plain = [trail(Cut("n", number)) for number in range(MOST_ROWS - 1)]
    divided = [trail(TRAIN, Cut("n", number)) for number in range(2)]
    many = merged([*divided, *plain])
    assert few is not None
    assert many is not None
    assert few.known
    assert not many.known
    assert many.rows == frozenset().union(*(one.rows for one in plain)), "none of those that are cut alike is chosen"


def test_a_stack_knows_its_arrays_until_its_rows_are_others() -> None:
    one, two = trail(), trail(origin=OTHER)
    stack = Trail(one.rows | two.rows, stacked=(one.rows, two.rows))
    halves = stack.cut(TRAIN)
    assert halves.stacked == (trail(TRAIN).rows, trail(TRAIN, origin=OTHER).rows)
    assert all(rows.picked for rows in halves.picked().rows)
    assert not halves.picked().stacked
    assert one.picked() == one
    both = merged([stack, stack.column("x")])
    assert both is not None
    assert both.stacked == stack.stacked, "a column of it is as long"


def test_copies_of_training_rows_are_not_among_the_test_rows() -> None:
    more = Trail(frozenset((ALL, ALL.cut(TRAIN, Cut("large", True)))))
    assert more.cut(TEST).rows == {ALL.cut(TEST)}
    assert trail(TRAIN).cut(TEST).rows == {ALL.cut(TRAIN, TEST)}, "where nothing is left, the reading is in doubt"


def test_alternatives_may_be_either() -> None:
    made = alternatives([trail(TRAIN), trail(TEST)])
    assert made is not None
    assert all(rows.perhaps for rows in made.rows)
    assert not meet(made.rows, trail(TRAIN).rows)
    assert alternatives([trail(TRAIN), None]) == trail(TRAIN)


def test_columns() -> None:
    some = Columns().without(frozenset({"y"}))
    assert some.may_have("x")
    assert not some.may_have("y")
    only = some.chosen(frozenset({"x", "z"}))
    assert only.may_have("x")
    assert not only.may_have("y")
    assert not only.without(frozenset({"x"})).may_have("x")
    assert only.without(frozenset({"x"})).may_have("z")


def test_marks_stay_with_their_column() -> None:
    of_x, of_all = mark(), mark()
    table = trail().marked((of_x,), "x").marked((of_all,))
    assert table.column("x").found == {of_x, of_all}
    assert table.column("y").found == {of_all}
    assert table.columned(Columns(frozenset({"x"}))).found == {of_all}, "all but x"
    assert table.columned(None).found == {of_x, of_all}, "nobody knows which"


def test_a_computed_column_descends_from_others() -> None:
    table = Trail(trail().rows, computed=frozenset({("ratio", frozenset({"a", "b"}))}))
    assert table.column("ratio").parents == {"ratio", "a", "b"}
    assert table.column("a").parents == {"a"}
    assert table.column("ratio").columns == Columns(frozenset({"ratio"}), only=True)


def test_arrays_of_a_bundle_are_apart_from_each_other_and_from_it() -> None:
    bundle = Trail(trail(TRAIN).rows, bundle=True)
    x, y = bundle.member("x"), bundle.member("y")
    assert bundle.member("x") == x
    assert not x.bundle
    assert not meet(x.rows, y.rows)
    assert not meet(x.rows, bundle.rows)
    assert {cut for rows in x.rows for cut in rows.cuts} == {TRAIN}


def test_after_something_unknown_rows_may_be_fewer() -> None:
    made = trail(TRAIN).column("x").as_("mask").vague("call")
    assert holds(trail(TRAIN).rows, made.rows)
    assert not holds(made.rows, trail(TRAIN).rows)
    assert (made.columns, made.parents, made.role) == (None, frozenset(), "")
    assert trail().as_("element").vague("call").role == "element"


def test_what_is_left_after_one_choice() -> None:
    drawn = Cut("sample", True)
    rest = Cut("sample", ("not", True))
    assert complement(frozenset({drawn}), [ALL]) == rest
    assert complement(frozenset({TRAIN, drawn}), [ALL.cut(TRAIN)]) == rest, "what all have in common was no choice"
    assert complement(frozenset({TRAIN, drawn}), [ALL]) is None, "two choices"
    assert complement(frozenset({Cut("some")}), [ALL]) is None
    assert complement(frozenset({Cut("range", Range(0, 5))}), [ALL]) is None, "on both sides of it"
    assert rest.excludes(drawn)


def test_of_rows_of_which_one_is_meant_nobody_knows_that_some_are_held() -> None:
    either = Cut((PERHAPS, "which"))
    shown = [ALL.cut(either), Rows(OTHER).cut(either)]
    assert not holds([ALL], shown)
    assert holds([ALL, Rows(OTHER)], shown)
