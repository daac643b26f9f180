"""Turns the fixes of a punch into the placement that the decision looks at."""

from collections.abc import Sequence

from backend.decision.placement import Placement
from backend.decision.policy import Signal, SitePolicy
from geofences.choice import Chosen, Fix, evaluate_fixes
from geofences.coordinates import CoordinateSystem
from geofences.datum_suspicion import suspect_datum
from geofences.evaluation import EvaluationPolicy, Fence
from geofences.sections import SectionRange
from geofences.work_faces import WorkFace, missed_face


def evaluation_policy(policy: SitePolicy) -> EvaluationPolicy:
    """Return the part of a site's policy by which fences evaluate."""
    return EvaluationPolicy(
        count_probability=policy.counted_probability,
        refuse_probability=policy.refused_probability,
        accuracy_cap_m=policy.accuracy_cap_m,
        sigma_floor_m=policy.sigma_floor_m,
        sigma_inflation=policy.sigma_inflation,
        counted_tail=policy.counted_tail,
        far_m=policy.far_m,
        far_probability=policy.far_probability,
    )


def place(
    fences: Sequence[Fence],
    fixes: Sequence[tuple[Fix, CoordinateSystem]],
    policy: SitePolicy,
    within: Sequence[SectionRange] = (),
    faces: Sequence[WorkFace] = (),
) -> tuple[Placement | None, Chosen | None]:
    """Choose the best fix and say where it lies; None without a fence or a fix.

    `within` are the ranges of the person's sections, in which his chainage is looked for first; `faces` the work faces
    that are active on the day. Only a fix that is refused as declared is looked at under other coordinate systems.
    """
    rules = evaluation_policy(policy)
    chosen = evaluate_fixes(fences, [fix for fix, _ in fixes], rules, within)
    if chosen is None:
        return None, None
    found = chosen.evaluation
    suspicion = None
    if found.side == "outside":
        suspicion = suspect_datum(fences, chosen.fix, fixes[chosen.index][1], rules)
    own = next(fence for fence in fences if fence.version_ids[0] == found.version_ids[0])
    missed = missed_face(own, found, chosen.fix.lon, chosen.fix.lat, faces) if faces else None
    placement = Placement(
        fence_version_id=found.version_ids[0],
        covered=found.covered,
        probability=found.probability,
        signed_distance_m=found.signed_distance_m,
        accuracy_m=chosen.fix.accuracy_m,
        sigma_m=found.sigma_m,
        bearing_deg=None if found.covered else found.bearing_deg,
        chainage_m=found.chainage_m,
        offset_m=found.offset_m,
        chainage=_label(own, found.chainage_m),
        face=None if missed is None else missed.face.range,
        face_distance_m=None if missed is None else missed.distance_m,
        suspected_crs=None if suspicion is None else suspicion.suspected,
        suspected_shift_m=None if suspicion is None else suspicion.moved_m,
    )
    return placement, chosen


def _label(fence: Fence, chainage_m: float | None) -> str | None:
    return None if fence.stationing is None or chainage_m is None else fence.stationing.speak(chainage_m, 0)


def place_signals(placement: Placement | None) -> set[Signal]:
    """Return what is odd about the place: the corridor has active work faces, and this is none of them."""
    return set() if placement is None or placement.face is None else {"outside_work_face"}


def fix_signals(chosen: Chosen | None, policy: SitePolicy) -> set[Signal]:
    """Return what is odd about the chosen fix: simulated, old, or of an accuracy that no receiver reports."""
    if chosen is None:
        return set()
    signals: set[Signal] = set()
    if chosen.fix.mock:
        signals.add("mock_location")
    if chosen.fix.age_s > policy.max_fix_age_s:
        signals.add("stale_fix")
    if chosen.fix.accuracy_m == 0:
        signals.add("accuracy_implausible")
    return signals
