from itertools import pairwise
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from backend.evidence.references.model import LIVE, State, Step, state_after, state_of

steps = st.lists(st.sampled_from(get_args(Step)), max_size=12)


def test_a_dispute_is_upheld_or_ends_the_photos() -> None:
    assert state_of([]) == "awaiting"
    assert state_of(["approved"]) == "approved"
    assert state_of(["approved", "renewal_wanted"]) == "approved"
    assert state_of(["approved", "disputed"]) == "disputed"
    assert state_of(["approved", "disputed", "upheld", "disputed", "rejected", "deleted"]) == "deleted"


@given(steps)
def test_what_has_ended_is_never_used_again(taken: list[Step]) -> None:
    states: list[State] = [state_of(taken[:n]) for n in range(len(taken) + 1)]
    for before, after in pairwise(states):
        assert before in LIVE or after not in LIVE


@given(steps, st.sampled_from(get_args(Step)))
def test_a_step_that_may_not_follow_changes_nothing(taken: list[Step], step: Step) -> None:
    state = state_of(taken)
    assert state_of([*taken, step]) == (state_after(state, step) or state)
