"""Turns the fixes of a punch into the placement that the decision looks at."""

from collections.abc import Sequence

from backend.decision.placement import Placement
from backend.decision.policy import Signal, SitePolicy
from geofences.choice import Chosen, Fix, evaluate_fixes
from geofences.coordinates import CoordinateSystem
from geofences.datum_suspicion import suspect_datum
from geofences.evaluation import EvaluationPolicy, Fence


def evaluation_policy(policy: SitePolicy) -> EvaluationPolicy:
    """Return the part of a site's policy by which fences evaluate."""
    return EvaluationPolicy(
        count_probability=policy.counted_probability,
        refuse_probability=policy.refused_probability,
        accuracy_cap_m=policy.accuracy_cap_m,
        sigma_floor_m=policy.sigma_floor_m,
        sigma_inflation=policy.sigma_inflation,
    )


def place(
    fences: Sequence[Fence], fixes: Sequence[tuple[Fix, CoordinateSystem]], policy: SitePolicy
) -> tuple[Placement | None, Chosen | None]:
    """Choose the best fix and say where it lies; None without a fence or a fix.

    Only a fix that is refused as declared is looked at under other coordinate systems.
    """
    rules = evaluation_policy(policy)
    chosen = evaluate_fixes(fences, [fix for fix, _ in fixes], rules)
    if chosen is None:
        return None, None
    found = chosen.evaluation
    suspicion = None
    if found.side == "outside":
        suspicion = suspect_datum(fences, chosen.fix, fixes[chosen.index][1], rules)
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
        suspected_crs=None if suspicion is None else suspicion.suspected,
        suspected_shift_m=None if suspicion is None else suspicion.moved_m,
    )
    return placement, chosen


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
