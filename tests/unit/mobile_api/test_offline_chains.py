"""A chain tells what is missing, what stands twice and what does not fit, in whatever order its items come in."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from backend.decision.occurrence import Before, Reading
from mobile_api.offline.chains import LEAP, Chain, Link, missing, with_counters
from mobile_api.offline.records import read_ranges, spell_ranges

CLOCKS = Before(Reading(0, 0, "b"), 0)
COUNTERS = st.sets(st.integers(1, 60), max_size=40)


def digest(counter: int) -> str:
    return f"d{counter}" if counter else "key"


def take(chain: Chain, counter: int, **changes: str) -> tuple[tuple[str, ...], bool, bool]:
    prev, own = changes.get("prev", digest(counter - 1)), changes.get("digest", digest(counter))
    linked = chain.examine(counter, prev, own)
    if not linked.repeated:
        chain.add(Link(counter, prev, own, CLOCKS))
    return linked.doubts, linked.gap, linked.repeated


@given(st.permutations(range(1, 9)))
def test_an_honest_chain_has_no_doubts_in_any_order(order: list[int]) -> None:
    chain = Chain("key", ())
    for place, counter in enumerate(order):
        doubts, gap, repeated = take(chain, counter)
        assert (doubts, repeated) == ((), False)
        assert gap == (counter > 1 and counter - 1 not in order[:place])
    assert missing(chain.seen) == []
    assert take(chain, 3) == ((), False, True)


@given(st.permutations(range(1, 7)), st.integers(2, 6))
def test_a_broken_link_is_found_in_any_order(order: list[int], broken: int) -> None:
    chain = Chain("key", ())
    found = [counter for counter in order if take(chain, counter, **({"prev": "x"} if counter == broken else {}))[0]]
    # Whichever of the two comes later is the one that does not fit.
    assert found == [max((broken - 1, broken), key=order.index)]


def test_a_counter_that_stands_twice() -> None:
    chain = Chain("key", ())
    take(chain, 1)
    assert take(chain, 1, digest="other") == (("counter_reused",), False, False)
    # Whoever goes on from either of the two goes on rightly.
    assert take(chain, 2, prev="other") == ((), False, False)


def test_what_cannot_be_the_first_or_comes_from_nowhere() -> None:
    chain = Chain("key", ((1, 4),))
    assert [chain.is_truncated(1, "key"), chain.is_truncated(5, "d4")] == [False, False]
    assert [chain.is_truncated(5, "key"), chain.is_truncated(1, "d4")] == [True, True]
    assert [chain.leaps(3 + LEAP), chain.leaps(4 + LEAP), chain.leaps(1_000_000)] == [False, True, True]


@given(COUNTERS, COUNTERS)
def test_ranges_hold_what_came_in(first: set[int], second: set[int]) -> None:
    seen = with_counters(with_counters((), first), second)
    held = {counter for begin, end in seen for counter in range(begin, end)}
    assert held == first | second
    assert all(one[1] < other[0] for one, other in pairwise(seen))
    gaps = {counter for begin, end in missing(seen) for counter in range(begin, end + 1)}
    assert gaps == set(range(1, max(held, default=0))) - held
    assert read_ranges(spell_ranges(seen)) == seen
