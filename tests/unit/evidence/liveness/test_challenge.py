import itertools
import secrets
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from backend.evidence.liveness.challenge import (
    DRAWN,
    FRAMES,
    MOST,
    MOST_WITHIN,
    MOVES,
    draw_steps,
    is_fit,
    wait_for_challenge,
)

NOW = datetime(2026, 3, 16, 1, 30, tzinfo=UTC)


@given(st.integers())
def test_each_challenge_has_both_turns_and_no_move_twice_in_a_row(seed: int) -> None:
    steps = draw_steps(Random(seed).choice)
    assert steps[0] == "neutral"
    assert len(steps) == FRAMES
    assert is_fit(steps[1:])


def test_there_are_128_sequences_and_each_is_as_likely() -> None:
    fit = [moves for moves in itertools.product(MOVES, repeat=DRAWN) if is_fit(moves)]
    assert len(fit) == 128
    drawn = Counter(draw_steps(secrets.choice)[1:] for _ in range(12_800))
    # 100 are expected of each: 40 or fewer happens to one of 128 once in more than 10^7 runs.
    assert set(drawn) == set(fit)
    assert min(drawn.values()) > 40


@given(st.lists(st.integers(0, 1_200), max_size=30))
def test_whoever_waits_as_long_as_he_was_told_may_ask_again(ages: list[int]) -> None:
    recent = [NOW - timedelta(seconds=age) for age in ages]
    wait = wait_for_challenge(recent, NOW)
    within = [at for at in recent if at > NOW - MOST_WITHIN]
    assert (wait is None) == (len(within) < MOST)
    if wait is not None:
        assert timedelta(0) < wait <= MOST_WITHIN
        assert wait_for_challenge(recent, NOW + wait) is None
