"""What a proof of presence is worth for a punch: first whose it is, then its time, then what it shows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.evidence.ways.model import LIFE, SLACK, Claim, Finding, Proof, ProofOutcome, ProofTrust, Way, judge_proof

AT = datetime(2026, 3, 16, 1, 30, tzinfo=UTC)
PROJECT, PERSON, PHONE = UUID(int=1), UUID(int=2), UUID(int=3)
PROOF = Proof(
    project_id=PROJECT,
    person_id=PERSON,
    phone_id=PHONE,
    way="passkey",
    outcome="passed",
    trust="online",
    made_at=AT,
    expires_at=AT + LIFE,
    used=False,
)
CLAIM = Claim(project_id=PROJECT, person_id=PERSON, phone_id=PHONE, earliest=AT, latest=AT)

proofs = st.builds(
    Proof,
    project_id=st.sampled_from([PROJECT, UUID(int=11)]),
    person_id=st.sampled_from([PERSON, UUID(int=12)]),
    phone_id=st.sampled_from([PHONE, UUID(int=13)]),
    way=st.sampled_from(get_args(Way)),
    outcome=st.sampled_from(get_args(ProofOutcome)),
    trust=st.sampled_from(get_args(ProofTrust)),
    made_at=st.just(AT),
    expires_at=st.just(AT + LIFE),
    used=st.booleans(),
)
claims = st.timedeltas(-LIFE * 2, LIFE * 2).flatmap(
    lambda early: st.timedeltas(timedelta(0), LIFE).map(
        lambda width: replace(CLAIM, earliest=AT + early, latest=AT + early + width)
    )
)


@pytest.mark.parametrize(
    ("proof", "claim", "found"),
    [
        (PROOF, CLAIM, "proven"),
        (replace(PROOF, trust="offline"), CLAIM, "proven_offline"),
        (replace(PROOF, outcome="review"), CLAIM, "in_doubt"),
        (replace(PROOF, outcome="failed"), CLAIM, "failed"),
        (replace(PROOF, outcome="not_evaluated"), CLAIM, "not_evaluated"),
        (None, CLAIM, "unknown"),
        (replace(PROOF, project_id=UUID(int=9)), CLAIM, "wrong_project"),
        (replace(PROOF, person_id=UUID(int=9)), CLAIM, "wrong_person"),
        (replace(PROOF, phone_id=UUID(int=9)), CLAIM, "wrong_phone"),
        (PROOF, replace(CLAIM, phone_id=None), "wrong_phone"),
        (replace(PROOF, used=True), CLAIM, "used"),
        (PROOF, replace(CLAIM, earliest=AT + LIFE, latest=AT + LIFE), "proven"),
        (PROOF, replace(CLAIM, earliest=AT + LIFE * 1.001, latest=AT + LIFE * 2), "expired"),
        # Without network an instant is known within bounds: what may have been in time was.
        (PROOF, replace(CLAIM, earliest=AT + LIFE, latest=AT + LIFE * 9), "proven"),
        (PROOF, replace(CLAIM, earliest=AT - LIFE, latest=AT - SLACK), "proven"),
        (PROOF, replace(CLAIM, earliest=AT - LIFE, latest=AT - SLACK * 1.001), "expired"),
        # Another's proof says nothing about this person, not even that it failed.
        (replace(PROOF, person_id=UUID(int=9), outcome="failed", used=True), CLAIM, "wrong_person"),
    ],
)
def test_each_fault_has_its_name(proof: Proof | None, claim: Claim, found: Finding) -> None:
    assert judge_proof(proof, claim) == found


@given(proof=proofs, claim=claims)
def test_nothing_speaks_for_a_punch_but_its_own_unused_timely_passed_proof(proof: Proof, claim: Claim) -> None:
    own = (proof.project_id, proof.person_id, proof.phone_id) == (claim.project_id, claim.person_id, claim.phone_id)
    timely = claim.earliest <= proof.expires_at and claim.latest >= proof.made_at - SLACK
    fine = own and timely and not proof.used and proof.outcome == "passed"
    assert (judge_proof(proof, claim) in {"proven", "proven_offline"}) == fine


@given(proof=proofs, claim=claims)
def test_the_way_does_not_matter(proof: Proof, claim: Claim) -> None:
    found = {judge_proof(replace(proof, way=way), claim) for way in get_args(Way)}
    assert len(found) == 1
