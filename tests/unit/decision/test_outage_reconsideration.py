"""A check-in decided anew since its site's gates turned out to have been down."""

from dataclasses import replace
from typing import get_args
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from backend.decision.checkin import CheckInFacts, PhonePath, decide_check_in
from backend.decision.outage_reconsideration import reconsider_with_path
from backend.decision.placement import Placement
from backend.decision.policy import DEFAULT_POLICY, Signal, SitePolicy

PATH = PhonePath(UUID(int=7), "北门")

facts = st.builds(
    CheckInFacts,
    site_mode=st.just("gate"),
    project_building=st.booleans(),
    assignment_in_force=st.booleans(),
    phone_path_open=st.sampled_from([False]),
    has_fence=st.booleans(),
    placement=st.none()
    | st.builds(
        Placement,
        fence_version_id=st.just(UUID(int=1)),
        covered=st.booleans(),
        probability=st.floats(0, 1),
        signed_distance_m=st.floats(-5000, 5000),
        accuracy_m=st.floats(0, 500),
        sigma_m=st.floats(5, 500),
        bearing_deg=st.none() | st.floats(0, 360),
        suspected_crs=st.none() | st.just("gcj02"),
    ),
    no_fix_reason=st.none() | st.just("timeout"),
    signals=st.frozensets(st.sampled_from(get_args(Signal))),
)
policies = st.builds(
    SitePolicy,
    off_mode=st.sampled_from(["review", "refused"]),
    review_signals=st.frozensets(st.sampled_from(get_args(Signal))),
)


@given(facts=facts, policy=policies)
def test_it_is_ruled_as_it_would_have_been_with_the_path_open(facts: CheckInFacts, policy: SitePolicy) -> None:
    before = decide_check_in(facts, policy)
    stored = msgspec.json.decode(msgspec.json.encode([reason.wire() for reason in before.reasons]))
    after = decide_check_in(replace(facts, phone_path_open=True, phone_path=PATH), policy)
    assert reconsider_with_path(stored, PATH, policy) == after
    # Once ruled with the path open there is nothing to reconsider.
    assert reconsider_with_path([reason.wire() for reason in after.reasons], PATH, policy) is None


def test_the_reason_names_the_path() -> None:
    assert PATH.reason().wire() == {
        "code": "decision.outage_path",
        "path_id": "00000000-0000-0000-0000-000000000007",
        "entrance": "北门",
    }


def test_reasons_that_are_not_those_of_a_check_in_stay() -> None:
    strange = [{"code": "decision.gate_site"}, {"code": "decision.weather"}]
    assert reconsider_with_path(strange, PATH, DEFAULT_POLICY) is None
    assert reconsider_with_path([], PATH, DEFAULT_POLICY) is None
    assert reconsider_with_path([{"code": "decision.outside_fence"}], PATH, DEFAULT_POLICY) is None
