"""Recorded punches judged many at once get the outcome that each would get alone, from place to ruling."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.decision.checkin import CheckInFacts, decide_check_in
from backend.decision.policy import SitePolicy
from backend.decision.reconsideration import recall
from geofences.construction import build_circle, build_corridor
from geofences.coordinates import coordinate_system as system_of
from geofences.coordinates import from_wgs84, to_wgs84
from geofences.evaluation import Fence
from geofences.placing import fix_signals, place, place_signals
from geofences.recorded_fixes import RecordedFix, join_fixes, read_private
from geofences.replay import OUTCOMES, RecordedPunches, Site, judge_recorded
from geofences.sections import SectionRange
from geofences.shapes import WidthRange
from geofences.standings import NO_SITUATION, Situation
from geofences.timeline import Period, Timeline, seconds
from geofences.work_faces import WorkFace
from tests.support.fences import EAST_M, NORTH_M, PLANE, metres, prepared

WIDTHS = [WidthRange(0.0, None, 15.0, 15.0)]
START = datetime(2026, 3, 2, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
POLICIES = {1: SitePolicy(accuracy_cap_m=30.0, counted_probability=0.7, review_signals=frozenset({"clock_off"}))}


def disc(number: int, x: float, y: float, radius_m: float) -> Fence:
    return prepared(build_circle(PLANE, (EAST_M + x, NORTH_M + y), radius_m), number)


FENCES = {UUID(int=1): disc(1, 0, 0, 100), UUID(int=2): disc(2, 120, 0, 80), UUID(int=3): disc(3, -300, 0, 60)}
PERIODS = [
    Period(
        fence_id=UUID(int=11),
        version_id=UUID(int=1),
        valid_from=START,
        valid_until=START + timedelta(days=2),
        opens_s=6 * 3600.0,
        closes_s=18 * 3600.0,
    ),
    Period(fence_id=UUID(int=11), version_id=UUID(int=2), valid_from=START + timedelta(days=2), valid_until=None),
    Period(fence_id=UUID(int=12), version_id=UUID(int=3), valid_from=None, valid_until=START + timedelta(days=3)),
]
FACTS = st.builds(
    CheckInFacts,
    site_mode=st.sampled_from(["gate", "phone", "either"]),
    project_building=st.booleans(),
    assignment_in_force=st.booleans(),
    phone_path_open=st.booleans(),
    has_fence=st.sampled_from([True]),
    placement=st.none(),
    no_fix_reason=st.none(),
    signals=st.frozensets(st.sampled_from(["clock_off", "shared_phone"])),
)


@st.composite
def fixes(draw: st.DrawFn) -> tuple[RecordedFix, ...]:
    found: list[RecordedFix] = []
    for _ in range(draw(st.integers(0, 4))):
        lonlat = to_wgs84(PLANE, EAST_M + draw(st.floats(-450, 350)), NORTH_M + draw(st.floats(-150, 150)))
        crs = draw(st.sampled_from(["wgs84", "gcj02", "EPSG:4547"]))
        x, y = from_wgs84(system_of(crs), *lonlat)
        found.append(
            RecordedFix(
                lon=float(x),
                lat=float(y),
                crs=crs,
                accuracy_m=draw(st.sampled_from([0.0, 4.0, 12.0, 45.0, 150.0])),
                platform=draw(st.sampled_from(["android", "ios", "web"])),
                age_s=draw(st.sampled_from([0.0, 30.0, 600.0])),
                mock=draw(st.booleans()),
            )
        )
    return tuple(found)


PUNCH = st.tuples(st.floats(-1, 100), fixes(), FACTS, st.sampled_from([0, 1]))


@settings(max_examples=80)
@given(punches=st.lists(PUNCH, max_size=12))
def test_many_get_the_outcome_that_each_gets_alone(
    punches: list[tuple[float, tuple[RecordedFix, ...], CheckInFacts, int]],
) -> None:
    site = Site(FENCES, POLICIES, ZONE)
    instants = [START + timedelta(hours=hours) for hours, *_ in punches]
    recorded = []
    for _, _, facts, version in punches:
        reasons = decide_check_in(facts, site.policy(version)).reasons
        found = recall(reason.code for reason in reasons)
        assert found is not None
        recorded.append(found)
    first, joined = join_fixes([taken for _, taken, *_ in punches])
    judged = judge_recorded(
        RecordedPunches(
            at=np.array([seconds(at) for at in instants]),
            first=first,
            count=np.array([len(taken) for _, taken, *_ in punches], dtype=np.intp),
            fixes=joined,
            policy_version=np.array([version for *_, version in punches], dtype=np.int64),
            beside=np.arange(len(punches)),
            findings=recorded,
            situation=np.zeros(len(punches), dtype=np.intp),
        ),
        Timeline(PERIODS),
        site,
    )
    for row, (_, taken, facts, version) in enumerate(punches):
        policy = site.policy(version)
        local = instants[row].astimezone(ZONE)
        open_now = [
            one.version_id
            for one in PERIODS
            if one.holds(instants[row]) and (one.opens_s is None or 6 <= local.hour < 18)
        ]
        placement, chosen = place(
            [FENCES[one] for one in open_now], [(fix.fix(), system_of(fix.crs)) for fix in taken], policy
        )
        alone = decide_check_in(
            CheckInFacts(
                site_mode=facts.site_mode,
                project_building=facts.project_building,
                assignment_in_force=facts.assignment_in_force,
                phone_path_open=facts.phone_path_open,
                has_fence=bool(open_now),
                placement=placement,
                no_fix_reason=None,
                signals=facts.signals | fix_signals(chosen, policy),
            ),
            policy,
        )
        assert OUTCOMES[judged.outcome[row]] == alone.outcome
        again = recorded[row].decide(
            placement, policy, has_fence=bool(open_now), fix_signals=fix_signals(chosen, policy)
        )
        assert (again.outcome, {one.code for one in again.reasons}) == (
            alone.outcome,
            {one.code for one in alone.reasons},
        )
        if placement is not None and len(taken) == 1:
            assert judged.signed_distance_m[row] == pytest.approx(placement.signed_distance_m, abs=1e-6)


CORRIDORS = {
    UUID(int=21): replace(
        prepared(build_corridor(PLANE, metres([(-900, 0), (900, 0), (900, 40), (-900, 40)]), WIDTHS), 21),
        fence_id=UUID(int=31),
        alignment_id=UUID(int=41),
    ),
    UUID(int=22): replace(
        prepared(build_corridor(PLANE, metres([(-900, 90), (900, 90)]), WIDTHS), 22), fence_id=UUID(int=32)
    ),
}
SITUATIONS = (
    NO_SITUATION,
    Situation((), (WorkFace(UUID(int=31), "甲", "K0+300", "K0+500"),)),
    Situation(
        (SectionRange(UUID(int=41), "K2+000", "K3+000"),),
        (WorkFace(UUID(int=31), "甲", "K0+300", "K0+500"), WorkFace(UUID(int=31), "乙", "K2+500", "K2+900")),
    ),
    Situation((SectionRange(None, 100.0, 900.0),), (WorkFace(UUID(int=32), "丙", "K0+600", "K0+700"),)),
)
REVIEWS = SitePolicy(review_signals=frozenset({"outside_work_face", "stale_fix"}))


@settings(max_examples=80)
@given(
    punches=st.lists(st.tuples(fixes(), st.integers(0, 3), st.sampled_from([0, 1])), min_size=1, max_size=8),
    ids=st.sampled_from([[UUID(int=21)], [UUID(int=22)], [UUID(int=21), UUID(int=22)]]),
)
def test_work_faces_and_sections_are_looked_at_as_a_check_in_does(
    punches: list[tuple[tuple[RecordedFix, ...], int, int]], ids: list[UUID]
) -> None:
    site = Site(CORRIDORS, {1: REVIEWS}, ZONE)
    facts = CheckInFacts(
        site_mode="phone",
        project_building=True,
        assignment_in_force=True,
        phone_path_open=False,
        has_fence=True,
        placement=None,
        no_fix_reason=None,
        signals=frozenset(),
    )
    found = recall(reason.code for reason in decide_check_in(facts, REVIEWS).reasons)
    assert found is not None
    first, joined = join_fixes([taken for taken, *_ in punches])
    periods = [Period(fence_id=one, version_id=one, valid_from=None, valid_until=None) for one in ids]
    judged = judge_recorded(
        RecordedPunches(
            at=np.full(len(punches), seconds(START)),
            first=first,
            count=np.array([len(taken) for taken, *_ in punches], dtype=np.intp),
            fixes=joined,
            policy_version=np.array([version for *_, version in punches], dtype=np.int64),
            beside=np.zeros(len(punches), dtype=np.intp),
            findings=[found],
            situation=np.array([situation for _, situation, _ in punches], dtype=np.intp),
            situations=SITUATIONS,
        ),
        Timeline(periods),
        site,
    )
    for row, (taken, number, version) in enumerate(punches):
        policy, situation = site.policy(version), SITUATIONS[number]
        given_fixes = [(fix.fix(), system_of(fix.crs)) for fix in taken]
        placement, chosen = place(
            [CORRIDORS[one] for one in ids], given_fixes, policy, situation.within, situation.faces
        )
        signals = fix_signals(chosen, policy) | place_signals(placement)
        alone = decide_check_in(replace(facts, placement=placement, signals=frozenset(signals)), policy)
        assert OUTCOMES[judged.outcome[row]] == alone.outcome


def test_reasons_of_others_are_not_those_of_a_check_in() -> None:
    assert recall([]) is None
    assert recall(["decision.gate_passed"]) is None
    assert recall(["decision.inside_fence", "decision.not_known_yet"]) is None
    assert recall(["decision.clock_off"]) is None


def test_of_a_private_row_only_the_fixes_are_read() -> None:
    row = b'{"fixes":[{"accuracy_m":8,"age_s":1,"crs":"wgs84","lat":30.6,"lon":114,"mock":false,"platform":"ios",'
    row += b'"provider":"gps"}],"person":"\xe5\xbc\xa0\xe4\xb8\x89"}'
    (fix,) = read_private(row)
    assert (fix.lon, fix.lat, fix.accuracy_m, fix.platform) == (114.0, 30.6, 8.0, "ios")
    assert read_private(b"{}") == ()
