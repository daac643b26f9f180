from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from backend.sites.model import Span, Stay, held_spans, most_at_once, overlaps, vacancies

FIRST = date(2026, 3, 1)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def stay(number: int, begin: int, end: int | None, *, person: int | None = None, confirmed: bool = True) -> Stay:
    return Stay(
        UUID(int=number),
        UUID(int=1000 + (number if person is None else person)),
        day(begin),
        None if end is None else day(end),
        confirmed,
    )


def span(begin: int, end: int | None, *numbers: int) -> Span:
    return Span(day(begin), None if end is None else day(end), tuple(UUID(int=number) for number in numbers))


def test_a_post_without_assignments_is_one_long_vacancy() -> None:
    assert vacancies([], 1, day(0)) == [span(0, None)]
    assert overlaps([], 1, day(0)) == []


def test_a_gap_between_two_holders_is_a_vacancy() -> None:
    assert vacancies([stay(1, 0, 4), stay(2, 8, None)], 1, day(0)) == [span(5, 7)]


def test_ranges_are_inclusive_so_successors_on_the_next_day_leave_no_gap() -> None:
    assert vacancies([stay(1, 0, 4), stay(2, 5, None)], 1, day(0)) == []
    assert overlaps([stay(1, 0, 4), stay(2, 4, None)], 1, day(0)) == [span(4, 4, 1, 2)]


def test_the_filed_holder_keeps_the_duty_until_his_exit_is_confirmed() -> None:
    unconfirmed = [stay(1, 0, 4, confirmed=False), stay(2, 5, None)]
    assert overlaps(unconfirmed, 1, day(0)) == [span(5, None, 1, 2)]
    assert vacancies([stay(1, 0, 4, confirmed=False)], 1, day(0)) == []


def test_more_seats_take_more_people() -> None:
    stays = [stay(1, 0, None), stay(2, 3, 6)]
    assert overlaps(stays, 2, day(0)) == []
    assert vacancies(stays, 2, day(0)) == [span(0, 2, 1), span(7, None, 1)]


def test_one_person_filed_twice_fills_one_seat() -> None:
    assert overlaps([stay(1, 0, None, person=7), stay(2, 3, None, person=7)], 1, day(0)) == []


def test_only_the_days_asked_for_are_reported() -> None:
    assert vacancies([stay(1, 5, 10)], 1, day(4), day(12)) == [span(4, 4), span(11, 12)]
    assert vacancies([stay(1, 0, 20)], 1, day(4), day(12)) == []


def test_the_last_day_there_is_does_not_overflow() -> None:
    forever = Stay(UUID(int=1), UUID(int=2), FIRST, date.max, exit_confirmed=True)
    assert vacancies([forever], 1, FIRST) == []


STAYS = st.lists(
    st.builds(
        lambda number, begin, length, person, confirmed: stay(
            number, begin, None if length is None else begin + length, person=person, confirmed=confirmed
        ),
        st.integers(1, 500),
        st.integers(-5, 25),
        st.none() | st.integers(0, 15),
        st.integers(1, 4),
        st.booleans(),
    ),
    max_size=7,
    unique_by=lambda made: made.assignment_id,
)


@given(stays=STAYS, length=st.integers(0, 25), seats=st.integers(1, 3))
def test_each_day_is_in_one_span_with_as_many_holders_as_counting_finds(
    stays: list[Stay], length: int, seats: int
) -> None:
    until = day(length)
    spans = held_spans(stays, day(0), until)
    for number in range(length + 1):
        found = [item for item in spans if item.to_on is not None and item.from_on <= day(number) <= item.to_on]
        assert len(found) == 1
        assert found[0].holders == len({item.person_id for item in stays if item.on_duty(day(number))})
    assert spans[0].from_on == day(0)
    assert spans[-1].to_on == until
    over, under = overlaps(stays, seats, day(0), until), vacancies(stays, seats, day(0), until)
    assert {*over, *under} == {item for item in spans if item.holders != seats}


@given(stays=STAYS)
def test_without_an_end_the_last_span_is_open(stays: list[Stay]) -> None:
    assert held_spans(stays, day(0))[-1].to_on is None


@given(ranges=st.lists(st.tuples(st.integers(0, 20), st.none() | st.integers(0, 10)), max_size=8))
def test_the_busiest_day_is_that_which_counting_finds(ranges: list[tuple[int, int | None]]) -> None:
    given_ranges = [(day(begin), None if length is None else day(begin + length)) for begin, length in ranges]
    counted = [
        sum(begin <= day(number) and (end is None or day(number) <= end) for begin, end in given_ranges)
        for number in range(40)
    ]
    assert most_at_once(given_ranges) == max(counted, default=0)
