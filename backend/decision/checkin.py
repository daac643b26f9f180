"""Decides a phone's check-in: facts in, ruling out; the same function on line and in an offline sync."""

from dataclasses import dataclass
from typing import Literal

from backend.decision.nearness import reach_m
from backend.decision.placement import Placement
from backend.decision.policy import Signal, SitePolicy
from backend.decision.ruling import Argument, Outcome, Reason, Ruling, compass

SiteMode = Literal["gate", "phone", "either"]
SEVERITY: dict[Outcome, int] = {"counted": 0, "pending": 1, "review": 2, "refused": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInFacts:
    """All that the decision may look at.

    `placement` is None without a usable fix or without a fence in force (`has_fence` tells which). `phone_path_open`
    says that an outage of the site's gates is confirmed at the instant of the punch.
    """

    site_mode: SiteMode
    project_building: bool
    assignment_in_force: bool
    phone_path_open: bool
    has_fence: bool
    placement: Placement | None
    no_fix_reason: str | None
    signals: frozenset[Signal]


def decide_check_in(facts: CheckInFacts, policy: SitePolicy) -> Ruling:
    """Rule on a check-in: the worst of what place, site mode, assignment and signals say, with every reason."""
    findings = [
        _judge_place(facts, policy),
        *_judge_standing(facts, policy),
        *_judge_signals(facts, policy),
    ]
    # The reasons for the worst come first: that is what the person has to act upon.
    ordered = sorted(findings, key=lambda finding: -SEVERITY[finding[0]])
    return Ruling(ordered[0][0], tuple(reason for _, reason in ordered))


def _judge_place(  # noqa: PLR0911 - one return per rule reads best
    facts: CheckInFacts, policy: SitePolicy
) -> tuple[Outcome, Reason]:
    place = facts.placement
    if not facts.has_fence:
        return "review", Reason("decision.no_fence")
    if place is None:
        return "review", Reason("decision.no_fix", {"cause": facts.no_fix_reason or "none"})
    args = _place_args(place)
    good_enough = place.accuracy_m <= policy.accuracy_cap_m
    if place.covered and good_enough:
        return "counted", Reason("decision.inside_fence", args)
    if place.probability >= policy.counted_probability:
        return "counted", Reason("decision.probably_inside", args)
    if not place.covered and good_enough and _within_error(place, policy):
        return "counted", Reason("decision.within_error", args)
    if place.probability >= policy.refused_probability:
        return "review", Reason("decision.uncertain_position", args)
    if place.covered:
        return "refused", Reason("decision.position_vague", args)
    if place.suspected_crs is not None:
        suspicion: dict[str, Argument] = {
            "suspected_crs": place.suspected_crs,
            "shift_m": None if place.suspected_shift_m is None else round(place.suspected_shift_m),
        }
        return "refused", Reason("decision.datum_suspected", {**args, **suspicion})
    if place.accuracy_m >= abs(place.signed_distance_m):
        # Nobody can tell that he is outside, let alone in which direction to walk.
        return "refused", Reason("decision.position_vague", args)
    return "refused", Reason("decision.outside_fence", args)


def _within_error(place: Placement, policy: SitePolicy) -> bool:
    reach = reach_m(
        place.sigma_m,
        counted_tail=policy.counted_tail,
        far_m=policy.far_m,
        far_probability=policy.far_probability,
    )
    return -place.signed_distance_m <= reach


def _place_args(place: Placement) -> dict[str, Argument]:
    args: dict[str, Argument] = {
        "distance_m": round(abs(place.signed_distance_m)),
        "accuracy_m": round(place.accuracy_m),
        "percent": round(place.probability * 100),
    }
    if place.bearing_deg is not None:
        args["direction"] = compass(place.bearing_deg)
    if place.chainage_m is not None:
        args["chainage_m"] = round(place.chainage_m, 1)
    if place.chainage is not None:
        args["chainage"] = place.chainage
    if place.offset_m is not None:
        args["offset_m"] = round(place.offset_m, 1)
    return args


def _judge_standing(facts: CheckInFacts, policy: SitePolicy) -> list[tuple[Outcome, Reason]]:
    findings: list[tuple[Outcome, Reason]] = []
    if facts.site_mode == "gate":
        if facts.phone_path_open:
            findings.append(("counted", Reason("decision.outage_path")))
        else:
            findings.append((policy.off_mode, Reason("decision.gate_site")))
    if not facts.assignment_in_force:
        findings.append(("review", Reason("decision.assignment_not_in_force")))
    if not facts.project_building:
        findings.append(("review", Reason("decision.project_not_building")))
    return findings


def _judge_signals(facts: CheckInFacts, policy: SitePolicy) -> list[tuple[Outcome, Reason]]:
    # A signal that the policy does not send to review is still told: what was noticed is never hidden.
    return [
        (
            "review" if signal in policy.review_signals else "counted",
            Reason(f"decision.{signal}", _signal_args(facts, signal)),
        )
        for signal in sorted(facts.signals)
    ]


def _signal_args(facts: CheckInFacts, signal: Signal) -> dict[str, Argument]:
    place = facts.placement
    if signal != "outside_work_face" or place is None or place.face_distance_m is None:
        return {}
    return {"face": place.face, "face_distance_m": round(place.face_distance_m)}
