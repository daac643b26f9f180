from dataclasses import replace
from itertools import product
from typing import get_args
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.decision.checkin import SEVERITY, CheckInFacts, decide_check_in
from backend.decision.placement import Placement
from backend.decision.policy import DEFAULT_POLICY, Signal, SitePolicy
from backend.decision.reconsideration import recall
from backend.decision.ruling import AWAITED, DOUBTS, REASONS, REMARKS, Reason, Ruling, compass
from backend.evidence.ways.model import Finding

SIGNALS = get_args(Signal)
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
    signals=frozenset[Signal](),
)
AWAY = replace(PLACE, covered=False, probability=0.01, signed_distance_m=-812.3, bearing_deg=91.0)


def codes(ruling: Ruling) -> list[str]:
    return [reason.code for reason in ruling.reasons]


def placed(**changes: object) -> CheckInFacts:
    return replace(FACTS, placement=replace(PLACE, **changes))  # pyright: ignore[reportArgumentType] - fields by name


@pytest.mark.parametrize(
    ("facts", "outcome", "code"),
    [
        (FACTS, "counted", "decision.inside_fence"),
        (placed(accuracy_m=100.0, probability=0.4), "counted", "decision.inside_fence"),
        (placed(accuracy_m=100.1, probability=0.5), "counted", "decision.probably_inside"),
        (placed(covered=False, probability=0.5), "counted", "decision.probably_inside"),
        (placed(accuracy_m=100.1, probability=0.49), "review", "decision.uncertain_position"),
        (placed(covered=False, signed_distance_m=-2.7, probability=0.4), "counted", "decision.within_error"),
        (placed(covered=False, signed_distance_m=-2.8, probability=0.4), "review", "decision.uncertain_position"),
        (placed(covered=False, signed_distance_m=-9.0, probability=0.05), "review", "decision.uncertain_position"),
        (
            # At this accuracy somebody 100 m outside could be meant.
            placed(covered=False, signed_distance_m=-9.0, accuracy_m=35.0, sigma_m=30.0, probability=0.3),
            "review",
            "decision.uncertain_position",
        ),
        (replace(FACTS, placement=replace(AWAY, probability=0.0499)), "refused", "decision.outside_fence"),
        (placed(accuracy_m=5000.0, probability=0.001), "refused", "decision.position_vague"),
        (
            placed(covered=False, accuracy_m=900.0, signed_distance_m=-800.0, probability=0.01),
            "refused",
            "decision.position_vague",
        ),
        (
            placed(covered=False, accuracy_m=700.0, signed_distance_m=-800.0, probability=0.01),
            "refused",
            "decision.outside_fence",
        ),
        (replace(FACTS, placement=replace(AWAY, suspected_crs="gcj02")), "refused", "decision.datum_suspected"),
        (replace(FACTS, placement=None, no_fix_reason="denied"), "review", "decision.no_fix"),
        (replace(FACTS, placement=None, has_fence=False), "review", "decision.no_fence"),
        (replace(FACTS, site_mode="gate"), "review", "decision.gate_site"),
        (replace(FACTS, site_mode="gate", phone_path_open=True), "counted", "decision.outage_path"),
        (replace(FACTS, assignment_in_force=False), "review", "decision.assignment_not_in_force"),
        (replace(FACTS, project_building=False), "review", "decision.project_not_building"),
        (replace(FACTS, signals=frozenset({"mock_location"})), "review", "decision.mock_location"),
        (replace(FACTS, signals=frozenset({"stale_fix"})), "review", "decision.stale_fix"),
        (replace(FACTS, signals=frozenset({"clock_off"})), "counted", "decision.clock_off"),
        (replace(FACTS, signals=frozenset({"shared_phone"})), "counted", "decision.shared_phone"),
        (replace(FACTS, signals=frozenset({"accuracy_implausible"})), "counted", "decision.accuracy_implausible"),
    ],
)
def test_each_fact_has_its_reason(facts: CheckInFacts, outcome: str, code: str) -> None:
    ruling = decide_check_in(facts, DEFAULT_POLICY)
    assert ruling.outcome == outcome
    assert code in codes(ruling)


def test_the_worst_comes_first_and_nothing_is_hidden() -> None:
    facts = replace(
        FACTS,
        site_mode="gate",
        assignment_in_force=False,
        placement=AWAY,
        signals=frozenset({"clock_off", "mock_location"}),
    )
    ruling = decide_check_in(facts, DEFAULT_POLICY)
    assert ruling.outcome == "refused"
    assert codes(ruling) == [
        "decision.outside_fence",
        "decision.gate_site",
        "decision.assignment_not_in_force",
        "decision.mock_location",
        "decision.clock_off",
    ]


def test_a_policy_moves_each_threshold() -> None:
    strict = SitePolicy(
        counted_probability=0.9,
        refused_probability=0.4,
        accuracy_cap_m=20.0,
        counted_tail=0.5,
        review_signals=frozenset({"shared_phone"}),
        off_mode="refused",
    )
    assert decide_check_in(placed(accuracy_m=21.0, probability=0.89), strict).outcome == "review"
    outside = placed(covered=False, signed_distance_m=-1.0, probability=0.41)
    assert decide_check_in(outside, DEFAULT_POLICY).outcome == "counted"
    assert decide_check_in(outside, strict).outcome == "review"
    assert decide_check_in(replace(FACTS, placement=replace(AWAY, probability=0.39)), strict).outcome == "refused"
    lenient = SitePolicy(counted_tail=0.01, far_m=2_500.0)
    assert decide_check_in(replace(FACTS, placement=replace(AWAY, sigma_m=400.0)), lenient).outcome == "counted"
    capped = SitePolicy(counted_tail=0.01, far_m=2_500.0, accuracy_cap_m=7.0)
    assert decide_check_in(replace(FACTS, placement=replace(AWAY, sigma_m=400.0)), capped).outcome == "refused"
    assert decide_check_in(replace(FACTS, signals=frozenset({"shared_phone"})), strict).outcome == "review"
    assert decide_check_in(replace(FACTS, signals=frozenset({"mock_location"})), strict).outcome == "counted"
    assert decide_check_in(replace(FACTS, site_mode="gate"), strict).outcome == "refused"


@pytest.mark.parametrize("site_mode", ["phone", "either"])
def test_only_a_gate_site_asks_about_its_gates(site_mode: str) -> None:
    facts = replace(FACTS, site_mode=site_mode, phone_path_open=True)  # pyright: ignore[reportArgumentType] - fields by name
    assert codes(decide_check_in(facts, DEFAULT_POLICY)) == ["decision.inside_fence"]


@given(
    facts=st.builds(
        CheckInFacts,
        site_mode=st.sampled_from(["gate", "phone", "either"]),
        project_building=st.booleans(),
        assignment_in_force=st.booleans(),
        phone_path_open=st.booleans(),
        has_fence=st.booleans(),
        placement=st.none()
        | st.builds(
            Placement,
            fence_version_id=st.just(UUID(int=1)),
            covered=st.booleans(),
            probability=st.floats(0, 1),
            signed_distance_m=st.floats(-1e7, 1e7),
            accuracy_m=st.floats(0, 1e6),
            sigma_m=st.floats(5, 1e6),
            bearing_deg=st.none() | st.floats(0, 360),
            chainage_m=st.none() | st.floats(-1e6, 1e6),
            offset_m=st.none() | st.floats(-1e6, 1e6),
            suspected_crs=st.none() | st.just("gcj02"),
            suspected_shift_m=st.none() | st.floats(0, 2000),
        ),
        no_fix_reason=st.none() | st.just("timeout"),
        signals=st.frozensets(st.sampled_from(SIGNALS)),
    )
)
def test_a_ruling_is_as_bad_as_its_first_reason_and_can_be_stored(facts: CheckInFacts) -> None:
    ruling = decide_check_in(facts, DEFAULT_POLICY)
    assert ruling.reasons
    assert len(set(codes(ruling))) == len(ruling.reasons)
    # What is added never makes it better: without signals it is at most as bad.
    calm = decide_check_in(replace(facts, signals=frozenset[Signal]()), DEFAULT_POLICY)
    assert SEVERITY[ruling.outcome] >= SEVERITY[calm.outcome]
    assert {f"decision.{signal}" for signal in facts.signals} <= set(codes(ruling))
    assert msgspec.json.decode(msgspec.json.encode([reason.wire() for reason in ruling.reasons]))


def test_every_reason_of_a_check_in_can_be_reached() -> None:
    """A reason that nothing can lead to is a sentence nobody maintains."""
    places = [
        None,
        PLACE,
        replace(PLACE, accuracy_m=500.0),
        replace(AWAY, probability=0.2),
        replace(AWAY, signed_distance_m=-1.0, probability=0.4),
        AWAY,
        replace(AWAY, accuracy_m=900.0),
        replace(AWAY, suspected_crs="bd09"),
    ]
    reached = {
        code
        for place, fence, mode, is_open, finding in product(
            places, (True, False), ("gate", "phone"), (True, False), get_args(Finding)
        )
        for code in codes(
            decide_check_in(
                CheckInFacts(
                    site_mode=mode,  # pyright: ignore[reportArgumentType] - fields by name
                    project_building=False,
                    assignment_in_force=False,
                    phone_path_open=is_open,
                    has_fence=fence,
                    placement=place,
                    no_fix_reason=None,
                    signals=frozenset(SIGNALS),
                    noted=DOUBTS | AWAITED | REMARKS,
                    presence=finding,
                ),
                SitePolicy(presence="required"),
            )
        )
    }
    of_gates = {code for code in REASONS if code.startswith("decision.gate_p")} | {
        "decision.gate_refused",
        "decision.gate_unclear",
        "decision.person_unknown",
        "decision.time_quarantined",
        "decision.time_redated",
    }
    assert reached == set(REASONS) - of_gates


def test_what_is_outstanding_is_waited_for_unless_it_could_change_nothing() -> None:
    facts = replace(FACTS, noted=AWAITED)
    assert decide_check_in(facts, DEFAULT_POLICY).outcome == "pending"
    doubtful = decide_check_in(replace(facts, noted=AWAITED | {"decision.chain_broken"}), DEFAULT_POLICY)
    assert (doubtful.outcome, set(codes(doubtful)) >= AWAITED) == ("review", True)
    off_mode = decide_check_in(replace(facts, site_mode="gate"), SitePolicy(off_mode="refused"))
    assert (off_mode.outcome, AWAITED & set(codes(off_mode))) == ("refused", set())


@pytest.mark.parametrize("code", sorted(DOUBTS | REMARKS))
def test_doubts_go_to_review_whatever_the_policy_and_remarks_never_do(code: str) -> None:
    facts = replace(FACTS, noted=frozenset({code}))
    ruling = decide_check_in(facts, SitePolicy(review_signals=frozenset()))
    assert ruling.outcome == ("review" if code in DOUBTS else "counted")
    recalled = recall(codes(ruling))
    assert recalled is not None
    assert recalled.decide(PLACE, DEFAULT_POLICY, has_fence=True, fix_signals=()) == ruling


def test_a_reason_without_a_sentence_cannot_be_given() -> None:
    with pytest.raises(ValueError, match="unknown reason"):
        Reason("decision.weather")


def test_distances_are_told_in_whole_metres_and_directions_in_eight_points() -> None:
    (reason, *_) = decide_check_in(replace(FACTS, placement=AWAY), DEFAULT_POLICY).reasons
    assert reason.wire() == {
        "code": "decision.outside_fence",
        "distance_m": 812,
        "accuracy_m": 8,
        "percent": 1,
        "direction": "E",
    }
    points = {0: "N", 22.4: "N", 22.6: "NE", 180: "S", 337.4: "NW", 337.6: "N", 360: "N", -90: "W"}
    assert {bearing: compass(bearing) for bearing in points} == points


@pytest.mark.parametrize(
    "body",
    [
        {"refused_probability": 0.5},
        {"refused_probability": 0.6, "counted_probability": 0.55},
        {"counted_probability": 1.01},
        {"accuracy_cap_m": 0.0},
        {"sigma_inflation": 0.9},
        {"max_fix_age_s": 0},
        {"refused_per_hour": 0},
        {"review_signals": ["weather"]},
        {"off_mode": "counted"},
        {"tolerance_m": 20},
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(body, SitePolicy)
