from collections.abc import Sequence
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.attendance.requests.course import ENDINGS, Step, first_state, leads_anywhere, next_state
from backend.attendance.requests.kinds import OPEN, RequestKind, State

KINDS, STATES, STEPS = get_args(RequestKind), get_args(State), get_args(Step)


@pytest.mark.parametrize(
    ("kind", "deputy", "steps", "end"),
    [
        ("make_up", False, ["endorsed", "approved"], "approved"),
        ("make_up", False, ["rejected"], "rejected"),
        ("make_up", False, ["endorsed", "rejected", "overturned"], "approved"),
        ("appeal", False, ["escalated", "escalated", "approved"], "approved"),
        ("leave", True, ["deputy_confirmed", "approved"], "approved"),
        ("leave", True, ["deputy_declined"], "rejected"),
        ("leave", False, ["withdrawn"], "withdrawn"),
        ("leave", False, ["approved", "shortened", "shortened"], "approved"),
        ("leave", False, ["approved", "shortened", "cancelled"], "withdrawn"),
    ],
)
def test_the_ways_that_requests_go(kind: RequestKind, *, deputy: bool, steps: Sequence[Step], end: State) -> None:
    state: State | None = first_state(kind, deputy=deputy)
    for step in steps:
        assert state is not None
        state = next_state(kind, state, step)
    assert state == end


def test_a_make_up_is_never_approved_by_one_step() -> None:
    assert next_state("make_up", first_state("make_up", deputy=False), "approved") is None


@given(kind=st.sampled_from(KINDS), deputy=st.booleans(), steps=st.lists(st.sampled_from(STEPS), max_size=8))
def test_whatever_is_tried_a_request_is_withdrawn_only_while_it_is_open(
    kind: RequestKind, *, deputy: bool, steps: list[Step]
) -> None:
    state = first_state(kind, deputy=deputy)
    for step in steps:
        then = next_state(kind, state, step)
        if step == "withdrawn":
            assert (then == "withdrawn") == (state in OPEN)
        if then is None:
            continue
        assert state in OPEN or step == "overturned" or (kind == "leave" and step in ENDINGS)
        state = then
    assert leads_anywhere(state) == (state in OPEN)


@pytest.mark.parametrize("kind", ["make_up", "appeal"])
@pytest.mark.parametrize("step", ["shortened", "cancelled"])
def test_only_leave_ends_early(kind: RequestKind, step: Step) -> None:
    assert all(next_state(kind, state, step) is None for state in STATES)


@pytest.mark.parametrize("kind", ["make_up", "leave"])
def test_only_appeals_go_one_office_up(kind: RequestKind) -> None:
    assert all(next_state(kind, state, "escalated") is None for state in STATES)
