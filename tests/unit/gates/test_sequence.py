"""Which sequence numbers arrived, and which one is awaited."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from backend.gates.sequence import MAX_RANGES, Ranges, next_expected, note_seqs


def test_nothing_arrived_awaits_the_first() -> None:
    assert next_expected(()) == 1


def test_an_unbroken_run_awaits_the_one_after_it() -> None:
    assert next_expected(note_seqs((), [1, 2, 3])) == 4


def test_a_gap_is_awaited_until_it_is_filled() -> None:
    seen = note_seqs((), [1, 2, 5, 6])
    assert next_expected(seen) == 3
    seen = note_seqs(seen, [4])
    assert next_expected(seen) == 3
    seen = note_seqs(seen, [3])
    assert (next_expected(seen), seen) == (7, ((1, 7),))


def test_live_events_before_the_backlog_are_remembered() -> None:
    seen = note_seqs((), range(1, 100))
    seen = note_seqs(seen, range(500, 511))
    assert next_expected(seen) == 100
    seen = note_seqs(seen, range(100, 500))
    assert next_expected(seen) == 511


def test_a_device_may_begin_anywhere() -> None:
    seen = note_seqs((), [1000, 1001])
    assert next_expected(seen) == 1002
    assert next_expected(note_seqs(seen, [998, 999])) == 1002


def test_repetitions_change_nothing() -> None:
    seen = note_seqs((), range(1, 50))
    assert note_seqs(seen, []) == seen


def test_a_new_event_under_a_known_number_restarts_the_count() -> None:
    seen = note_seqs((), range(1, 5001))
    seen = note_seqs(seen, [1, 2, 3])
    assert (next_expected(seen), seen) == (4, ((1, 4),))
    assert next_expected(note_seqs(seen, range(4, 20))) == 20


def test_the_batch_in_which_the_counter_restarts() -> None:
    seen = note_seqs((), range(1, 5000))
    assert next_expected(note_seqs(seen, [5000, 5001, 1, 2])) == 3


def test_items_without_an_event_leave_no_gap_and_restart_nothing() -> None:
    seen = note_seqs((), [1, 3], settled=[2])
    assert next_expected(seen) == 4
    assert next_expected(note_seqs(seen, [4], settled=[1])) == 5


def test_more_gaps_than_a_row_holds_give_up_the_lowest() -> None:
    seen: Ranges = ()
    for number in range(1, 3 * MAX_RANGES, 2):
        seen = note_seqs(seen, [number])
    assert len(seen) == MAX_RANGES
    assert next_expected(seen) > 2


@given(st.lists(st.lists(st.integers(1, 200), max_size=20), max_size=20))
def test_ranges_stay_sorted_apart_and_true(batches: list[list[int]]) -> None:
    seen: Ranges = ()
    for batch in batches:
        seen = note_seqs(seen, batch)
        assert all(begin < end for begin, end in seen)
        assert all(one[1] < following[0] for one, following in pairwise(seen))
        assert all(any(begin <= number < end for begin, end in seen) for number in batch)


@given(st.permutations(range(1, 60)))
def test_any_order_of_arrival_ends_with_the_same_number(numbers: list[int]) -> None:
    seen: Ranges = ()
    for number in numbers:
        seen = note_seqs(seen, [number])
    assert seen == ((1, 60),)
