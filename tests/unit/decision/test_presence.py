"""What showing presence means by the site's policy: never better than without, and kept when a punch is ruled anew."""

from collections.abc import Iterable
from dataclasses import replace
from typing import get_args
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.decision.afterwards import UNCONFIRMED, reconsider
from backend.decision.checkin import SEVERITY, CheckInFacts, PhonePath, decide_check_in
from backend.decision.outage_reconsideration import reconsider_with_path
from backend.decision.placement import Placement
from backend.decision.policy import DEFAULT_POLICY, SitePolicy
from backend.decision.presence import PresencePolicy, presence_code, presence_outcome
from backend.decision.reconsideration import recall
from backend.decision.ruling import OFFLINE, Ruling
from backend.evidence.ways.model import Finding

PLACE = Placement(
    fence_version_id=UUID(int=1),
    covered=True,
    probability=0.99,
    signed_distance_m=12.4,
    accuracy_m=8.0,
    sigma_m=5.3,
)
FACTS = CheckInFacts(
    site_mode="either",
    project_building=True,
    assignment_in_force=True,
    phone_path_open=False,
    has_fence=True,
    placement=PLACE,
    no_fix_reason=None,
    signals=frozenset(),
)
PATH = PhonePath(UUID(int=7), "北门")
FINDINGS = get_args(Finding)
findings = st.sampled_from(FINDINGS)
policies = st.sampled_from(get_args(PresencePolicy)).map(lambda presence: SitePolicy(presence=presence))
FOREIGN = ["wrong_person", "wrong_phone", "used"]


def codes(ruling: Ruling) -> Iterable[str]:
    return [reason.code for reason in ruling.reasons]


@pytest.mark.parametrize(
    ("policy", "finding", "online", "offline"),
    [
        ("not_required", "missing", None, None),
        ("not_required", "failed", "counted", "counted"),
        ("not_required", "expired", "counted", "counted"),
        ("not_required", "wrong_project", "counted", "counted"),
        *[("not_required", finding, "review", "review") for finding in FOREIGN],
        ("review_without", "missing", "review", "review"),
        ("review_without", "failed", "review", "review"),
        ("review_without", "not_evaluated", "review", "review"),
        *[("review_without", finding, "review", "review") for finding in FOREIGN],
        ("required", "missing", "refused", "review"),
        ("required", "unknown", "refused", "review"),
        ("required", "expired", "refused", "review"),
        ("required", "failed", "refused", "refused"),
        ("required", "wrong_project", "refused", "refused"),
        *[("required", finding, "refused", "refused") for finding in FOREIGN],
        # What nobody could look at is neither passed nor held against the person.
        ("required", "not_evaluated", "review", "review"),
        ("required", "in_doubt", "review", "review"),
        *[(policy, "proven", "counted", "counted") for policy in get_args(PresencePolicy)],
        *[(policy, "proven_offline", "counted", "counted") for policy in get_args(PresencePolicy)],
    ],
)
def test_each_finding_by_each_policy(
    policy: PresencePolicy, finding: Finding, online: str | None, offline: str | None
) -> None:
    assert presence_outcome(finding, policy, offline=False) == online
    assert presence_outcome(finding, policy, offline=True) == offline


@pytest.mark.parametrize("finding", FINDINGS)
def test_the_reason_is_told_whatever_the_policy_makes_of_it(finding: Finding) -> None:
    for policy in (DEFAULT_POLICY, SitePolicy(presence="review_without"), SitePolicy(presence="required")):
        ruling = decide_check_in(replace(FACTS, presence=finding), policy)
        asked = finding != "missing" or policy.presence != "not_required"
        assert (presence_code(finding) in codes(ruling)) == asked


@given(finding=findings, policy=policies)
def test_only_what_is_proven_counts_where_it_is_asked_for(finding: Finding, policy: SitePolicy) -> None:
    outcome = decide_check_in(replace(FACTS, presence=finding), policy).outcome
    if policy.presence != "not_required":
        assert (outcome == "counted") == (finding in {"proven", "proven_offline"})


@given(finding=findings, policy=policies, covered=st.booleans())
def test_a_proof_never_makes_up_for_the_place(finding: Finding, policy: SitePolicy, *, covered: bool) -> None:
    place = PLACE if covered else replace(PLACE, covered=False, probability=0.0, signed_distance_m=-800.0)
    without = decide_check_in(replace(FACTS, placement=place), policy)
    assert (
        SEVERITY[decide_check_in(replace(FACTS, placement=place, presence=finding), policy).outcome]
        >= (SEVERITY[without.outcome])
    )


@given(finding=findings, policy=policies, offline=st.booleans())
def test_it_is_remembered_when_the_punch_is_ruled_anew(finding: Finding, policy: SitePolicy, *, offline: bool) -> None:
    noted = frozenset({OFFLINE} if offline else ())
    facts = replace(FACTS, presence=finding, noted=noted)
    ruling = decide_check_in(facts, policy)
    recalled = recall(codes(ruling))
    assert recalled is not None
    assert recalled.decide(PLACE, policy, has_fence=True, fix_signals=()) == ruling

    held = decide_check_in(replace(facts, noted=noted | UNCONFIRMED), policy)
    confirmed = reconsider([reason.wire() for reason in held.reasons], policy, without=UNCONFIRMED)
    assert confirmed is not None
    assert (confirmed.outcome, set(codes(confirmed))) == (ruling.outcome, set(codes(ruling)))

    gate = decide_check_in(replace(facts, site_mode="gate"), policy)
    stored = msgspec.json.decode(msgspec.json.encode([reason.wire() for reason in gate.reasons]))
    opened = decide_check_in(replace(facts, site_mode="gate", phone_path_open=True, phone_path=PATH), policy)
    assert reconsider_with_path(stored, PATH, policy) == opened
