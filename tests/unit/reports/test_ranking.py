from hypothesis import given
from hypothesis import strategies as st

from backend.reports.bulletins.ranking import named_places, ranks, rate_of

RATES = st.dictionaries(st.integers(0, 40), st.none() | st.integers(0, 10_000), max_size=20)


def test_nothing_due_is_no_rate() -> None:
    assert rate_of(0, 0) is None


def test_rounding_makes_no_full_hundred_and_no_zero() -> None:
    assert rate_of(99_999, 100_000) == 9999
    assert rate_of(1, 100_000) == 1
    assert rate_of(100_000, 100_000) == 10_000
    assert rate_of(0, 5) == 0


def test_half_is_rounded_up() -> None:
    assert rate_of(85_705, 1_000_000) == 857
    assert rate_of(85_750, 1_000_000) == 858


@given(st.integers(1, 10**9).flatmap(lambda due: st.tuples(st.integers(0, due), st.just(due))))
def test_a_rate_is_near_the_fraction(pair: tuple[int, int]) -> None:
    valid, due = pair
    rate = rate_of(valid, due)
    assert rate is not None
    assert abs(rate * due - valid * 10_000) <= due
    assert (rate == 10_000) == (valid == due)
    assert (rate == 0) == (valid == 0)


def test_equal_rates_share_a_place() -> None:
    assert ranks({"a": 9000, "b": 9500, "c": 9000, "d": None, "e": 8000}) == {"a": 2, "b": 1, "c": 2, "d": None, "e": 4}


@given(RATES)
def test_a_place_is_one_more_than_those_who_are_better(rates: dict[int, int | None]) -> None:
    for key, place in ranks(rates).items():
        mine = rates[key]
        if mine is None:
            assert place is None
        else:
            assert place == 1 + sum(rate is not None and rate > mine for rate in rates.values())


def test_three_at_each_end() -> None:
    places = {name: place for place, name in enumerate("abcdefgh", 1)}
    assert named_places(places) == (["a", "b", "c"], ["h", "g", "f"])


def test_few_are_not_named_twice() -> None:
    assert named_places({"a": 1, "b": 2, "c": 3}) == (["a"], ["c"])
    assert named_places({"a": 1}) == ([], [])
    assert named_places({"a": 1, "b": None}) == ([], [])


def test_all_of_a_tie_are_named_unless_it_is_half_of_all() -> None:
    assert named_places({"a": 1, "b": 2, "c": 3, "d": 3, "e": 5, "f": 6, "g": 7, "h": 8, "i": 9})[0] == list("abcd")
    assert named_places({"a": 1, "b": 1, "c": 1, "d": 1}) == ([], [])
    assert named_places({"a": 1, "b": 1, "c": 1, "d": 4}) == ([], [])


@given(RATES)
def test_nobody_is_at_both_ends(rates: dict[int, int | None]) -> None:
    places = ranks(rates)
    top, bottom = named_places(places)
    assert not set(top) & set(bottom)
    for best in top:
        for worst in bottom:
            assert (places[best] or 0) < (places[worst] or 0)
    for named in (top, bottom):
        assert all(places[key] is not None for key in named)
        chosen = {places[key] for key in named}
        assert {key for key, place in places.items() if place in chosen} == set(named)
