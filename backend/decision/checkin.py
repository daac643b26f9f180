"""Decides a phone's check-in: facts in, ruling out; the same function on line and in an offline sync."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from backend.decision.nearness import reach_m
from backend.decision.placement import Placement
from backend.decision.policy import Signal, SitePolicy
from backend.decision.presence import presence_code, presence_outcome
from backend.decision.ruling import AWAITED, DOUBTS, OFFLINE, Argument, Outcome, Reason, Ruling, compass
from backend.evidence.ways.model import Finding

SiteMode = Literal["gate", "phone", "either"]
SEVERITY: dict[Outcome, int] = {"counted": 0, "pending": 1, "review": 2, "refused": 3}
PLACE_OUTCOMES: Final[dict[str, Outcome]] = {
    "decision.inside_fence": "counted",
    "decision.probably_inside": "counted",
    "decision.within_error": "counted",
    "decision.uncertain_position": "review",
    "decision.no_fix": "review",
    "decision.no_fence": "review",
    "decision.outside_fence": "refused",
    "decision.datum_suspected": "refused",
    "decision.position_vague": "refused",
}
"""What each finding about the place means by itself."""


@dataclass(frozen=True, slots=True)
class PhonePath:
    """An outage that opens a site of gates to phones: none of the gates of `entrance` works."""

    path_id: UUID
    entrance: str

    def reason(self) -> Reason:
        """Return the reason that names it."""
        return Reason("decision.outage_path", {"path_id": str(self.path_id), "entrance": self.entrance})


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInFacts:
    """All that the decision may look at.

    `placement` is None without a usable fix or without a fence in force (`has_fence` tells which). `phone_path_open`
    says that an outage of the site's gates is confirmed at the instant of the punch, `phone_path` names it.
    """

    site_mode: SiteMode
    project_building: bool
    assignment_in_force: bool
    phone_path_open: bool
    has_fence: bool
    placement: Placement | None
    no_fix_reason: str | None
    signals: frozenset[Signal]
    phone_path: PhonePath | None = None
    # Codes out of DOUBTS, AWAITED and REMARKS.
    noted: frozenset[str] = frozenset()
    # What the proof of presence is worth that the punch names, or that it names none; None where nobody looked.
    presence: Finding | None = None


def decide_check_in(facts: CheckInFacts, policy: SitePolicy) -> Ruling:
    """Rule on a check-in: the worst of what place, site mode, assignment and signals say, with every reason.

    What is refused waits for nothing.
    """
    findings: list[tuple[Outcome, Reason]] = [
        _judge_place(facts, policy),
        *_judge_standing(facts, policy),
        *_judge_signals(facts, policy),
        *_judge_presence(facts, policy),
        *((noted_outcome(code), Reason(code)) for code in sorted(facts.noted)),
    ]
    ruling = worst_of(findings)
    if ruling.outcome == "refused":
        return Ruling("refused", tuple(reason for reason in ruling.reasons if reason.code not in AWAITED))
    return ruling


def noted_outcome(code: str) -> Outcome:
    """Return what a code out of DOUBTS, AWAITED or REMARKS means by itself; no site's policy changes that."""
    if code in AWAITED:
        return "pending"
    return "review" if code in DOUBTS else "counted"


def worst_of(findings: Sequence[tuple[Outcome, Reason]]) -> Ruling:
    """Return the ruling of at least one finding: the worst outcome, and every reason."""
    # The reasons for the worst come first: that is what the person has to act upon.
    ordered = sorted(findings, key=lambda finding: -SEVERITY[finding[0]])
    return Ruling(ordered[0][0], tuple(reason for _, reason in ordered))


def _judge_place(facts: CheckInFacts, policy: SitePolicy) -> tuple[Outcome, Reason]:
    reason = _place_reason(facts, policy)
    return PLACE_OUTCOMES[reason.code], reason


def _place_reason(facts: CheckInFacts, policy: SitePolicy) -> Reason:  # noqa: PLR0911 - one return per rule reads best
    place = facts.placement
    if not facts.has_fence:
        return Reason("decision.no_fence")
    if place is None:
        return Reason("decision.no_fix", {"cause": facts.no_fix_reason or "none"})
    args = _place_args(place)
    good_enough = place.accuracy_m <= policy.accuracy_cap_m
    if place.covered and good_enough:
        return Reason("decision.inside_fence", args)
    if place.probability >= policy.counted_probability:
        return Reason("decision.probably_inside", args)
    if not place.covered and good_enough and _within_error(place, policy):
        return Reason("decision.within_error", args)
    if place.probability >= policy.refused_probability:
        return Reason("decision.uncertain_position", args)
    if place.covered:
        return Reason("decision.position_vague", args)
    if place.suspected_crs is not None:
        suspicion: dict[str, Argument] = {
            "suspected_crs": place.suspected_crs,
            "shift_m": None if place.suspected_shift_m is None else round(place.suspected_shift_m),
        }
        return Reason("decision.datum_suspected", {**args, **suspicion})
    if place.accuracy_m >= abs(place.signed_distance_m):
        # Nobody can tell that he is outside, let alone in which direction to walk.
        return Reason("decision.position_vague", args)
    return Reason("decision.outside_fence", args)


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
            named = Reason("decision.outage_path") if facts.phone_path is None else facts.phone_path.reason()
            findings.append(("counted", named))
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
            signal_outcome(signal, policy),
            Reason(f"decision.{signal}", _signal_args(facts, signal)),
        )
        for signal in sorted(facts.signals)
    ]


def _judge_presence(facts: CheckInFacts, policy: SitePolicy) -> list[tuple[Outcome, Reason]]:
    if facts.presence is None:
        return []
    outcome = presence_outcome(facts.presence, policy.presence, offline=OFFLINE in facts.noted)
    return [] if outcome is None else [(outcome, Reason(presence_code(facts.presence)))]


def signal_outcome(signal: Signal, policy: SitePolicy) -> Outcome:
    """Return what a signal means by itself."""
    return "review" if signal in policy.review_signals else "counted"


def _signal_args(facts: CheckInFacts, signal: Signal) -> dict[str, Argument]:
    place = facts.placement
    if signal != "outside_work_face" or place is None or place.face_distance_m is None:
        return {}
    return {"face": place.face, "face_distance_m": round(place.face_distance_m)}
