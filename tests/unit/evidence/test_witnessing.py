"""What a witness's word is worth, and which pairs are remarkable."""

from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.evidence.ways.model import ProofOutcome
from backend.evidence.ways.witnessing import OFTEN, Place, Statement, find_collusion, judge_statement

A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)
people = st.sampled_from([A, B, C])
statements = st.lists(
    st.builds(Statement, people, people).filter(lambda one: one.person_id != one.witness_id), max_size=60
)
places = st.sampled_from(get_args(Place))


@pytest.mark.parametrize(
    ("asker", "witness", "outcome"),
    [
        ("counted", "counted", "passed"),
        ("counted", "review", "review"),
        ("review", "counted", "review"),
        ("counted", "refused", "failed"),
        ("refused", "counted", "failed"),
        ("review", "refused", "failed"),
    ],
)
def test_both_have_to_be_there(asker: Place, witness: Place, outcome: ProofOutcome) -> None:
    assert judge_statement(asker, witness) == outcome


@given(asker=places, witness=places)
def test_it_passes_only_where_both_fixes_count(asker: Place, witness: Place) -> None:
    assert (judge_statement(asker, witness) == "passed") == (asker == witness == "counted")
    assert judge_statement(asker, witness) == judge_statement(witness, asker)


def test_a_pair_that_witnesses_in_turn_is_told() -> None:
    lately = [Statement(A, B)] * OFTEN + [Statement(B, A)] * OFTEN
    (found,) = find_collusion(A, B, lately)
    assert (found.kind, found.by_this_witness, found.in_return) == ("witnesses_in_turn", OFTEN, OFTEN)
    assert find_collusion(A, B, lately[1:]) == []


def test_somebody_whom_one_person_alone_ever_sees_is_told() -> None:
    lately = [Statement(A, B)] * 10 + [Statement(A, C)] * 2
    (found,) = find_collusion(A, B, lately)
    assert (found.kind, found.statements, found.by_this_witness) == ("one_witness_only", 12, 10)
    assert find_collusion(A, B, [*lately, Statement(A, C)]) == []
    assert find_collusion(A, C, lately) == []


@given(lately=statements)
def test_few_statements_say_nothing(lately: list[Statement]) -> None:
    few = [one for one in lately if {one.person_id, one.witness_id} == {A, B}][: OFTEN - 1]
    rest = [one for one in lately if {one.person_id, one.witness_id} != {A, B}]
    assert find_collusion(A, B, few + rest) == []
